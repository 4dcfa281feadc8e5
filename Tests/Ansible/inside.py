"""Answers questions about the ansible-core of the interpreter that runs it: one JSON line in, [QUESTION, ARGUMENT…],
one out, {"answer"} or {"error"}. Each is answered in a fork, since hooks change what they are asked about.
"""
import json
import os
import sys
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'Integration', 'Ansible'))

from ansible.playbook.play_context import PlayContext  # noqa: E402
from ansible.plugins.action import ActionBase  # noqa: E402
from ansible.plugins.loader import (  # noqa: E402
    action_loader, become_loader, connection_loader, get_shell_plugin, init_plugin_loader, module_loader)

init_plugin_loader()

from mitogen_swift import connection as connections  # noqa: E402
from mitogen_swift import hooks, routes  # noqa: E402


class Nowhere(object):
    """Stands for a session: no router is started."""

    class client(object):
        @staticmethod
        def connect():
            return True


def installed(version=None):
    """Hooks in force, without a router."""
    installed = hooks.Hooks()
    installed.session = Nowhere()
    installed._install(tuple(version) if version else hooks.series())
    installed.active = 1
    return installed


def mismatches():
    return hooks.mismatches(hooks.series())


def changed_signature():
    """What is said of an ActionBase whose methods are not as they were."""
    ActionBase._make_tmp_path = lambda self, something_new: None
    del ActionBase._transfer_data
    return hooks.mismatches(hooks.series())


def tier(version):
    before = ActionBase._configure_module
    done = installed(version)
    return {'module_tier': done.module_tier, 'replaced': ActionBase._configure_module is not before,
            'ours': isinstance(connection_loader.get('ssh', PlayContext(), None), connections.NodeConnection)}


def identity(name):
    """Vanilla's and our own identity of a connection plugin."""
    def of(plugin):
        return {key: getattr(plugin, key) for key in (
            '_load_name', '_original_path', '_redirected_names', 'ansible_aliases', 'ansible_name', 'transport')}
    vanilla = connection_loader.get(name, PlayContext(), None)
    installed()
    ours = connection_loader.get(name, PlayContext(), None)
    return {'vanilla': of(vanilla), 'ours': of(ours), 'accelerated': isinstance(ours, connections.NodeConnection),
            'attributes': sorted(set(vars(vanilla)) - set(vars(ours)))}


def route(name, variables, become, task_keys):
    """The hops of a connection with these variables, twice, and what stock's plugin says of the same options."""
    installed()
    answer = {}
    context = PlayContext()
    context.remote_addr = variables.get('ansible_host', 'web1')
    context.timeout = variables.get('ansible_timeout', 10)
    stock = [c for c in type(connection_loader.get(name, context, None)).__mro__
             if c.__module__.startswith('ansible.plugins')][0](context, None)
    stock._load_name = name
    for turn in ('first', 'second'):
        ours = connection_loader.get(name, context, None)
        for plugin in (ours, stock):
            plugin.set_options(task_keys=task_keys, var_options=dict(variables))
        ours.task_is(variables, None, 'web1')
        if become is not None:
            plugin = become_loader.get(become)
            plugin.set_options(task_keys=task_keys, var_options=dict(variables))
            ours.set_become_plugin(plugin)
            answer['reaches_account'] = ours.reaches_account()
        answer[turn] = [hop.decode() for hop in ours.account_route()] if ours.reaches_account() else None
    answer['stock'] = {option: routes.option(stock, option) for option in routes.SSH_OPTIONS} if name == 'ssh' else {}
    return answer


def has_option(name, option):
    plugin = connection_loader.get(name, PlayContext(), None)
    plugin.set_options()
    try:
        plugin.get_option(option)
    except KeyError:
        return False
    return True


def interpreter(variables, by_distribution):
    return list(routes.interpreter(variables, None, by_distribution))


def become_rules(name, variables):
    """The rules and secrets for a command that this become plugin has wrapped."""
    plugin = become_loader.get(name)
    plugin.set_options(var_options=dict(variables))
    plugin.build_become_command('true', get_shell_plugin('sh'))
    rules, secrets = connections.become_prompts(plugin)
    return {'rules': rules, 'secrets': secrets, 'success': plugin.success}


def without_success(output, success, keeps_front):
    return connections.without_success(output.encode(), success, keeps_front).decode()


def by_distribution():
    return hooks.series() < (2, 19)


def plain_of_tagged():
    """JSON of a hop's values as ansible-core wraps them."""
    try:
        from ansible._internal._datatag._tags import Origin
        tagged = Origin(path='/x').tag('value')
        number = Origin(path='/x').tag(22)
    except ImportError:
        from ansible.utils.unsafe_proxy import wrap_var
        tagged, number = wrap_var('value'), 22
    values = routes.plain({'a': [tagged], tagged: number})
    return {'values': values, 'types': [type(v).__name__ for v in (values['a'][0], values['value'])]}


def answer(line):
    question, *arguments = json.loads(line)
    try:
        return {'answer': globals()[question](*arguments)}
    except Exception:
        return {'error': traceback.format_exc()}


def main():
    # Read once for all forks.
    for name in hooks.PRELOADED_CONNECTIONS:
        connection_loader.get(name, PlayContext(), None)
    for name in hooks.PRELOADED_ACTIONS:
        action_loader.get(name, class_only=True)
    for name in hooks.PRELOADED_MODULES:
        module_loader.find_plugin_with_context('ansible.legacy.' + name, '')
    for name in ('sudo', 'su'):
        become_loader.get(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                # Warnings go to stdout in some series.
                output = os.fdopen(os.dup(1), 'w')
                os.dup2(2, 1)
                output.write(json.dumps(answer(line)) + '\n')
                output.flush()
            finally:
                os._exit(0)
        os.waitpid(child, 0)


if __name__ == '__main__':
    main()
