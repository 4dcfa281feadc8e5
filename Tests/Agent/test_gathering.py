"""A large file comes through a pipe: what comes gathers there, and nothing else is different."""
import fcntl
import os

import pytest

from support import pythons
from support.controller import NODE, Controller, wire
from support.files import begin_put, go_on, names, put, refused, sum_of

BIG = os.urandom(3000000)
GET_PIPE_SIZE = 1032
USUAL = 65536


@pytest.fixture(params=pythons.FEW, ids=pythons.FEW_NAMES)
def agent(request):
    controller = Controller(request.param, piped=True)
    yield controller
    if controller.process.poll() is None:
        controller.end()


def room(agent):
    return fcntl.fcntl(agent.link.pipe, GET_PIPE_SIZE)


def begin(agent, place, key):
    """A transfer of which the beginning is there."""
    stream, _ = begin_put(agent, place, len(BIG), key)
    agent.send(NODE, stream, wire.DATA, bytes(8), rank=3)
    agent.send(NODE, stream, wire.DATA, BIG[:131072], rank=3)
    agent.wait(lambda f: f[1] == stream and f[2] == wire.CREDIT)
    return stream


def test_a_large_file_gets_a_larger_pipe_and_comes_whole(agent, tmp_path):
    put(agent, tmp_path / 'small', BIG[:200000])
    assert room(agent) == USUAL
    for name in ('first', 'second'):
        stream, _ = begin_put(agent, tmp_path / name, len(BIG), key='00112233aa%02x' % len(name))
        assert room(agent) == 1 << 20
        assert go_on(agent, stream, BIG, 0)['sha256'] == sum_of(BIG)
        assert (tmp_path / name).read_bytes() == BIG


def test_others_are_answered_meanwhile_and_behind_it(agent, tmp_path):
    stream = begin(agent, tmp_path / 'large', '00112233aabb')
    put(agent, tmp_path / 'small', b'beside')
    agent.send(NODE, stream, wire.CANCEL)
    assert refused(agent.answer, stream) == 'cancelled'
    put(agent, tmp_path / 'other', b'behind')
    assert (tmp_path / 'small').read_bytes() == b'beside' and (tmp_path / 'other').read_bytes() == b'behind'


def test_one_goes_on_when_another_has_ended(agent, tmp_path):
    first = begin(agent, tmp_path / 'first', '00112233aabb')
    second, _ = begin_put(agent, tmp_path / 'second', len(BIG), '00112233aabc')
    agent.send(NODE, first, wire.CANCEL)
    assert refused(agent.answer, first) == 'cancelled'
    assert go_on(agent, second, BIG, 0)['sha256'] == sum_of(BIG)


def test_the_end_of_the_pipe_is_the_end_of_the_node(agent, tmp_path):
    begin(agent, tmp_path / 'large', '00112233aabb')
    agent.link.close()
    assert agent.process.wait(20) == 0
    agent.process.stderr.close()
    assert names(tmp_path / 'large') == ['.large.00112233aabb.mitogen-part']
