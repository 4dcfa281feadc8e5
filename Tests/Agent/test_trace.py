"""The operation trace: a log file of the node's own."""
import json
import os
import stat

import pytest

from support import core, programs
from support.controller import RemoteError, wire

TRACE = core.part('trace')
EXEC = core.part('exec')


@pytest.fixture
def path(agent):
    """Where the log file of the agent is to be; removed with the test."""
    path = '/tmp/mitogen.%d.log' % agent.hello['pid']
    yield path
    if os.path.lexists(path):
        os.unlink(path)


def trace(agent):
    agent.supply(TRACE)
    return json.loads(agent.answer(agent.request({'op': 'trace', 'part': TRACE[0].hex()}))[0].decode())


def lines(path):
    """Without their times."""
    with open(path) as f:
        return [line.split(' ', 1)[1] for line in f.read().splitlines()]


def test_the_file_has_what_happens_and_no_more(agent, path):
    assert trace(agent) == {'path': path}
    agent.supply(EXEC)
    call = {'argv': ['sh', '-c', 'cat; echo "$1"', 'x', 'an argument'], 'environment': {'A': 'a value'}}
    secrets = json.dumps({'password': 'hush'}).encode()
    agent.answer(agent.request({'op': 'exec', 'part': EXEC[0].hex()}, json.dumps(call).encode(), b'some input', secrets))
    first, *others = lines(path)
    assert first.startswith('node 7, Python ') and first.endswith(', pid %d' % agent.hello['pid'])
    assert others == ['stream 1: end', 'stream 2: exec', 'stream 2: end']


def test_what_is_waited_for_is_in_it(agent, path):
    trace(agent)
    program = programs.Program('print(1)')
    stream = agent.start(program)
    agent.wait(lambda frame: frame[2] == wire.NEED)
    assert lines(path)[-2:] == ['stream 2: run', 'needs 1 blobs']
    agent.supply(*program.blobs)
    agent.result(stream)
    assert lines(path)[-1] == 'stream 2: end'


def test_what_is_logged_is_in_it_at_any_level(agent, path):
    """A kind of frame that the controller does not know."""
    trace(agent)
    agent.send(0, 0, wire.UNSUPPORTED, b'\x63')
    agent.run(programs.Program(''))
    assert 'warning: agent: the controller does not know frames of kind ' in '\n'.join(lines(path))


def test_it_is_for_its_account_alone_and_made_anew(agent, path, tmp_path):
    other = tmp_path / 'other'
    other.write_text('untouched\n')
    os.symlink(str(other), path)
    trace(agent)
    status = os.lstat(path)
    assert stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o600
    assert other.read_text() == 'untouched\n'


def test_a_file_that_cannot_be_made_is_said(agent, path):
    os.mkdir(path)
    try:
        with pytest.raises(RemoteError) as e:
            trace(agent)
    finally:
        os.rmdir(path)
    assert e.value.code == 'internal' and path in str(e.value)
