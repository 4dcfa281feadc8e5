"""What a node keeps of what it passes on, and sends on again when it is told to."""
import hashlib
import json
import os
import struct

import pytest

from support import hops
from support.controller import NODE, RemoteError, wire
from support.files import FILES

KEEP, REPEAT, LOST = 24, 25, 15
NAME = b'source'
BIG = os.urandom(500000)
PIECE = 65536


def place(hop, offset):
    return struct.pack('>I6sQ', hop, NAME, offset)


def begin(agent, child, path, size=len(BIG)):
    agent.supply(FILES, node=child)
    header = {'op': 'put', 'part': FILES[0].hex(), 'size': size, 'summed': True, 'window': 1 << 20}
    return agent.request(header, json.dumps({'path': str(path), 'size': size}).encode(), node=child, rank=3)


def finish(agent, child, stream, data=BIG):
    agent.send(child, stream, wire.DATA, hashlib.sha256(data).digest(), rank=3)
    agent.send(child, stream, wire.END, rank=3)
    return json.loads(agent.answer(stream, node=child)[0].decode())


def keep(agent, child, stream, hop=NODE, data=BIG):
    for at in range(0, len(data), PIECE):
        agent.send(child, stream, KEEP, place(hop, at) + data[at:at + PIECE], rank=3)


def again(agent, child, stream, offset=0, size=len(BIG), hop=NODE):
    for at in range(offset, size, PIECE):
        agent.send(child, stream, REPEAT, place(hop, at) + wire.U32.pack(min(PIECE, size - at)), rank=3)


@pytest.fixture
def children(agent):
    """Two nodes behind the agent."""
    for child in (20, 21):
        hops.opened(agent, child, hops.local())
    return 20, 21


def test_what_is_kept_is_passed_on_and_sent_again(agent, children, tmp_path):
    for child, how in zip(children, (keep, again)):
        stream = begin(agent, child, tmp_path / str(child))
        how(agent, child, stream)
        assert finish(agent, child, stream)['sha256'] == hashlib.sha256(BIG).hexdigest()
        assert (tmp_path / str(child)).read_bytes() == BIG


def test_one_order_may_be_for_all_of_it(agent, children, tmp_path):
    keep(agent, 20, begin(agent, 20, tmp_path / 'first'))
    stream = begin(agent, 21, tmp_path / 'second')
    agent.send(21, stream, REPEAT, place(NODE, 0) + wire.U32.pack(len(BIG)), rank=3)
    finish(agent, 21, stream)
    assert (tmp_path / 'second').read_bytes() == BIG


def test_some_of_it_may_come_from_the_hop_and_the_rest_from_above(agent, children, tmp_path):
    stream = begin(agent, 20, tmp_path / 'first')
    keep(agent, 20, stream, data=BIG[:4 * PIECE])
    second = begin(agent, 21, tmp_path / 'second')
    again(agent, 21, second, size=4 * PIECE)
    for at in range(4 * PIECE, len(BIG), PIECE):
        agent.send(21, second, KEEP, place(NODE, at) + BIG[at:at + PIECE], rank=3)
    finish(agent, 21, second)
    again(agent, 20, stream, offset=4 * PIECE)
    finish(agent, 20, stream)
    assert (tmp_path / 'first').read_bytes() == (tmp_path / 'second').read_bytes() == BIG


def test_what_was_never_kept_is_said_to_be_lost(agent, children, tmp_path):
    stream = begin(agent, 20, tmp_path / 'file')
    again(agent, 20, stream, size=PIECE)
    assert agent.wait(lambda f: f[2] == LOST)[:5] == (NODE, 0, LOST, 0, NAME)
    agent.send(20, stream, wire.CANCEL)
    agent.wait(lambda f: f[:3] == (20, stream, wire.ERROR))
    assert not (tmp_path / 'file').exists()


def test_what_cannot_be_kept_is_passed_on_all_the_same(agent, children, tmp_path):
    """Behind a beginning that was lost."""
    stream = begin(agent, 20, tmp_path / 'file')
    agent.send(20, stream, wire.DATA, BIG[:PIECE], rank=3)
    for at in range(PIECE, len(BIG), PIECE):
        agent.send(20, stream, KEEP, place(NODE, at) + BIG[at:at + PIECE], rank=3)
    finish(agent, 20, stream)
    assert agent.wait(lambda f: f[2] == LOST)[4] == NAME
    assert (tmp_path / 'file').read_bytes() == BIG


