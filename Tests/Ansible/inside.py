"""Answers questions about the ansible-core of the interpreter that runs it: one JSON line in, [QUESTION, ARGUMENT…],
one out, {"answer"} or {"error"}. Each is answered in a fork, since hooks change what they are asked about.
"""
import json
import os
import sys
import tempfile
import threading
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', '..', 'Integration', 'Ansible'), HERE]

from ansible import constants as C  # noqa: E402
from ansible.errors import AnsibleError  # noqa: E402
from ansible.inventory.host import Host  # noqa: E402
from ansible.playbook.block import Block  # noqa: E402
from ansible.playbook.play import Play  # noqa: E402
from ansible.playbook.play_context import PlayContext  # noqa: E402
from ansible.playbook.task import Task  # noqa: E402
from ansible.plugins.action import ActionBase  # noqa: E402
from ansible.plugins.loader import (  # noqa: E402
    action_loader, become_loader, connection_loader, get_shell_plugin, init_plugin_loader, module_loader)

init_plugin_loader()

from fake_router import built_methods  # noqa: E402
from mitogen_swift import connection as connections  # noqa: E402
from mitogen_swift import hooks, routes, workers  # noqa: E402
from mitogen_swift.catalogue import Catalogue, plain  # noqa: E402
from mitogen_swift.client import RouterError  # noqa: E402
from mitogen_swift.session import Session  # noqa: E402
from mitogen_swift.waiting import Arrivals  # noqa: E402


#: As the plugin `become` is listed, where it is not built.
GENERIC = [{'name': 'become', 'features': ['become'], 'kind': 'connection', 'declaration': {'options': [
    {'name': 'password', 'type': 'string', 'secret': True, 'aliases': ['become_pass']}]}}]


class Nowhere(object):
    """Stands for a session: no router is started."""

    catalogue = Catalogue.from_json(json.dumps(built_methods() + GENERIC))
    refused = {}
    refusing = ()

    @classmethod
    def request(cls, op, route, *rest):
        if json.loads(route[-1])['method'] in cls.refusing:
            error = AnsibleError('refused')
            error.mitogen_code = 'plugin'
            raise error
        return [b'{}']

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
            'attributes': [name for name in sorted(vars(vanilla)) if not hasattr(ours, name)]}


def route(name, variables, become, task_keys, refused=()):
    """The hops of a connection with these variables, twice, and what stock's plugin says of the same options.

    :param refused: become methods whose plugin refuses what it is asked for.
    """
    Nowhere.refusing = refused
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
    answer['stock'] = {option: routes.option(stock, option) for option in stock.option_definitions}
    answer['defaults'] = {option.name: option.default for option in Nowhere.catalogue.connection(name).options}
    return answer


def declared_routes(questions, environment):
    """For each (name, variables, task_keys) of a method: its hops, and whether Ansible's own plugin would serve it. None
    where it is none of ours."""
    os.environ.update(environment)
    installed()
    answers = []
    for name, variables, task_keys in questions:
        context = PlayContext()
        context.remote_addr = variables.get('ansible_host', 'web1')
        ours = connection_loader.get(name, context, None)
        if not isinstance(ours, connections.NodeConnection):
            answers.append(None)
            continue
        ours.set_options(task_keys=task_keys, var_options=dict(variables))
        ours.task_is(variables, None, 'web1')
        answers.append({'hops': [json.loads(hop) for hop in ours.account_route()], 'passes_through': ours.passes_through(),
                        'login_user': ours.login_user()})
    return answers


