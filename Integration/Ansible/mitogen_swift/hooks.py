"""Where we enter ansible-core. Nothing in it is replaced but here and, by the loaders of plugins, in `loaders`.

Two tiers, so that a new ansible-core never means a broken run. The *connection tier* needs one thing: that the
loader of connection plugins gives out our class in place of vanilla's. The *module tier* replaces methods of
`ActionBase`. What they rely on is checked, by name and signature, before anything is replaced.

Every replacement asks first whether the connection is ours, and otherwise calls what was there before.
"""

import functools
import inspect
import json
import os
from contextlib import nullcontext

import ansible
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.executor import interpreter_discovery, module_common
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader, become_loader, get_shell_plugin, module_loader
from ansible.release import __version__
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.display import Display

from . import connection as connections
from . import isolation, jobs, kinds, modules, routes, synchronize, together, trees, workers
from .loaders import Loaders
from .router import RouterUnavailable
from .session import Session

display = Display()

OLDEST, NEWEST = (2, 16), (2, 21)

#: Loaded before the first fork, so that no worker reads their documentation again.
PRELOADED_CONNECTIONS = ('ssh', 'local')
PRELOADED_ACTIONS = ('command', 'copy', 'gather_facts', 'normal', 'template')
PRELOADED_MODULES = ('command', 'copy', 'file', 'setup', 'shell', 'slurp', 'stat')

_SIGNATURES = {
    '_compute_environment_string': ['raw_environment_out'],
    '_configure_module': ['module_name', 'module_args', 'task_vars'],
    '_fixup_perms2': ['remote_paths', 'remote_user', 'execute'],
    '_is_become_unprivileged': [],
    '_is_pipelining_enabled': ['module_style', 'wrap_async'],
    '_low_level_execute_command': ['cmd', 'sudoable', 'in_data', 'executable', 'encoding_errors', 'chdir'],
    '_make_tmp_path': ['remote_user'],
    '_remote_expand_user': ['path', 'sudoable', 'pathsep'],
    '_remove_tmp_path': ['tmp_path', 'force'],
    '_should_remove_tmp_path': ['tmp_path'],
    '_transfer_data': ['remote_path', 'data'],
    '_transfer_file': ['local_path', 'remote_path'],
}
#: What the newest series adds.
_SIGNATURES_2_21 = {'_low_level_execute_command': _SIGNATURES['_low_level_execute_command'] + ['process_result']}


class Facade(object):
    """ansible-core's functions as `modules` calls them, whatever the series calls them."""

    def __init__(self, version):
        self.series = version
        self.version = __version__
        self.directory = os.path.dirname(os.path.realpath(ansible.__file__))
        self.by_distribution = version < (2, 19)
        #: How async_wrapper writes what is or is not so.
        self.no_and_yes = [0, 1] if version < (2, 19) else [False, True]
        self.new_style = module_common.NEW_STYLE_PYTHON_MODULE_RE
        self.isolated = isolation.configured()
        self.discover_interpreter = interpreter_discovery.discover_interpreter
        if version < (2, 19):
            from ansible.module_utils.common.json import AnsibleJSONEncoder
            self._encoding = {'cls': AnsibleJSONEncoder, 'vault_to_text': True}
        else:
            from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
            self._encoding = {'cls': get_module_encoder('legacy', Direction.CONTROLLER_TO_MODULE)}
            # ansible-core imports what reads results when the first result comes: in each worker.
            get_module_decoder('legacy', Direction.MODULE_TO_CONTROLLER)

    def encode_arguments(self, arguments, form):
        """As a runner's plan asks for them."""
        if form == 'words':
            return kinds.as_words(arguments)
        if form == 'ansible':
            arguments = {'ANSIBLE_MODULE_ARGS': arguments}
        return json.dumps(arguments, **self._encoding).encode('utf-8')

    def task_context(self, worker):
        """What a worker enters before its task."""
        if self.series < (2, 19):
            return nullcontext()
        from ansible._internal import _task
        if hasattr(_task.TaskContext, 'create'):
            return _task.TaskContext.create(task=worker._task, task_vars=worker._task_vars, host_name=worker._host.name)
        return _task.TaskContext(worker._task)

    def waits_for_modules_only(self, action_class):
        """Whether it is an action of Ansible's own of which that is known; None is the one for modules without."""
        if action_class is None:
            return True
        folder, name = os.path.split(getattr(action_class, '_original_path', ''))
        return folder == os.path.join(self.directory, 'plugins', 'action') and os.path.splitext(name)[0] in workers.ACTIONS

    def collection_paths(self):
        return [to_text(path) for path in AnsibleCollectionConfig.collection_paths]

    def configured(self, token, path):
        """What `_configure_module` returns for a module whose source stays here. Whatever its kind, it is called new:
        for all others ansible-core transfers files."""
        shebang = modules.shebang(token.plan)
        if self.series < (2, 19):
            return 'new', shebang, token, path
        return module_common._BuiltModule(
            b_module_data=token, module_style='new', shebang=shebang, serialization_profile='legacy'), path


