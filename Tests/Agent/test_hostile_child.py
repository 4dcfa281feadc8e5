"""A child that lies: it can end its own link, and nothing else."""
import struct
import sys

import pytest

from support import core, hops
from support.controller import NODE, RemoteError, wire
from support.programs import Program

# Plays the first stage: takes nonce and size from what it was given to run, reads the core, and then speaks frames.
HOSTILE = r'''
import os, re, sys, struct
stage = sys.argv[-1]
def frame(node, stream, kind, flags=0, payload=b"", length=None):
    return struct.pack(">IIIBBH", len(payload) if length is None else length, node, stream, kind, flags, 0) + payload
os.write(1, b"MITO:" + re.search("TO:([0-9a-f]+);", stage).group(1).encode() + b";")
left = int(re.search(r"lambda:(\d+)-len", stage).group(1))
while left:
    left -= len(os.read(0, left))
HELLO = frame(0, 0, 1, 0, b'{"mitogen":1,"features":[],"pid":1}')
'''
QUIET = '\nwhile os.read(0, 65536): pass\n'


def hostile(source):
    return hops.local(argv=[sys.executable, '-c', HOSTILE + source + QUIET, {'bootstrap': 'argv'}],
                      description='hostile', timeout=5)


def serves(agent):
    program = Program('print("fine")')
    assert agent.run(program)[1] == b'fine\n'


@pytest.mark.parametrize('attack,code', [
    ('frame(99, 1, 17, 0, b"x")', 'wrong_node'),
    ('frame(%d, 1, 17, 0, b"x")' % NODE, 'wrong_node'),
    ('frame(21, 1, 17, 0, b"x")', 'wrong_node'),
    ('frame(20, 1, 16, 0, b"x")', 'wrong_direction'),
    ('frame(20, 0, 11, 0, b"{}")', 'wrong_direction'),
    ('frame(20, 0, 13, 0, b"x" * 36)', 'wrong_direction'),
    ('frame(20, 0, 14, 0, b"\\0")', 'wrong_direction'),
    ('frame(0, 1, 16, 0, b"x")', 'wrong_node'),
    ('frame(20, 1, 17, 0, b"", 2 ** 32 - 1)', 'frame_too_long'),
    ('frame(20, 1, 17, 0, b"", 131073)', 'frame_too_long'),
    ('frame(20, 1, 17, 2, b"\\xff" * 40)', 'inflate_failed'),
    ('HELLO', 'wrong_direction'),
    ('frame(0, 0, 4, 0, b"not json")', 'protocol'),
], ids=['another node', 'the agent', 'a sibling', 'REQUEST', 'ROUTE', 'SUPPLY', 'BLOBS', 'a request on the link',
        'length 2^32-1', 'one byte too long', 'bad deflate', 'HELLO again', 'bad GOODBYE'])
def test_it_ends_its_own_link_only(modern_agent, attack, code):
    agent = modern_agent
    hops.opened(agent, 21, hops.local(description='sibling'))
    hops.opened(agent, 20, hostile('os.write(1, HELLO)\nos.read(0, 1)\nos.write(1, %s)' % attack))
    report = hops.ended(agent, 20)
    assert report['code'] == code
    assert not [f for f in agent.frames if f[0] not in (NODE, 0)], 'nothing of it came through'
    serves(agent)
    assert hops.close(agent, 21)['code'] == 'closed', 'the sibling lives until now'


@pytest.mark.parametrize('first,code', [
    ('frame(20, 1, 17, 0, b"x")', 'no_hello'),
    ('frame(20, 0, 8, 0, b"{}")', 'no_hello'),
    ('b"garbage that is no frame at all, long enough"', 'frame_too_long'),
])
def test_what_does_not_begin_with_hello_is_no_node(modern_agent, first, code):
    with pytest.raises(RemoteError) as e:
        hops.opened(modern_agent, 20, hostile('os.write(1, %s)' % first))
    assert e.value.code == code
    serves(modern_agent)


def test_unknown_kinds_are_answered_and_the_link_lives(modern_agent):
    agent = modern_agent
    source = ('os.write(1, HELLO + frame(20, 0, 99, 0, b"?"))\n'
              'seen = b""\nwhile struct.pack(">IIIBBH", 1, 0, 0, 5, 0, 0) + bytes([99]) not in seen: seen += os.read(0, 4096)\n'
              'os.write(1, frame(20, 0, 8, 0, b\'{"level":"info","logger":"x","text":"answered"}\'))')
    hops.opened(agent, 20, hostile(source))
    frame = agent.wait(lambda f: f[0] == 20)
    assert b'answered' in frame[4]
    assert hops.close(agent, 20)['code'] == 'closed'


def test_the_controllers_unknown_kinds_are_answered_too(agent):
    agent.send(0, 0, 77)
    assert agent.wait(lambda f: f[2] == wire.UNSUPPORTED)[4] == bytes([77])
    serves(agent)


def test_a_child_cannot_fill_its_parent_before_hello(modern_agent):
    agent = modern_agent
    stream = hops.start(agent, 20, hops.local(argv=['sh', '-c', 'exec sleep 600', {'bootstrap': 'shell'}]))
    for number in range(1, 10):
        agent.send(20, number, wire.REQUEST, b'x' * 131072)
    with pytest.raises(RemoteError) as e:
        agent.answer(stream)
    assert e.value.code == 'protocol'
    assert '1048576' in str(e.value)
    serves(agent)


def test_requests_that_break_the_rules_end_their_stream_only(agent):
    def refused(stream):
        with pytest.raises(RemoteError) as e:
            agent.answer(stream)
        return e.value.code
    agent.numbers[NODE] += 1
    agent.send(NODE, agent.numbers[NODE], wire.REQUEST, struct.pack('>HI', 1, 2 ** 32 - 1))
    assert refused(agent.numbers[NODE]) == 'parts_invalid'
    assert refused(agent.request({'op': 'no such operation'})) == 'protocol'
    files = core.part('files')
    agent.supply(files)
    stream = agent.request({'op': 'put', 'part': files[0].hex()}, b'{"path":"/dev/null","size":9999999}')
    for _ in range(3):
        agent.send(NODE, stream, wire.DATA, b'x' * 131072)
    # The receiver gives credit as it writes, so only what was sent beyond all of it is refused.
    agent.send(NODE, stream, wire.CANCEL)
    with pytest.raises(RemoteError):
        agent.answer(stream)
    serves(agent)
