"""Hops against what Ansible's own plugins say of the same variables."""
import json

import pytest

SSH = [
    {},
    {'ansible_host': '10.0.0.7'},
    {'ansible_host': '10.0.0.7', 'ansible_port': '2222', 'ansible_user': 'deploy'},
    {'ansible_ssh_host': 'a', 'ansible_ssh_port': 23, 'ansible_ssh_user': 'b'},
    {'ansible_ssh_private_key_file': '~/.ssh/key', 'ansible_ssh_executable': '/opt/ssh'},
    {'ansible_ssh_args': '-C', 'ansible_ssh_common_args': '-J bastion', 'ansible_ssh_extra_args': '-4'},
    {'ansible_host_key_checking': False},
    {'ansible_ssh_pkcs11_provider': '/usr/lib/card.so', 'ansible_ssh_retries': 3},
    {'ansible_ssh_password_mechanism': 'disable'},
    {'ansible_timeout': 33},
]


def hops(answer):
    return [json.loads(hop) for hop in answer['first']]


@pytest.mark.parametrize('variables', SSH, ids=lambda v: ' '.join(v) or 'nothing')
def test_ssh_options_are_stocks(series, variables):
    variables = dict({'inventory_hostname': 'web1'}, **variables)
    answer = series.ask('route', 'ssh', variables, None, {})
    (hop,) = hops(answer)
    assert hop['method'] == 'ssh' and hop['name'] == 'web1'
    secrets = ('password', 'private_key_passphrase')
    for option, default in answer['defaults'].items():
        value = answer['stock'].get(option)
        if value not in (None, '', default) and option not in secrets and option != 'timeout':
            assert hop['options'][option] == value, option
        elif option in hop['options'] and option in answer['stock']:
            assert option == 'host' and hop['options'][option] == variables.get('ansible_host', 'web1')
    assert hop['timeout'] == float(variables.get('ansible_timeout', 10))


def test_the_same_values_give_the_same_bytes(series):
    answer = series.ask('route', 'ssh', SSH[2], 'sudo', {})
    assert answer['first'] == answer['second']


def test_secrets_are_in_their_slots_and_nowhere_else(series):
    variables = {'ansible_password': 'hush-login', 'ansible_become_password': 'hush-become', 'ansible_user': 'me'}
    login, become = hops(series.ask('route', 'ssh', variables, 'sudo', {}))
    assert login.pop('secrets') == {'password': 'hush-login'}
    assert become.pop('secrets') == {'password': 'hush-become'}
    assert 'hush' not in json.dumps([login, become])


def test_a_key_in_a_variable_is_a_secret(series):
    """Also of an ansible-core that has no such option yet."""
    secrets = {'private_key': 'hush-key', 'private_key_passphrase': 'hush-phrase'}
    variables = {'ansible_' + name: value for name, value in secrets.items()}
    (login,) = hops(series.ask('route', 'ssh', variables, None, {}))
    assert login.pop('secrets') == secrets
    assert 'hush' not in json.dumps(login)


def test_sudo_options_are_stocks(series):
    variables = {'ansible_become_user': 'postgres', 'ansible_become_flags': '-H -E', 'ansible_become_exe': '/opt/sudo'}
    _, become = hops(series.ask('route', 'ssh', variables, 'sudo', {}))
    assert become['method'] == 'sudo'
    assert become['options'] == {'become_user': 'postgres', 'become_flags': '-H -E', 'become_exe': '/opt/sudo'}
    assert become['python'] is None


def test_becoming_who_one_is_takes_no_hop(series):
    variables = {'ansible_user': 'root', 'ansible_become_user': 'root'}
    assert len(hops(series.ask('route', 'ssh', variables, 'sudo', {}))) == 1


@pytest.mark.parametrize('refused, method', [([], 'sudo'), (['sudo'], 'become'), (['sudo', 'become'], None)])
def test_flags_that_a_method_refuses_are_left_to_the_next(series, refused, method):
    variables = {'ansible_become_flags': '-H -g group', 'ansible_become_user': 'x'}
    answer = series.ask('route', 'ssh', variables, 'sudo', {}, refused)
    assert answer['reaches_account'] is (method is not None)
    assert not method or hops(answer)[1]['method'] == method


