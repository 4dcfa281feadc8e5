"""Children without Python: the agent keeps their shell, passes bytes on, and has it look again."""
import json
import os
import sys
import tempfile

import pytest

from support import hops
from support.controller import NODE, RemoteError, wire

NOWHERE = '/nowhere/python'


def start(agent, child, candidates, python=None, **header):
    plan = hops.local(interpreter='discover', description='host', argv=['env', {'bootstrap': 'argv'}])
    agent.supply(hops.LAUNCH)
    hello = {'mitogen': 1, 'features': [], 'node': child, 'deflate': False, 'keepalive': {'interval': 30, 'count': 10}}
    header = dict({'op': 'open', 'child': child, 'part': hops.LAUNCH[0].hex(), 'python': python,
                   'candidates': candidates}, **header)
    return agent.request(header, json.dumps(plan).encode(), b'{}', b'', json.dumps(hello).encode())


def opened(agent, child, candidates, **more):
    return json.loads(agent.answer(start(agent, child, candidates, **more))[0].decode())


def converse(agent, child):
    return agent.request({'op': 'shell', 'child': child, 'part': hops.LAUNCH[0].hex()})


def tell(agent, stream, line):
    agent.send(NODE, stream, wire.DATA, line, rank=1)


def said(agent, stream, mark, text):
    seen = b''
    while text not in seen:
        frame = agent.wait(lambda f: f[:3] == (NODE, stream, wire.DATA) and f[4][:1] == mark)
        seen += frame[4][1:]
    return seen


def test_the_shell_stays_and_hears_and_says(agent):
    notice = opened(agent, 20, [NOWHERE])
    assert notice['shell'] is True and notice['code'] == 'no_python'
    assert notice['message'] == 'host: no Python was found; looked for: ' + NOWHERE
    stream = converse(agent, 20)
    tell(agent, stream, b'_m=1;echo out $((6*7));echo err >&2\n')
    assert said(agent, stream, b'\1', b'\n') == b'out 42\n'
    assert said(agent, stream, b'\2', b'\n') == b'err\n'


def test_much_passes_in_both_directions(agent):
    opened(agent, 20, [NOWHERE])
    stream = converse(agent, 20)
    data = os.urandom(1000) * 200
    tell(agent, stream, b'_m=1;head -c %d|tee /dev/stderr\n' % len(data) + data)
    out = b''
    err = b''
    while len(out) < len(data) or len(err) < len(data):
        frame = agent.wait(lambda f: f[:3] == (NODE, stream, wire.DATA))
        if frame[4][:1] == b'\1':
            out += frame[4][1:]
        else:
            err += frame[4][1:]
    assert out == err == data


def test_it_looks_again_in_the_same_process(agent):
    with tempfile.TemporaryDirectory() as folder:
        python = os.path.join(folder, 'python')
        opened(agent, 20, [python])
        stream = converse(agent, 20)
        tell(agent, stream, b'_m=1;echo $$\n')
        shell = int(said(agent, stream, b'\1', b'\n'))
        assert opened(agent, 21, [python], shell=20, line='_m=\n')['shell'] is True
        assert agent.answer(stream) == [b'{}']
        with pytest.raises(RemoteError):
            agent.answer(converse(agent, 20))
        os.symlink(sys.executable, python)
        assert opened(agent, 22, [python], shell=21, line='_m=\n')['pid'] == shell
        assert hops.close(agent, 22)['code'] == 'closed'


@pytest.mark.parametrize('status', [126, 127])
def test_a_python_that_cannot_run_is_none(agent, status):
    """126 is also what the first stage says of a Python that is too old."""
    with tempfile.TemporaryDirectory() as folder:
        python = os.path.join(folder, 'python')
        with open(python, 'w') as f:
            f.write('#!/bin/sh\nexit %d\n' % status)
        os.chmod(python, 0o755)
        assert opened(agent, 20, [python])['shell'] is True
        stream = converse(agent, 20)
        tell(agent, stream, b'_m=1;echo here\n')
        assert said(agent, stream, b'\1', b'\n') == b'here\n'


def test_the_configured_interpreter_is_tried_by_a_shell_when_it_is_not_there(agent):
    notice = opened(agent, 20, [], python=[NOWHERE, '-B'])
    assert notice['shell'] is True and 'could not be started (exit status 127)' in notice['message']


def test_the_end_of_a_shell_is_told(agent):
    opened(agent, 20, [NOWHERE])
    stream = converse(agent, 20)
    tell(agent, stream, b'exit 5\n')
    with pytest.raises(RemoteError) as error:
        agent.answer(stream)
    assert error.value.code == 'node_lost'
    assert 'exit status 5' in str(error.value)
    with pytest.raises(RemoteError):
        opened(agent, 21, [NOWHERE], shell=20, line='_m=\n')


def test_a_shell_ends_when_its_user_leaves(agent):
    opened(agent, 20, [NOWHERE])
    stream = converse(agent, 20)
    tell(agent, stream, b'_m=1;trap "echo ended" EXIT\n')
    agent.send(NODE, stream, wire.END, b'', rank=1)
    assert agent.answer(stream) == [b'{}']
