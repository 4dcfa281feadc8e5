"""What goes with a command that Ansible's become plugins have wrapped."""
import pytest


@pytest.mark.parametrize('become', ['sudo', 'su'])
def test_prompts_have_rules_and_the_secret_a_slot(series, become):
    answer = series.ask('become_rules', become, {'ansible_become_password': 'hush'})
    first, *others = answer['rules']
    assert first == {'match': 'contains', 'text': answer['success'], 'then': {'begin': True}}
    assert answer['secrets'] == {'become_password': 'hush'}
    assert {'send': 'become_password'} in [rule['then'] for rule in others]
    failures = {rule['then']['fail']['message'] for rule in others if 'fail' in rule['then']}
    assert 'Incorrect %s password' % become in failures
    assert 'hush' not in str(answer['rules'])


def test_without_a_password_nothing_is_sent(series):
    answer = series.ask('become_rules', 'sudo', {})
    assert answer['secrets'] == {} and not any('send' in rule['then'] for rule in answer['rules'])


@pytest.mark.parametrize('output, keeps_front, rest', [
    ('BECOME-SUCCESS-x\nout\n', True, 'out\n'),
    ('\r\nBECOME-SUCCESS-x\r\nout\r\n', True, '\r\nout\r\n'),
    ('lecture\nBECOME-SUCCESS-x\nout\n', False, 'out\n'),
    ('BECOME-SUCCESS-x', True, ''),
    ('nothing of the kind\n', True, 'nothing of the kind\n'),
])
def test_the_success_line_is_taken_out(series, output, keeps_front, rest):
    assert series.ask('without_success', output, 'BECOME-SUCCESS-x', keeps_front) == rest


@pytest.mark.parametrize('method, words', [('su', 'Timeout waiting for privilege escalation prompt: '), ('ssh', '')])
def test_a_timeout_is_told_in_ansibles_words(series, method, words):
    """Playbooks look for them, and the host is unreachable as with stock."""
    message = '%s to x on web1: no Python was started within 3 s' % method
    assert series.ask('told', 'timeout', message, {'method': method}) == ['AnsibleConnectionFailure', words + message]
