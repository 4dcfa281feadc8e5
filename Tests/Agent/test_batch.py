"""The part `batch`: several runs of one program in one call."""
import json
import os

import pytest

from support import core
from support.controller import wire
from support.programs import Program

MODULE = """
import json, os, sys
call = json.loads(arguments.decode())
if call.get('read'):
    print(open(call['read']).read())
    if call.get('take'):
        os.unlink(call['read'])
print(call['say'])
sys.stderr.write(call['say'].upper())
sys.exit(call.get('rc', 0))
"""


@pytest.fixture
def batch(agent, tmp_path):
    """Runs (arguments, content or None) of one program; [(written on stdout, code)], and the same of stderr."""
    directory = str(tmp_path / 'own')
    program = Program(MODULE)
    name, part = core.part('batch')
    agent.supply((name, part), *program.blobs)

    def run(*runs):
        parts = []
        for arguments, content in runs:
            path = '' if content is None else directory + '/.source'
            if path:
                arguments = dict(arguments, read=path)
            parts += [json.dumps(arguments).encode(), path.encode(), content or b'']
        call = {'batch': {'mark': 'f00d', 'directory': directory}}
        stream = agent.request({'op': 'run', 'program': program.name, 'through': name.hex()}, json.dumps(call).encode(), wire.encode_parts(parts))
        meta, out, err = agent.result(stream)
        assert meta['rc'] == 0
        assert not os.path.exists(directory) or os.listdir(directory) == []
        return out, err
    return run


def test_each_run_has_its_arguments_and_its_output(batch):
    assert batch(({'say': 'a'}, None), ({'say': 'b'}, None)) == (b'a\n\nf00d 0\nb\n\nf00d 0\n', b'A\nf00d 0\nB\nf00d 0\n')


def test_a_file_lies_there_for_its_run_alone(batch):
    out, _ = batch(({'say': 'a', 'take': True}, b'one'), ({'say': 'b'}, b'two'), ({'say': 'c'}, b''))
    assert out.split(b'\nf00d 0\n') == [b'one\na\n', b'two\nb\n', b'\nc\n', b'']


def test_behind_one_that_fails_none_is_run(batch):
    out, err = batch(({'say': 'a'}, None), ({'say': 'b', 'rc': 3}, b'x'), ({'say': 'c'}, None))
    assert (out, err) == (b'a\n\nf00d 0\nx\nb\n\nf00d 3\n', b'A\nf00d 0\nB\nf00d 3\n')


def test_many_runs_take_one_call(batch):
    out, _ = batch(*[({'say': str(n)}, b'%d' % n) for n in range(500)])
    assert [piece.split(b'\n')[0] for piece in out.split(b'\nf00d 0\n')[:-1]] == [b'%d' % n for n in range(500)]
