"""Bytes to frames and back, against the vectors that the Swift side reads too."""
import hashlib
import json
import os
import random

import pytest

from support import core
from support.controller import wire

FOLDER = os.path.join(core.ROOT, 'Tests', 'Vectors', 'wire')


def vectors(name):
    with open(os.path.join(FOLDER, name + '.json')) as f:
        return [pytest.param(case, id=case['name']) for case in json.load(f)]


def payload(value):
    if 'payload_fill' in value:
        byte, count = value['payload_fill']
        return bytes.fromhex(byte) * count
    return bytes.fromhex(value['payload_hex'])


def drain(reader):
    while True:
        frame = reader.next()
        if frame is None:
            return
        yield frame


def pieces_of(data, how):
    if how == 'whole':
        return [data]
    if how == 'halves':
        return [data[:len(data) // 2], data[len(data) // 2:]]
    step = 1 if len(data) < 20000 else 997
    return [data[at:at + step] for at in range(0, len(data), step)]


@pytest.mark.parametrize('how', ['whole', 'halves', 'bytes'])
@pytest.mark.parametrize('case', vectors('frames'))
def test_bytes_become_frames_however_they_arrive(case, how):
    reader, got, error = wire.FrameReader(), [], None
    try:
        byte, count = case.get('fill', ['', 0])
        for piece in pieces_of(bytes.fromhex(case['hex']) + bytes.fromhex(byte) * count, how):
            reader.feed(piece)
            got.extend(drain(reader))
    except wire.WireError as e:
        error = e.code
    assert got == [(f['node'], f['stream'], f['kind'], f['flags'], payload(f)) for f in case['frames']]
    assert error == case.get('error')


@pytest.mark.parametrize('case', vectors('encode'))
def test_a_frame_becomes_bytes(case):
    assert wire.encode_frame(
        case['node'], case['stream'], case['kind'], case['flags'], payload(case)).hex() == case['hex']


@pytest.mark.parametrize('case', vectors('parts'))
def test_parts(case):
    data = bytes.fromhex(case['hex'])
    if 'error' in case:
        with pytest.raises(wire.WireError) as e:
            wire.decode_parts(data)
        assert e.value.code == case['error']
    else:
        parts = [bytes.fromhex(p) for p in case['parts']]
        assert wire.decode_parts(data) == parts
        assert wire.encode_parts(parts) == data


@pytest.mark.parametrize('case', vectors('messages'))
def test_messages_are_joined(case):
    joiner, got, error = wire.Joiner(case['limit']), [], None
    try:
        for frame in case['frames']:
            message = joiner.add(payload(frame), frame['more'])
            if message is not None:
                got.append(message.hex())
    except wire.WireError as e:
        error = e.code
    assert error == case.get('error')
    if error is None:
        assert got == case['messages']


def named(message):
    """The (hash, bytes) pairs of a bundle, as `Store` keeps them."""
    names, blobs = [], []
    for refers, data in wire.decode_bundle(message):
        data = wire.expand(data, names) if refers else data
        blobs.append((hashlib.sha256(data).digest(), data))
        names.append(blobs[-1][0].hex().encode())
    return blobs


@pytest.mark.parametrize('case', vectors('bundles'))
def test_bundles(case):
    data = bytes.fromhex(case['hex'])
    if 'error' in case:
        with pytest.raises(wire.WireError) as e:
            named(data)
        assert e.value.code == case['error']
    else:
        assert named(data) == [(bytes.fromhex(e['hash']), payload(e)) for e in case['entries']]


def test_a_python_without_lzma_says_that_it_cannot_read(monkeypatch):
    monkeypatch.setattr(wire, 'LZMADecompressor', None)
    with pytest.raises(wire.WireError) as e:
        wire.decode_bundle(b'\2anything')
    assert e.value.code == 'bundle_unreadable'


@pytest.mark.parametrize('case', vectors('outbox'))
def test_the_outbox_keeps_the_order_of_classes(case):
    outbox = wire.Outbox()
    pushed = [[n, s, k, f, bytes.fromhex(p)] for n, s, k, f, p in case['push']]
    for frame in pushed:
        outbox.push(frame)
    assert outbox.size == sum(16 + len(f[4]) for f in pushed)
    assert [pushed.index(outbox.pop()) for _ in pushed] == case['pop']
    assert outbox.pop() is None and outbox.size == 0


def test_what_is_deflated_inflates_to_the_same():
    deflater, reader = wire.Deflater(), wire.FrameReader()
    for number in range(50):
        text = b'{"number":%d,"text":"the same again and again"}' % number * 3
        reader.feed(wire.encode_frame(1, number, wire.REPLY, wire.DEFLATED, deflater.deflate(text)))
        assert reader.next() == (1, number, wire.REPLY, 0, text)


def test_a_large_bundle_is_sent_as_several():
    blobs = [b'%d' % n * 9000000 for n in range(3)]
    messages = wire.encode_bundle(blobs)
    assert len(messages) == 3
    assert [data for m in messages for _, data in wire.decode_bundle(m)] == blobs


def test_mutated_bytes_give_frames_or_a_wire_error_and_nothing_else():
    """Whatever a peer sends, the reader ends in one of its two ways and holds at most one frame."""
    chance = random.Random(20240)
    seeds = []
    for name in ('frames', 'parts', 'bundles'):
        with open(os.path.join(FOLDER, name + '.json')) as f:
            seeds += [(name, bytes.fromhex(c['hex'])) for c in json.load(f) if len(c['hex']) < 4000]
    for _ in range(20000):
        name, data = chance.choice(seeds)
        data = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            if data:
                data[chance.randrange(len(data))] = chance.choice((0, 1, 2, 127, 128, 255, chance.randrange(256)))
        if chance.random() < 0.3:
            data = data[:chance.randint(0, len(data))]
        try:
            if name == 'frames':
                reader = wire.FrameReader()
                reader.feed(bytes(data))
                for frame in drain(reader):
                    assert len(frame[4]) <= wire.MAX_PAYLOAD
            elif name == 'parts':
                wire.decode_parts(bytes(data))
            else:
                named(bytes(data))
        except wire.WireError as e:
            assert e.code