def series(version=__version__):
    """(2, 19) for 2.19.4."""
    major, minor = version.split('.')[:2]
    return int(major), int(minor)


def mismatches(version):
    """What the module tier relies on and this ansible-core has not got: one line for each; empty if all is there."""
    found = []
    expected = dict(_SIGNATURES)
    if version >= (2, 21):
        expected.update(_SIGNATURES_2_21)
    for name, parameters in sorted(expected.items()):
        function = getattr(ActionBase, name, None)
        if function is None:
            found.append('ActionBase.%s is missing' % name)
            continue
        actual = list(inspect.signature(function).parameters)[1:]
        if actual != parameters:
            found.append('ActionBase.%s takes (%s), not (%s)' % (name, ', '.join(actual), ', '.join(parameters)))
    discovery = getattr(interpreter_discovery, 'discover_interpreter', None)
    if discovery is None or list(inspect.signature(discovery).parameters) != [
            'action', 'interpreter_name', 'discovery_mode', 'task_vars']:
        found.append('interpreter_discovery.discover_interpreter has changed')
    if not hasattr(module_common, 'NEW_STYLE_PYTHON_MODULE_RE'):
        found.append('module_common.NEW_STYLE_PYTHON_MODULE_RE is missing')
    if version >= (2, 19):
        built = getattr(module_common, '_BuiltModule', None)
        needed = ['b_module_data', 'module_style', 'shebang', 'serialization_profile']
        if built is None or list(inspect.signature(built).parameters)[:4] != needed:
            found.append('module_common._BuiltModule has changed')
    return found