def test_a_hop_passes_on_what_another_is_to_keep(agent, tmp_path):
    hops.opened(agent, 20, hops.local())
    for child in (30, 31):
        agent.send(NODE, 0, wire.ROUTE, json.dumps({'child': child, 'via': 20}).encode())
        agent.supply(hops.LAUNCH, node=20)
        hello = {'mitogen': 1, 'features': [], 'node': child, 'deflate': False, 'log': 'debug', 'keepalive': {'interval': 30, 'count': 10}}
        opening = agent.request({'op': 'open', 'child': child, 'part': hops.LAUNCH[0].hex()}, json.dumps(hops.local()).encode(), b'{}', b'',
                                json.dumps(hello).encode(), node=20)
        agent.answer(opening, node=20)
    for child, how in ((30, keep), (31, again)):
        stream = begin(agent, child, tmp_path / str(child))
        how(agent, child, stream, hop=20)
        finish(agent, child, stream)
        assert (tmp_path / str(child)).read_bytes() == BIG
    stream = begin(agent, 30, tmp_path / 'file')
    agent.send(30, stream, REPEAT, struct.pack('>I6sQI', 20, b'others', 0, PIECE), rank=3)
    assert agent.wait(lambda f: f[2] == LOST)[:5] == (20, 0, LOST, 0, b'others')


def test_of_many_files_those_that_were_asked_for_last_are_kept(modern_agent, tmp_path):
    agent = modern_agent
    hops.opened(agent, 20, hops.local())
    stream = begin(agent, 20, tmp_path / 'file', size=1 << 20)

    def send(kind, number, payload):
        agent.send(20, stream, kind, struct.pack('>I6sQ', NODE, b'%06d' % number, 0) + payload, rank=3)

    for number in range(64):
        send(KEEP, number, b'x')
    send(REPEAT, 0, wire.U32.pack(1))
    for number in range(64, 70):
        send(KEEP, number, b'x')
    lost = [agent.wait(lambda f: f[2] == LOST)[4] for _ in range(6)]
    assert lost == [b'%06d' % number for number in range(1, 7)]
    agent.send(20, stream, wire.CANCEL)
    agent.wait(lambda f: f[:3] == (20, stream, wire.ERROR))


def test_nothing_is_left_in_the_file_system(agent, children, tmp_path):
    before = set(os.listdir('/var/tmp'))
    stream = begin(agent, 20, tmp_path / 'file')
    keep(agent, 20, stream)
    finish(agent, 20, stream)
    assert not [name for name in set(os.listdir('/var/tmp')) - before if name.startswith('.kept')]


def test_zeros_are_content(agent, tmp_path):
    data = b'begin' + bytes(3 * PIECE) + b'end'
    agent.supply(FILES)
    header = {'op': 'put', 'part': FILES[0].hex(), 'size': len(data), 'summed': True}
    stream = agent.request(header, json.dumps({'path': str(tmp_path / 'file'), 'size': len(data), 'sparse': True}).encode(), rank=3)
    agent.send(NODE, stream, wire.DATA, b'begin', rank=3)
    for _ in range(3):
        agent.send(NODE, stream, wire.ZEROS, wire.U32.pack(PIECE), rank=3)
    agent.send(NODE, stream, wire.DATA, b'end', rank=3)
    finish(agent, NODE, stream, data)
    assert (tmp_path / 'file').read_bytes() == data
    assert (tmp_path / 'file').stat().st_blocks * 512 < len(data)


@pytest.mark.parametrize('count', [131073, 2 ** 32 - 1])
def test_no_frame_stands_for_more_zeros_than_a_frame_holds(modern_agent, tmp_path, count):
    """Nor are they made first: a machine may not have so much memory."""
    agent = modern_agent
    stream = begin(agent, NODE, tmp_path / 'file', size=1 << 33)
    agent.send(NODE, stream, wire.ZEROS, wire.U32.pack(count), rank=3)
    with pytest.raises(RemoteError) as e:
        agent.answer(stream)
    assert e.value.code == 'frame_too_long'


@pytest.mark.parametrize('kind', [KEEP, REPEAT, wire.ZEROS])
def test_no_node_tells_the_one_before_it_to_keep_or_make_anything(modern_agent, kind):
    from test_hostile_child import hostile
    hops.opened(modern_agent, 20, hostile('os.write(1, HELLO)\nos.read(0, 1)\nos.write(1, frame(20, 1, %d, 0, b"x" * 22))' % kind))
    assert hops.ended(modern_agent, 20)['code'] == 'wrong_direction'
