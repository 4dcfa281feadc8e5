"""Accounts of a container and the words of what stands in the way, against the vectors that the Swift side passes too."""
import json
import os

import pytest

from support import core
from support.namespace import namespace

FOLDER = os.path.join(core.ROOT, 'Tests', 'Vectors')
ENTER = namespace('enter')


def vectors(*path):
    with open(os.path.join(FOLDER, *path)) as f:
        return json.load(f)


@pytest.mark.parametrize('case', vectors('accounts.json'), ids=lambda case: case['name'])
def test_accounts_are_found_in_files_of_that_form(case):
    text = [case[key].encode() for key in ('passwd', 'group')]
    user, group = ENTER['split_user'](case['user'] + (':' + case['group_name'] if 'group_name' in case else ''))
    try:
        found = ENTER['find_account'](text[0], text[1], user, group)
    except ENTER['EntryError'] as e:
        assert e.obstacle == case['missing']
        return
    assert dict((key, value.decode() if isinstance(value, bytes) else value)
                for key, value in vars(found).items()) == case['account']


@pytest.mark.parametrize('text,parts', [
    ('', (b'0', None)), ('app', (b'app', None)), (':web', (b'0', b'web')), ('app:', (b'app', None)), (u'\u00e4:b:c', (b'\xc3\xa4', b'b:c'))])
def test_a_user_may_bring_a_group(text, parts):
    assert ENTER['split_user'](text) == parts


@pytest.mark.parametrize('case', vectors('launch', 'entering.json'), ids=lambda case: '%s %d' % (case['obstacle'], case['errno']))
def test_obstacles_are_explained(case):
    plan = {'description': 'setns into docker container web', 'enter': {'pid': 42, 'user': case['user']}}
    assert ENTER['entry_failure'](plan, case['obstacle'], case['errno']) == (case['code'], case['message'], case['hint'])


@pytest.mark.parametrize('case', vectors('launch', 'environments.json'), ids=lambda case: case['name'])
def test_a_program_begins_with_the_accounts_variables_and_the_plans_changes(case):
    account = ENTER['find_account'](b'app:x:7301:7302::/home/app:/bin/ash\n', b'', case['user'].encode(), None)
    found = ENTER['entry_environment'](account, case['changes'])
    assert dict((name, value.decode() if isinstance(value, bytes) else value) for name, value in found.items()) == case['environment']


def test_what_is_executed_is_looked_for_as_a_shell_would():
    assert ENTER['entry_candidates'](b'python3', b'/usr/bin::/bin') == [b'/usr/bin/python3', b'./python3', b'/bin/python3']
    assert ENTER['entry_candidates'](b'./python3', b'/usr/bin') == [b'./python3']