class Hooks(object):
    """What was replaced, by what, and whether it is in force. One for each process tree: see `install`."""

    def __init__(self):
        self.session = None
        self.facade = None
        #: Plays in force: the callback counts as one for the whole run, a strategy as one while it runs.
        self.active = 0
        self.module_tier = False
        self.loaders = None
        self._coming = set()
        #: Names of actions of which hosts may share a worker.
        self._sharing = set()
        self._methods_preloaded = False
        self._refused = False

    # Switching on

    def start(self):
        """Starts the router and puts the hooks in place. False, after one warning: everything stays stock."""
        if self.session is not None:
            return True
        if self._refused:
            return False
        try:
            problem = Loaders.problem()
            if problem is not None:
                raise RouterUnavailable(problem)
            self.session = Session.start()
        except RouterUnavailable as error:
            self._refused = True
            display.warning('Mitogen is not used for this run: %s.' % error)
            return False
        self._install(series())
        return True

    def _install(self, version):
        connections.NodeConnection.session = self.session
        connections.NodeConnection.by_distribution = version < (2, 19)
        self.loaders = Loaders(self.session, lambda: self.active)
        self.loaders.install()
        reason = ''
        if version > NEWEST or version < OLDEST:
            reason = 'it is tested with %d.%d to %d.%d' % (OLDEST + NEWEST)
        else:
            reason = '; '.join(mismatches(version))
        if reason:
            display.warning('Mitogen runs modules through the connection only, with ansible-core %s: %s.'
                            % (__version__, reason))
        else:
            self.facade = Facade(version)
            self.module_tier = True
            for name in REPLACEMENTS:
                self._replace(name)
            if workers.is_known():
                workers.install(workers.Crews(self._may_share, self.facade.task_context))
        self._preload()

    def _replace(self, name):
        original = getattr(ActionBase, name)
        replacement = REPLACEMENTS[name]
        hooks = self

        @functools.wraps(original)
        def replaced(action, *args, **kwargs):
            if hooks.active and isinstance(action._connection, connections.NodeConnection) \
                    and action._connection.reaches_account():
                return replacement(hooks, original, action, *args, **kwargs)
            return original(action, *args, **kwargs)

        setattr(ActionBase, name, replaced)

    def _preload(self):
        """Reads what every worker would read again: plugins, their documentation, the paths of common modules."""
        for name in PRELOADED_CONNECTIONS:
            self._attempt(self.loaders.read_connection, name)
        self._attempt(get_shell_plugin, 'sh')
        routes.preload()
        self._attempt(become_loader.get, 'sudo', class_only=True)
        for name in PRELOADED_ACTIONS:
            self._attempt(action_loader.get, name, class_only=True)
        if self.module_tier:
            for name in PRELOADED_MODULES:
                self._attempt(self._preload_module, 'ansible.legacy.' + name)

    def _preload_methods(self):
        """Beside the first task's preparation: by now the router has started."""
        self._methods_preloaded = True
        for name in PRELOADED_CONNECTIONS:
            self._attempt(self.loaders.prepare_connection, name)
        self._attempt(self.loaders.prepare_become, 'sudo')

    @staticmethod
    def _attempt(load, *args, **kwargs):
        """What cannot be read now is not missed: the worker that needs it will say what is wrong with it."""
        try:
            load(*args, **kwargs)
        except Exception as error:
            display.debug('mitogen: %s: %s' % (args[0] if args else load.__name__, error))

    def _preload_action(self, task):
        found = action_loader.get(task.action, class_only=True, collection_list=task.collections)
        if '{{' not in task.action and self.facade.waits_for_modules_only(found):
            self._sharing.add(task.action)
        name = getattr(task, 'resolved_action', None) or task.action
        if found is not None and name in synchronize.NAMES:
            synchronize.wrap(found)
        if found is not None and name in trees.NAMES:
            trees.wrap(found, self)

    def takes(self, action, task_vars):
        """Whether modules of this task run by the module tier, in the account's own interpreter."""
        connection = action._connection
        return isinstance(connection, connections.NodeConnection) and connection.reaches_account() \
            and not connection.without_python and takes_native_tmp(action) and takes_module_tier(action, task_vars)

    def _may_share(self, worker):
        """Whether a worker's task may run in a process with those of other hosts."""
        if not self.active or not workers.may_share(worker._task, lambda task: task.action in self._sharing):
            return False
        name = workers.connection_name(worker._task, worker._task_vars, worker._play_context)
        return name is not None and self.loaders.is_ours('ssh' if name == 'smart' else name)

    def _preload_module(self, name):
        path = module_loader.find_plugin_with_context(name, '', ignore_deprecated=True).plugin_resolved_path
        if path:
            modules.kind_of(name, path, self.session, self.facade)

    def hear(self):
        """At the end of a run: displays what nodes have told of the last tasks, if anybody wants to know."""
        if self.session is not None and self.session.is_told:
            self._attempt(self.session.hear)

    def task_is_coming(self, task):
        """In the main process: prepares for a task, once for each action."""
        if self.active and not self._methods_preloaded:
            self._preload_methods()
        if self.module_tier and self.active and task.action not in self._coming:
            self._coming.add(task.action)
            self._attempt(self._preload_action, task)
            self._attempt(self._preload_module, task.action)


# What takes the place of ActionBase's methods. Each is called only for a connection of ours from which a route leads
# to the task's account, with the hooks, the original and its arguments.