def delegated(hosts, name, become=None):
    """The hops of a host of an inventory with these hosts and their variables, each decoded."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar
    from ansible.vars.hostvars import HostVars
    from ansible.vars.manager import VariableManager
    installed()
    loader = DataLoader()
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump({'all': {'hosts': hosts}}, file)
        file.flush()
        inventory = InventoryManager(loader, [file.name])
    manager = VariableManager(loader, inventory)
    HostVars(inventory, manager, loader)
    variables = manager.get_vars(host=inventory.get_host(name))
    templar = Templar(loader, variables)
    context = PlayContext()
    context.remote_addr = variables.get('ansible_host', name)
    ours = connection_loader.get(variables.get('ansible_connection', 'ssh'), context, None)
    ours.task_is(variables, templar, name)
    names = C.config.get_plugin_vars('connection', ours._load_name)
    ours.set_options(var_options={key: templar.template(variables[key]) for key in names if key in variables})
    if become is not None:
        plugin = become_loader.get(become)
        plugin.set_options(var_options={
            key: templar.template(value) for key, value in variables.items() if key.startswith('ansible_become')})
        ours.set_become_plugin(plugin)
    try:
        first, second = ours.account_route(), ours.account_route()
    except AnsibleError as error:
        return {'error': str(error)}
    assert first == second, 'the same values, other bytes'
    return {'hops': [json.loads(hop) for hop in first]}


def crew_size(*arguments):
    return workers.crew_size(*arguments)


class Worker(object):
    """A worker that has not been started."""

    def __init__(self, task, variables=None, connection='ssh'):
        block = Block(play=Play())
        self._task = Task.load(dict({'connection': connection}, **task), block=block)
        self._task_vars, self._play_context = variables or {}, PlayContext()


def may_share(task, variables=None):
    done, worker = installed(), Worker(task, variables)
    done.task_is_coming(worker._task)
    return done._may_share(worker)


def shares_connection(variables, keyword):
    done, worker = installed(), Worker({'command': 'true'}, variables, keyword)
    done.task_is_coming(worker._task)
    return done._may_share(worker)


def without_process(names):
    """What Ansible sees of the workers of hosts for which no process could be started: their exit code, whether they live."""
    members, stock = [], workers.worker_module.WorkerProcess
    for name in names:
        member = object.__new__(workers.HostWorker)
        super(stock, member).__init__()
        member._host = Host(name)
        members.append(member)

    def refused(worker):
        raise BlockingIOError(11, 'Resource temporarily unavailable')

    start, stock.start = stock.start, refused
    try:
        members[0].lead(members)
    finally:
        stock.start = start
    return [[member.exitcode, member.is_alive()] for member in members]


def waiting():
    """Whether there is a result after one was waited for: one that was there, one that comes meanwhile, and none."""
    found = {}
    for name, results, comes in (('already there', [1], False), ('comes', [], True), ('none comes', [], False)):
        arrivals = Arrivals(results)
        # What came and was taken before wakes nobody.
        arrivals.append(2)
        arrivals.pop()
        thread = threading.Thread(target=arrivals.append, args=(3,))
        if comes:
            thread.start()
        arrivals.wait(60 if comes or results else 0.01)
        found[name] = bool(arrivals)
    return found


def precedence(kind, name):
    """Every option of ours that Ansible's plugin has too, with every pair of what may set it: what Ansible's own
    get_option says, and what the hop says. Returns the number of cases, and those in which they differ."""
    installed()
    catalogue = Nowhere.catalogue
    method = catalogue.connection(name) if kind == 'connection' else catalogue.become(name)

    def plugin():
        context = PlayContext()
        return connection_loader.get(name, context, None) if kind == 'connection' else become_loader.get(name)

    cases, wrong = 0, []
    for option in method.options:
        theirs = next((known for known in option.names if known in plugin().option_definitions), None)
        if theirs is None or option.name == 'timeout':
            continue
        definition = plugin().option_definitions[theirs]
        sources = [(source, entry) for source in ('keyword', 'vars', 'env', 'ini') for entry in definition.get(source) or ()]
        for one in sources:
            for other in sources:
                stock, ours = plugin(), plugin()
                with Set(definition, [one, other]) as setting:
                    for made in (stock, ours):
                        made.set_options(task_keys=setting.keywords, var_options=setting.variables)
                    options, secrets = method.values(ours, setting.variables, lambda value: value)
                    expected = plain(stock.get_option(theirs))
                said = secrets.get(option.name) if option.secret else options.get(option.name, option.default)
                cases += 1
                if said != (str(expected) if option.secret else expected):
                    wrong.append([option.name, str(one), str(other), said, expected])
    return {'cases': cases, 'wrong': wrong}


class Set(object):
    """While it lasts, these sources of an option have values, each its own."""

    def __init__(self, definition, sources):
        self.keywords, self.variables, self._environment, self._ini = {}, {}, {}, {}
        for number, (source, entry) in enumerate(sources):
            value = self._value(definition, number)
            if source == 'ini':
                self._ini[entry['section'], entry['key']] = value
            else:
                {'keyword': self.keywords, 'vars': self.variables, 'env': self._environment}[source][entry['name']] = value

    @staticmethod
    def _value(definition, number):
        kind = definition.get('type')
        if definition.get('choices'):
            return list(definition['choices'])[number]
        return {'int': str(21 + number), 'integer': str(21 + number), 'float': '%d.5' % number, 'bool': 'yes' if number else 'no',
                'boolean': 'yes' if number else 'no'}.get(kind, 'value%d' % number)

    def __enter__(self):
        os.environ.update(self._environment)
        self._before = C.config._config_file
        if self._ini:
            sections = {}
            for (section, key), value in self._ini.items():
                sections.setdefault(section, []).append('%s = %s' % (key, value))
            with tempfile.NamedTemporaryFile('w', suffix='.cfg') as file:
                for section, lines in sections.items():
                    file.write('[%s]\n%s\n' % (section, '\n'.join(lines)))
                file.flush()
                C.config._config_file = file.name
                C.config._parse_config_file(file.name)
        return self

    def __exit__(self, *exception):
        C.config._config_file = self._before
        for name in self._environment:
            os.environ.pop(name, None)


def without_a_plugin_of_ansibles(connection, become, variables):
    """What Ansible gets for methods that it has no plugin for, from catalogue entries made up here."""
    declared = {'kind': 'connection', 'declaration': {'options': [
        {'name': 'remote_addr', 'type': 'string', 'vars': ['inventory_hostname', 'ansible_host']},
        {'name': 'remote_user', 'type': 'string', 'default': 'root', 'vars': ['ansible_user']},
        {'name': 'depth', 'type': 'int', 'default': 1, 'vars': ['made_up_depth'], 'env': ['MADE_UP_DEPTH']}]}}
    becomes = {'kind': 'connection', 'features': ['become'], 'declaration': {'options': [
        {'name': 'become_user', 'type': 'string', 'default': 'root', 'vars': ['ansible_become_user'], 'aliases': ['user']},
        {'name': 'password', 'type': 'string', 'secret': True, 'vars': ['ansible_become_password'],
         'aliases': ['become_pass']}]}}
    Nowhere.catalogue = Catalogue.from_json(json.dumps([dict(declared, name=connection), dict(becomes, name=become)]))
    done = installed()
    context = PlayContext()
    context.remote_addr = 'box'
    ours = connection_loader.get(connection, context, None)
    plugin = become_loader.get(become)
    ours.task_is(variables, None, 'box')
    for made, kind in ((ours, 'connection'), (plugin, 'become')):
        names = C.config.get_plugin_vars(kind, made._load_name)
        made.set_options(var_options={name: variables[name] for name in names if name in variables})
    ours.set_become_plugin(plugin)
    done.active = 0
    return {'hops': [json.loads(hop) for hop in ours.account_route()], 'transport': ours.transport,
            'inactive': connection_loader.get(connection, context, None) is None}


def inside_a_network_connection():
    """The hop of its `local`, which is told of no task; and Ansible's own Python."""
    os.environ['ANSIBLE_PYTHON_INTERPRETER'] = '/of/the/targets/python'
    installed()
    ours = connection_loader.get('local', PlayContext(), '/dev/null')
    ours.set_options()
    ours._connect()
    return [json.loads(hop) for hop in ours.login_route()], sys.executable


def interpreter(variables, by_distribution):
    return list(routes.interpreter(variables, None, by_distribution))


def become_rules(name, variables):
    """The rules and secrets for a command that this become plugin has wrapped."""
    plugin = become_loader.get(name)
    plugin.set_options(var_options=dict(variables))
    plugin.build_become_command('true', get_shell_plugin('sh'))
    rules, secrets = connections.become_prompts(plugin)
    return {'rules': rules, 'secrets': secrets, 'success': plugin.success}


def told(code, message, hop):
    """What Ansible is told of an error on the way to this hop: the exception's name and text."""
    session = Session.__new__(Session)
    session._catalogue = Nowhere.catalogue
    error = session.ansible_error(RouterError(code, message), [json.dumps(hop)])
    return [type(error).__name__, str(error)]


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
    values = plain({'a': [tagged], tagged: number})
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
