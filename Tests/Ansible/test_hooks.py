"""What we rely on in ansible-core, in each series, and what happens where it is not so."""
import pytest


def test_nothing_that_we_rely_on_has_changed(series):
    assert series.ask('mismatches') == []


def test_a_change_is_named(series):
    said = series.ask('changed_signature')
    assert any('_make_tmp_path takes (something_new), not (remote_user)' in line for line in said)
    assert any('_transfer_data is missing' in line for line in said)


def test_a_known_version_has_both_tiers(series):
    assert series.ask('tier', None) == {'module_tier': True, 'replaced': True, 'ours': True}


@pytest.mark.parametrize('version', [[2, 22], [3, 0], [2, 15]])
def test_another_version_has_the_connection_tier_only(series, version):
    assert series.ask('tier', version) == {'module_tier': False, 'replaced': False, 'ours': True}


@pytest.mark.parametrize('name', ['ssh', 'local', 'ansible.builtin.ssh', 'ansible.legacy.local'])
def test_the_connection_keeps_vanillas_identity(series, name):
    answer = series.ask('identity', name)
    assert answer['accelerated']
    assert answer['ours'] == answer['vanilla']
    assert answer['attributes'] == []


def test_other_connections_are_not_touched(series):
    for name in ('winrm', 'psrp', 'paramiko_ssh'):
        try:
            answer = series.ask('identity', name)
        except AssertionError:
            # Not every series has them all.
            continue
        assert not answer['accelerated']


def test_a_method_that_ansible_has_no_plugin_for(series):
    variables = {'ansible_host': 'inner', 'made_up_depth': '3', 'ansible_become_user': 'app', 'ansible_become_password': 'hush'}
    answer = series.ask('without_a_plugin_of_ansibles', 'madeup', 'madeupbecome', variables)
    connection, become = answer['hops']
    assert (connection['method'], connection['options']) == ('madeup', {'remote_addr': 'inner', 'depth': 3})
    assert (become['method'], become['options']) == ('madeupbecome', {'become_user': 'app'})
    assert become['secrets'] == {'password': 'hush'}
    assert answer['transport'] == 'madeup' and answer['inactive']