def _configure_module(hooks, original, action, module_name, module_args, task_vars):
    job = jobs.of(action)
    if job and module_name == jobs.WRAPPER:
        return hooks.facade.configured(job.token, jobs.WRAPPER)
    if not takes_module_tier(action, task_vars):
        return original(action, module_name, module_args, task_vars)
    path = modules.find(action, module_name)
    kind = path and modules.kind_of(module_name, path, action._connection.session, hooks.facade)
    plan = kind and modules.plan(action, module_name, path, kind, module_args, task_vars, hooks.facade)
    if not plan:
        return original(action, module_name, module_args, task_vars)
    token = modules.Token(b'mitogen')
    token.plan = plan
    return hooks.facade.configured(token, path)


def takes_module_tier(action, task_vars):
    """Whether a module of this task is ours to run; otherwise Ansible builds it and we transport it."""
    return not (C.DEFAULT_KEEP_REMOTE_FILES or C.config.get_config_value('PYTHON_MODULE_RLIMIT_NOFILE', variables=task_vars))


def _is_pipelining_enabled(hooks, original, action, module_style, wrap_async=False):
    return module_style == 'new' and not wrap_async and not C.DEFAULT_KEEP_REMOTE_FILES


def _low_level_execute_command(hooks, original, action, cmd, sudoable=True, in_data=None, executable=None,
                               encoding_errors='surrogate_then_replace', chdir=None, **kwargs):
    connection = action._connection
    modules.inform(action)
    if connection.mitogen_method == 'local':
        basedir = action._loader.get_basedir()
        connection.cwd = basedir if hooks.facade.series >= (2, 21) else basedir.encode('utf-8', 'surrogateescape')
    job = jobs.of(action)
    plan = in_data.plan if type(in_data) is modules.Token else job and job.started_by(cmd)
    if plan:
        piece = together.current()
        rc, stdout, stderr = piece.module(plan) if piece and not job else modules.run(action, plan, hooks.facade)
        stdout = to_text(stdout, errors=encoding_errors)
        stderr = to_text(stderr, errors=encoding_errors)
        return {'rc': rc, 'stdout': stdout, 'stdout_lines': stdout.splitlines(),
                'stderr': stderr, 'stderr_lines': stderr.splitlines()}

    def command():
        return original(action, cmd, sudoable, in_data, executable, encoding_errors, chdir, **kwargs)

    return by_node(connection, on_account(connection), command, command)


def by_node(connection, place, attempt, otherwise):
    """`attempt` at the node of the task's account; where there is no Python for one, `otherwise`, Ansible's own way.

    What is missing is found out before anything was done.
    """
    if not connection.without_python:
        try:
            with place:
                return attempt()
        except AnsibleError as error:
            if getattr(error, 'mitogen_code', None) != 'no_python':
                raise
            connection.without_python = True
    return otherwise()


class on_account(object):
    """While it lasts, the connection goes to the task's account, and Ansible finds no become to wrap commands in."""

    def __init__(self, connection):
        self._connection = connection

    def __enter__(self):
        connection = self._connection
        self._become = connection.become
        self._route = connection.account_route()
        connection.password_typed = connection.types_password()
        connection.become = None
        connection.on_account = self._route

    def __exit__(self, *exception):
        self._connection.become = self._become
        self._connection.on_account = None


def _make_tmp_path(hooks, original, action, remote_user=None):
    """A directory below the node's private one. It is made when the first file goes there."""
    connection = action._connection
    modules.inform(action)
    if not takes_native_tmp(action):
        return original(action, remote_user)
    return by_node(connection, nullcontext(), lambda: _make_native_tmp(action), lambda: original(action, remote_user))


def _make_native_tmp(action):
    connection = action._connection
    call = {'candidates': routes.temporary_candidates(connection._shell)}
    (meta,) = connection.session.request('tmp', connection.account_route(), [connections.compact(call)])
    path = json.loads(meta)['path'].rstrip('/') + '/' + connection._shell._generate_temp_dir_name()
    connection.native_tmp, connection.native_tmp_made = path, False
    action._cleanup_remote_tmp = True
    connection._shell.tmpdir = path
    return path


def takes_native_tmp(action):
    """An asynchronous job outlives the node's private directory."""
    return not action._task.async_val and not C.DEFAULT_KEEP_REMOTE_FILES