def test_any_become_plugin_gives_its_command_line(series):
    variables = {'ansible_become_flags': '-H -g group', 'ansible_become_user': 'x', 'ansible_become_password': 'hush'}
    answer = series.ask('route', 'ssh', variables, 'sudo', {}, ['sudo'])
    assert answer['first'] == answer['second'], 'the same options, other bytes'
    options = hops(answer)[1]['options']
    assert 'mitogen_node' in options['command'] and '-g group' in options['command']
    assert options['success'] in options['command'] and options['prompts'][0].strip() in options['command']
    assert 'hush' not in json.dumps(options) and hops(answer)[1]['secrets'] == {'password': 'hush'}


def test_local_is_one_node_for_all_hosts(series):
    (hop,) = hops(series.ask('route', 'local', {}, None, {}))
    assert hop['method'] == 'local' and hop['name'] == 'localhost' and hop['options'] == {}


def test_inside_a_network_connection_ansibles_own_python_runs(series):
    (hop,), python = series.ask('inside_a_network_connection')
    assert (hop['method'], hop['name'], hop['python']) == ('local', 'localhost', [python])


def test_our_own_ssh_variables(series):
    variables = {'mitogen_ssh_compression': True, 'mitogen_ssh_debug_level': '2', 'mitogen_ssh_keepalive_count': 4}
    (hop,) = hops(series.ask('route', 'ssh', variables, None, {}))
    assert hop['options']['mitogen_ssh_compression'] is True
    assert hop['options']['mitogen_ssh_debug_level'] == 2
    assert hop['keepalive'] == {'interval': 30, 'count': 4}


@pytest.mark.parametrize('configured, argv', [
    ('/usr/bin/python3', ['/usr/bin/python3']),
    ('/usr/bin/env FOO=bar python', ['/usr/bin/env', 'FOO=bar', 'python']),
    ('/opt/my python/bin/python', ['/opt/my python/bin/python']),
    ('/usr/bin/nice -n 5 /opt/python/bin/python', ['/usr/bin/nice', '-n', '5', '/opt/python/bin/python']),
    ('/usr/bin/nice /opt/python/bin/python', ['/usr/bin/nice', '/opt/python/bin/python']),
    ('/usr/bin/env A=/b/c python', ['/usr/bin/env', 'A=/b/c', 'python']),
    ("'/opt/my python/bin/python'", ['/opt/my python/bin/python']),
])
def test_a_configured_interpreter_is_words(series, configured, argv):
    answer = series.ask('interpreter', {'ansible_python_interpreter': configured}, False)
    assert answer == [argv, [], None]


@pytest.mark.parametrize('mode', ['auto', 'auto_silent', 'auto_legacy', ''])
def test_discovery(series, mode):
    argv, candidates, asked = series.ask('interpreter', {'ansible_python_interpreter': mode}, False)
    assert argv is None and '/usr/bin/python3' in candidates and asked == (mode or 'auto')


def test_discovery_is_made_once(series):
    facts = {'ansible_facts': {'discovered_interpreter_python': '/usr/bin/python3.11'}}
    before = series.ask('interpreter', {}, False)
    after = series.ask('interpreter', facts, False)
    assert after[2] is None and after[:2] == before[:2], 'the node must keep its key'


def test_the_distributions_python_comes_first_up_to_2_18(series):
    assert series.ask('interpreter', {}, True)[1][0] == '/usr/bin/python3'
    facts = {'ansible_facts': {'discovered_interpreter_python': '/usr/libexec/platform-python'}}
    assert series.ask('interpreter', facts, True)[0] == ['/usr/libexec/platform-python']


def test_values_are_untagged(series):
    answer = series.ask('plain_of_tagged')
    assert answer == {'values': {'a': ['value'], 'value': 22}, 'types': ['str', 'int']}
