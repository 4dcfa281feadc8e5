"""From exec to HELLO, against the vectors that the Swift launcher passes too."""
import json
import os

import pytest

from support import core
from support.namespace import namespace

FOLDER = os.path.join(core.ROOT, 'Tests', 'Vectors')
LAUNCH = namespace('launch')


def vectors(*path):
    with open(os.path.join(FOLDER, *path)) as f:
        return json.load(f)


CASES = [pytest.param(case, id='%s: %s' % (name, case['name']))
         for name in ('marker', 'prompts', 'ends', 'texts') for case in vectors('launch', name + '.json')]


def happen(machine, event, pieces):
    (name, value), = event.items()
    if name in ('stdout', 'stderr', 'tty'):
        data = value.encode('utf-8')
        for piece in [data] if not pieces else [data[at:at + 1] for at in range(len(data))]:
            for action in machine.received(piece, name):
                yield action
        return
    actions = {
        'exited': lambda: machine.ended(value << 8), 'signalled': lambda: machine.ended(value),
        'deadline': machine.deadline_passed, 'again': lambda: machine.search_began() or [],
         'hello': machine.hello_received}[name]()
    for action in actions:
        yield action


def as_vector(action):
    name = action[0]
    if name == 'answer':
        return {'answer': action[1], 'to': action[2]}
    if name == 'deliver':
        return {'deliver': action[1].decode('utf-8')}
    if name in ('fail', 'keep_shell'):
        return {name: {'code': action[1], 'message': action[2], 'hint': action[3]}}
    return {name: action[1] if name == 'log' else True}


@pytest.mark.parametrize('pieces', [False, True], ids=['whole', 'bytes'])
@pytest.mark.parametrize('case', CASES)
def test_events_cause_actions(case, pieces):
    if pieces and case.get('whole'):
        return
    machine = LAUNCH['LaunchMachine'](case['plan'], case['secrets'], case['nonce'], case['candidates'])
    for step in case['steps']:
        got = [as_vector(action) for action in happen(machine, step['event'], pieces)]
        assert got == step['actions'], step['event']


@pytest.mark.parametrize('case', vectors('quoting.json'), ids=lambda c: c['quoted'][:40])
def test_commands_are_quoted_for_any_shell(case):
    assert LAUNCH['quote_command'](case['argv']) == case['quoted']


@pytest.mark.parametrize('name,text', [
    ('first_stage', 'FIRST_STAGE'), ('first_stage_tty', 'FIRST_STAGE_TTY'), ('discovery', 'DISCOVERY'),
    ('trial', 'TRIAL'), ('trial_configured', 'TRIAL_CONFIGURED')])
def test_the_texts_are_the_shared_ones(name, text):
    with open(os.path.join(FOLDER, 'bootstrap', name + '.txt')) as f:
        assert LAUNCH[text] == f.read().rstrip('\n')


@pytest.mark.parametrize('case', vectors('launch', 'retries.json'), ids=lambda case: case['name'])
def test_what_may_pass_is_tried_again_after_growing_pauses(case):
    retries = LAUNCH['LaunchRetries']({'retries': case['retries']})
    pauses = list(iter(lambda: retries.failed(case['code']), None))
    assert (pauses[:len(case['pauses'])], len(pauses)) == (case['pauses'], case['count'])


def test_a_plan_that_says_nothing_of_it_is_not_tried_again():
    assert LAUNCH['LaunchRetries']({}).failed('unreachable') is None
