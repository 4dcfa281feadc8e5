"""`mitogen_via`: whose hops come before a host's own."""
import pytest

BASTION = {'ansible_host': '10.0.0.1', 'ansible_user': 'ops', 'ansible_password': 'hush-bastion',
           'ansible_python_interpreter': '/opt/bastion/python'}


def hops(series, hosts, name, become=None):
    answer = series.ask('delegated', hosts, name, become)
    assert 'error' not in answer, answer
    return answer['hops']


def error(series, hosts, name):
    return series.ask('delegated', hosts, name)['error']


def places(route):
    return [(hop['method'], hop['name'], hop['options'].get('remote_user') or hop['options'].get('become_user'))
            for hop in route]


def test_a_hop_has_the_variables_of_its_own_host(series):
    first, second = hops(series, {
        'bastion': BASTION, 'web': {'mitogen_via': 'bastion', 'ansible_host': 'web.inside', 'ansible_user': 'deploy'}}, 'web')
    assert first['name'] == 'bastion'
    assert first['options']['host'] == '10.0.0.1' and first['options']['remote_user'] == 'ops'
    assert first['secrets'] == {'password': 'hush-bastion'}
    assert first['python'] == ['/opt/bastion/python']
    assert second['options']['host'] == 'web.inside' and second['options']['remote_user'] == 'deploy'
    assert second['secrets'] == {} and second['python'] is None


def test_a_hop_is_the_same_node_as_the_host_itself(series):
    hosts = {'bastion': BASTION, 'web': {'mitogen_via': 'bastion'}}
    assert hops(series, hosts, 'web')[:1] == hops(series, hosts, 'bastion')


def test_variables_of_a_hop_are_evaluated_with_its_own(series):
    hosts = {'bastion': {'ansible_user': '{{ team }}', 'team': 'ops'},
             'web': {'mitogen_via': '{{ through }}', 'through': 'bastion', 'team': 'dev', 'ansible_user': '{{ team }}'}}
    assert places(hops(series, hosts, 'web')) == [('ssh', 'bastion', 'ops'), ('ssh', 'web', 'dev')]


def test_five_deep(series):
    hosts = {'h%d' % n: {'mitogen_via': 'h%d' % (n - 1), 'ansible_user': 'u%d' % n} for n in range(1, 6)}
    hosts['h0'] = {'ansible_user': 'u0'}
    assert places(hops(series, hosts, 'h5')) == [('ssh', 'h%d' % n, 'u%d' % n) for n in range(6)]


@pytest.mark.parametrize('via, method', [
    ('root@bastion', 'sudo'), ('sudo:root@bastion', 'sudo'), ('ansible.builtin.sudo:root@bastion', 'sudo')])
def test_an_account_on_the_way(series, via, method):
    bastion = dict(BASTION, ansible_become_password='hush-root', ansible_become_user='nobody')
    route = hops(series, {'bastion': bastion, 'web': {'mitogen_via': via}}, 'web')
    assert [hop['method'] for hop in route] == ['ssh', method, 'ssh']
    assert route[1]['options'].get('become_user', 'root') == 'root', 'and not what bastion says of its own tasks'
    assert route[1]['secrets'] == {'password': 'hush-root'}
    assert route[1]['name'] == 'bastion'


def test_the_tasks_become_stands_last(series):
    web = {'mitogen_via': 'root@bastion', 'ansible_become_user': 'app'}
    route = hops(series, {'bastion': BASTION, 'web': web}, 'web', 'sudo')
    assert [hop['method'] for hop in route] == ['ssh', 'sudo', 'ssh', 'sudo']
    assert route[3]['options']['become_user'] == 'app'


def test_a_stranger_is_an_ssh_host(series):
    route = hops(series, {'web': {'mitogen_via': 'access@gateway.example'}}, 'web')
    assert places(route)[0] == ('ssh', 'gateway.example', 'access')
    assert route[0]['options']['host'] == 'gateway.example'


def test_an_inventory_with_a_stranger_far_away(series):
    hosts = {'dc1': {'mitogen_via': 'access@gateway.example'}, 'web': {'mitogen_via': 'dc1'}}
    assert [hop['name'] for hop in hops(series, hosts, 'web')] == ['gateway.example', 'dc1', 'web']


def test_circles_are_refused_by_name(series):
    hosts = {'a': {'mitogen_via': 'b'}, 'b': {'mitogen_via': 'c'}, 'c': {'mitogen_via': 'b'}}
    assert 'goes in a circle: b through c through b' in error(series, hosts, 'a')
    assert 'goes in a circle: a through a' in error(series, {'a': {'mitogen_via': 'a'}}, 'a')


@pytest.mark.parametrize('via', ['nowhere', 'sudo:root@nowhere'])
def test_unknown_hosts_are_refused_by_name(series, via):
    assert 'mitogen_via of web is "nowhere", which is not in the inventory' in error(series, {'web': {'mitogen_via': via}}, 'web')


@pytest.mark.parametrize('via', ['@bastion', 'root@', ':root@bastion', ' '])
def test_what_is_no_via_is_refused(series, via):
    assert 'it must be NAME, USER@NAME or METHOD:USER@NAME' in error(series, {'bastion': {}, 'web': {'mitogen_via': via}}, 'web')


def test_a_connection_that_is_not_ours_carries_nothing(series):
    hosts = {'switch': {'ansible_connection': 'ansible.builtin.psrp'}, 'web': {'mitogen_via': 'switch'}}
    assert 'leads through switch, whose connection is "ansible.builtin.psrp"' in error(series, hosts, 'web')


def test_a_become_method_that_is_not_ours_carries_nothing(series):
    hosts = {'bastion': BASTION, 'web': {'mitogen_via': 'ansible.builtin.runas:root@bastion'}}
    assert 'is to become root by "ansible.builtin.runas"' in error(series, hosts, 'web')


def test_an_undefined_variable_of_a_hop_names_the_hop(series):
    hosts = {'bastion': {'ansible_user': '{{ not_there }}'}, 'web': {'mitogen_via': 'bastion'}}
    message = error(series, hosts, 'web')
    assert 'ansible_user of bastion' in message and 'not_there' in message


def test_an_empty_via_is_none(series):
    assert [hop['name'] for hop in hops(series, {'web': {'mitogen_via': ''}}, 'web')] == ['web']
