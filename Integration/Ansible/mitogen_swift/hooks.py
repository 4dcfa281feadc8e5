"""Where we enter ansible-core.

Two tiers, so that a new ansible-core never means a broken run. The *connection tier* needs one thing: that the
loader of connection plugins gives out our class in place of vanilla's (`loaders`). The *module tier* replaces methods of
`ActionBase` (`actions`), and what strategies start workers with (`workers`). What these rely on is checked, by name and
signature, before anything is replaced.

Every replacement asks first whether the connection is ours, and otherwise calls what was there before.
"""

import functools
from contextlib import contextmanager

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader, become_loader, get_shell_plugin, module_loader
from ansible.release import __version__
from ansible.utils.display import Display

from . import connection as connections
from . import modules, routes, synchronize, trees, waiting, workers
from .actions import REPLACEMENTS, takes_module_tier, takes_native_tmp
from .facade import NEWEST, OLDEST, Facade, mismatches, series
from .loaders import Loaders
from .router import RouterUnavailable
from .session import Session

display = Display()

#: Loaded before the first fork, so that no worker reads their documentation again.
PRELOADED_CONNECTIONS = ('ssh', 'local')
PRELOADED_ACTIONS = ('command', 'copy', 'gather_facts', 'normal', 'template')
PRELOADED_MODULES = ('command', 'copy', 'file', 'setup', 'shell', 'slurp', 'stat')


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
        #: Kinds of tasks of which hosts may share a worker.
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
                waiting.install(lambda: self.active)
                workers.install(workers.Crews(self._may_share, self._part))
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
            self._sharing.add(_kind(task))
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
        task, variables = worker._task, worker._task_vars
        if not self.active or not workers.may_share(task, lambda task: _kind(task) in self._sharing):
            return False
        if task.action in workers.FACTS and not self.facade.has_one_facts_module(variables):
            return False
        name = workers.connection_name(task, variables, worker._play_context)
        return name is not None and self.loaders.is_ours('ssh' if name == 'smart' else name)

    @contextmanager
    def _part(self, worker):
        """Around one host's task in a worker of several."""
        with self.session.own_client(), self.facade.task_context(worker):
            yield

    def _preload_module(self, name):
        path = module_loader.find_plugin_with_context(name, '', ignore_deprecated=True).plugin_resolved_path
        if path:
            modules.kind_of(name, path, self.session, self.facade)

    def hear(self):
        """At the end of a run: displays what nodes have told of the last tasks, if anybody wants to know."""
        if self.session is not None and self.session.is_told:
            self._attempt(self.session.hear)

    def task_is_coming(self, task):
        """In the main process: prepares for a task, once for each kind."""
        if self.active and not self._methods_preloaded:
            self._preload_methods()
        if self.module_tier and self.active and _kind(task) not in self._coming:
            self._coming.add(_kind(task))
            self._attempt(self._preload_action, task)
            self._attempt(self._preload_module, task.action)


def _kind(task):
    """What decides which action a task's is: its name, and where that is looked for."""
    return task.action, tuple(task.collections or ())


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
