"""What tasks change around a node that lives on: the next one finds it as a new process would."""
import json
import os
import shutil
import time

import pytest

from etc_copy import copy_etc
from support import core, pythons
from support.controller import Controller
from support.programs import Program

EXEC = core.part('exec')
LOOK = Program('import json, os, time\nprint(json.dumps([os.getpid(), dict(os.environ), time.tzname[0], time.localtime(0)[3]]))')


def pure():
    scope = {'__name__': 'environment'}
    exec(compile(core.source('core') + core.source('surroundings'), 'part', 'exec'), scope)
    return scope


RULES = [
    # before, after, environment, changes
    ({}, {'A': '1'}, {}, {'A': '1'}),
    ({}, {'A': '1'}, {'A': '1'}, {}),
    ({}, {'A': '1'}, {'A': 'elsewhere'}, {}),
    ({'A': '1'}, {'A': '2'}, {'A': '1'}, {'A': '2'}),
    ({'A': '1'}, {'A': '2'}, {}, {'A': '2'}),
    ({'PATH': '/bin'}, {'PATH': '/bin:/x'}, {'PATH': '/bin:/home/bin'}, {}),
    ({'A': '1'}, {}, {'A': '1'}, {'A': None}),
    ({'A': '1'}, {}, {'A': '2'}, {}),
    ({'A': '1'}, {}, {}, {}),
    ({'A': '1'}, {'A': '1'}, {}, {}),
    ({'A': '1', 'B': '1'}, {'B': '2', 'C': '3'}, {'A': '1', 'B': '1'}, {'A': None, 'B': '2', 'C': '3'}),
]


@pytest.mark.parametrize('before,after,environment,changes', RULES)
def test_the_four_rules(before, after, environment, changes):
    assert pure()['environment_changes'](before, after, environment) == changes


LINES = [
    ('A=1', {'A': '1'}), ('export A=1', {'A': '1'}), ('  A=1  # why', {'A': '1'}), ('#A=1', {}), ('A="x y"', {'A': 'x y'}),
    ("A='x'", {'A': 'x'}), ('A=', {'A': ''}), ('A', {}), ('A-B=1', {}), ('A=x=y', {'A': 'x=y'}), ('A B=1', {}), ('=1', {}),
    ('A DEFAULT=1', {'A': '1'}), ('A DEFAULT=1 OVERRIDE=2', {'A': '2'}), ('A OVERRIDE=2', {'A': '2'}),
    ('A  DEFAULT="x y"', {'A': 'x y'}), ('A DEFAULT=@{HOME}/x', {'A': '/home/me/x'}), ('A DEFAULT=${HOME}', {'A': '/home/me'}),
    ('A=1\nA=2', {'A': '2'}), ('A="', {'A': ''}), ('\0', {}),
]


@pytest.mark.parametrize('text,found', LINES, ids=[repr(text) for text, _ in LINES])
def test_lines_are_read_as_pam_env_reads_them(text, found, monkeypatch):
    monkeypatch.setenv('HOME', '/home/me')
    assert pure()['environment_of'](text.encode()) == found


class Machine(object):
    """An agent with an /etc of its own, which the test writes."""

    def __init__(self, python, folder):
        self.etc, self.home = folder / 'etc', folder / 'home'
        copy_etc(self.etc, without=('ssl', 'alternatives'))
        self.home.mkdir()
        (self.etc / 'environment').write_text('KEPT=1\n')
        enter = folder / 'python'
        enter.write_text('#!/bin/sh\nexec unshare -m sh -c \'mount --make-rprivate / && mount --bind %s /etc && exec %s "$@"\' sh "$@"\n'
                         % (self.etc, python))
        enter.chmod(0o755)
        environment = dict(os.environ, HOME=str(self.home), KEPT='1', OTHER='elsewhere')
        environment.pop('TZ', None)
        self.agent = Controller(str(enter), environment=environment)

    def look(self):
        meta, out, err = self.agent.run(LOOK)
        assert meta == {'rc': 0}, err
        return json.loads(out.decode())

    def environment(self):
        return self.look()[1]

    def command(self, command):
        self.agent.supply(EXEC)
        stream = self.agent.request({'op': 'exec', 'part': EXEC[0].hex()}, json.dumps({'command': command}).encode(), b'')
        return self.agent.answer(stream)[1].decode()


@pytest.fixture(params=pythons.FEW, ids=pythons.FEW_NAMES)
def machine(request, tmp_path):
    machine = Machine(request.param, tmp_path)
    yield machine
    machine.agent.end()


def test_etc_environment_is_what_new_sessions_get(machine):
    before = machine.environment()
    (machine.etc / 'environment').write_text('KEPT=2\nNEW="a value"\nOTHER=ignored\n')
    after = machine.environment()
    assert after == dict(before, KEPT='2', NEW='a value')
    assert machine.command('echo $KEPT $NEW $OTHER') == '2 a value elsewhere\n'
    (machine.etc / 'environment').write_text('NEW=b\n')
    assert machine.environment() == dict((k, v) for k, v in dict(before, NEW='b').items() if k != 'KEPT')
    (machine.etc / 'environment').unlink()
    assert machine.command('echo "$KEPT$NEW$OTHER"') == 'elsewhere\n'
    assert 'NEW' not in machine.environment()


def test_the_accounts_own_file_counts_too(machine):
    machine.environment()
    (machine.home / '.pam_environment').write_text('MINE DEFAULT=@{HOME}/mine\n')
    assert machine.environment()['MINE'] == '%s/mine' % machine.home


@pytest.mark.parametrize('name', ['resolv.conf', 'nsswitch.conf', 'host.conf', 'gai.conf'])
def test_executors_that_may_have_read_a_file_are_renewed(machine, name):
    machine.look()
    warm = machine.look()[0]
    assert machine.look()[0] == warm
    (machine.etc / name).write_text('# another\n')
    renewed = machine.look()[0]
    assert renewed != warm
    assert machine.look()[0] == renewed


def test_the_time_zone_is_the_systems_as_it_is_now(machine):
    localtime = machine.etc / 'localtime'
    if localtime.is_symlink() or localtime.exists():
        localtime.unlink()
    shutil.copy('/usr/share/zoneinfo/UTC', localtime)
    assert machine.look()[2:] == ['UTC', 0]
    localtime.unlink()
    shutil.copy('/usr/share/zoneinfo/Asia/Tokyo', localtime)
    assert [machine.look()[2:] for _ in range(3)] == [['JST', 9]] * 3


def test_a_busy_executor_is_renewed_when_it_is_done(machine):
    wait = Program('import os\nfd = os.open(arguments, os.O_RDONLY)\nos.read(fd, 1)\nos.close(fd)\nprint(os.getpid())')
    machine.agent.supply(*wait.blobs)
    pipe = str(machine.home / 'pipe')
    os.mkfifo(pipe)
    stream = machine.agent.start(wait, pipe.encode())
    begun = os.open(pipe, os.O_WRONLY)
    (machine.etc / 'resolv.conf').write_text('# another\n')
    machine.look()
    os.close(begun)
    busy = int(machine.agent.result(stream)[1])
    assert busy not in [machine.look()[0] for _ in range(3)]


def test_a_check_is_cheap():
    scope = pure()
    surroundings = scope['Surroundings'](None)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        surroundings.check()
        times.append(time.perf_counter() - start)
    print('a look at the surroundings: %d us' % (min(times) * 1e6))
    assert min(times) < 100e-6
