"""What takes the place of ActionBase's methods. Each is called only for a connection of ours from which a route leads
to the task's account, with the hooks, the original and its arguments.
"""

import json
from contextlib import nullcontext

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.utils.display import Display

from . import connection as connections
from . import jobs, modules, routes, together

display = Display()


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