def _remove_tmp_path(hooks, original, action, tmp_path, force=False):
    connection = action._connection
    if tmp_path is None and connection._shell.tmpdir:
        tmp_path = connection._shell.tmpdir
    if tmp_path is None or tmp_path != connection.native_tmp:
        return original(action, tmp_path, force)
    if not (force or action._should_remove_tmp_path(tmp_path)):
        return
    if connection.native_tmp_made:
        modules.inform(action)
        try:
            connection.session.request('remove', connection.account_route(),
                                       [connections.compact({'path': tmp_path})])
        except AnsibleError as error:
            display.warning('Error deleting remote temporary files: %s' % error)
    connection.native_tmp, connection.native_tmp_made = None, False
    connection._shell.tmpdir = None


def _transfer_file(hooks, original, action, local_path, remote_path):
    modules.inform(action)
    piece = together.current()
    if piece and piece.take(local_path, remote_path):
        return remote_path

    def transfer():
        return original(action, local_path, remote_path)

    return by_node(action._connection, on_account(action._connection), transfer, transfer)


def _transfer_data(hooks, original, action, remote_path, data):
    if type(data) is modules.Token:
        # Ansible transfers modules only to start jobs.
        jobs.begin(action, remote_path, data, hooks.facade)
        return remote_path
    modules.inform(action)
    if isinstance(data, str):
        data = data.encode('utf-8', 'surrogateescape')
    elif not isinstance(data, bytes):
        raise TypeError('data must be either a string or bytes')

    def put():
        action._connection.put(remote_path, len(data), content=data)
        return remote_path

    return by_node(action._connection, on_account(action._connection), put, put)


def _fixup_perms2(hooks, original, action, remote_paths, remote_user=None, execute=True):
    """What lies in the native directory belongs to the task's account already, and is executable for it."""
    connection = action._connection
    if connection.without_python:
        return original(action, remote_paths, remote_user, execute)
    tmp = connection.native_tmp
    if jobs.of(action):
        return remote_paths
    if tmp is not None and all(path == tmp or connection.in_native_tmp(path) for path in remote_paths):
        return remote_paths
    if execute:
        result = action._remote_chmod(remote_paths, 'u+rwx')
        if result['rc'] != 0:
            raise AnsibleError('Failed to set permissions on remote files (rc: %s, err: %s)'
                               % (result['rc'], result['stderr']))
    return remote_paths


def _remote_expand_user(hooks, original, action, path, sudoable=True, pathsep=None):
    """~ alone is the account's home, which the node's HELLO has told the router."""
    if path != '~' and not path.startswith('~/'):
        return original(action, path, sudoable, pathsep)
    connection = action._connection
    modules.inform(action)

    def ask():
        return original(action, path, sudoable, pathsep)

    def expand():
        route = connection.account_route() if sudoable else connection.login_route()
        (hello,) = connection.session.request('node', route)
        home = json.loads(hello).get('home')
        return home.rstrip('/') + path[1:] if home else ask()

    return by_node(connection, nullcontext(), expand, ask)


REPLACEMENTS = {
    '_configure_module': _configure_module,
    '_fixup_perms2': _fixup_perms2,
    '_is_pipelining_enabled': _is_pipelining_enabled,
    '_low_level_execute_command': _low_level_execute_command,
    '_make_tmp_path': _make_tmp_path,
    '_remote_expand_user': _remote_expand_user,
    '_remove_tmp_path': _remove_tmp_path,
    '_transfer_data': _transfer_data,
    '_transfer_file': _transfer_file,
}

#: The hooks of this process and its forks. Ansible's loaders and ActionBase are global, so what replaces parts of
#: them is too.
hooks = Hooks()


def is_enabled(names=None):
    """Whether ansible.cfg or the environment enables the callback, by its short name or a collection's."""
    names = C.CALLBACKS_ENABLED if names is None else names
    return any(str(name).rpartition('.')[2] == 'mitogen' for name in names or ())


def install_for_callback():
    """Called when the callback is imported, in the main process, before anything forks."""
    if is_enabled() and hooks.start():
        hooks.active += 1
        return True
    return False
