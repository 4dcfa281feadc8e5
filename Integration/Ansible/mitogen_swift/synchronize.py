"""The action `synchronize` where ssh alone does not lead: behind other hosts, and in containers.

Its module runs rsync on the controller, which starts a remote shell of its own. There it is given ours (`mitogen rsh`),
which runs rsync's other half on a node: that of the account which the task becomes, where a route leads there, so that
every become method works, and passwords do.
"""

import functools
import json
import shlex

from . import modules
from .connection import NodeConnection

NAMES = frozenset(['ansible.posix.synchronize', 'synchronize'])


def wrap(action_class):
    """Once for each class: its `run` looks at the task's connection first."""
    original = action_class.run
    if hasattr(original, 'mitogen_original'):
        return

    @functools.wraps(original)
    def run(action, tmp=None, task_vars=None):
        if needs_tunnel(action._connection, action._task):
            prepare(action)
        return original(action, tmp, task_vars)

    run.mitogen_original = original
    action_class.run = run


def needs_tunnel(connection, task):
    """With `delegate_to`, rsync runs on that other host and finds its own way from there."""
    if not isinstance(connection, NodeConnection) or connection.passes_through() or task.delegate_to:
        return False
    return connection.mitogen_method != 'local' and (connection.mitogen_method != 'ssh' or bool(connection.hops_before()))


def prepare(action):
    connection = action._connection
    modules.inform(action)
    session = connection.session
    on_account = connection.become is not None and connection.reaches_account()
    route = connection.account_route() if on_account else connection.login_route()
    (place,) = session.request('place', route)
    shell = [session.router.binary, 'rsh', '--socket', session.router.path, '--node', str(json.loads(place)['node'])]
    rsh = '--rsh=' + shlex.quote(' '.join(shlex.quote(word) for word in shell))
    # The action knows only some connections, and how to leave this machine by none but ssh.
    connection.transport = 'ssh'
    execute = action._execute_module
    says_path = bool(action._task.args.get('rsync_path'))

    @functools.wraps(execute)
    def executed(module_name=None, module_args=None, **more):
        module_args = dict(module_args or {})
        options = as_list(module_args.get('rsync_opts'))
        if not any('--rsh' in option for option in options):
            # Where one is given, by the play, it is the play's to know how to get there.
            module_args['rsync_opts'] = options + [rsh]
            module_args['_local_rsync_password'] = None
            if on_account and not says_path:
                # The action's own way to become: `sudo -u USER rsync`, which cannot answer a prompt.
                module_args.pop('rsync_path', None)
        return execute(module_name=module_name, module_args=module_args, **more)

    action._execute_module = executed


def as_list(value):
    """As an argument of type list is read."""
    if value is None:
        return []
    if isinstance(value, str):
        return value.split(',')
    return list(value)
