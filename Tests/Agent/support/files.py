"""The operations of the parts `files` and `trees`, as the router asks for them."""
import hashlib
import json
import os

import pytest

from . import core
from .controller import NODE, RemoteError, wire

FILES = core.part('files')
TREES = core.part('trees')
# What a source is called.
KEY = '00112233aabb'


def refused(action, *args, **options):
    with pytest.raises(RemoteError) as e:
        action(*args, **options)
    return e.value.code


def files(agent, op, call, *parts):
    agent.supply(FILES)
    return agent.request({'op': op, 'part': FILES[0].hex()}, json.dumps(call).encode(), *parts, rank=3)


def put(agent, path, data, **call):
    call.update(path=str(path), size=len(data))
    inline = len(data) <= 126976
    stream = files(agent, 'put', call, data if inline else b'')
    if not inline:
        send(agent, stream, data)
    return json.loads(agent.answer(stream)[0].decode())


def send(agent, stream, data):
    """The DATA of a put, as credit allows, and its END."""
    credit = wire.WINDOW - 1000
    for at in range(0, len(data), 65536):
        piece = data[at:at + 65536]
        while credit < len(piece):
            credit += wire.U32.unpack(agent.wait(lambda f: f[1] == stream and f[2] == wire.CREDIT)[4])[0]
        credit -= len(piece)
        agent.send(NODE, stream, wire.DATA, piece, rank=3)
    agent.send(NODE, stream, wire.END, rank=3)


def get(agent, path):
    stream = files(agent, 'get', {'path': str(path)})
    meta, content = agent.answer(stream)
    pieces = [f[4] for f in agent.frames if f[1] == stream and f[2] == wire.DATA]
    return json.loads(meta.decode()), b''.join(pieces) + content


def put_summed(agent, path, data, digest=None, **call):
    """As the router sends a large file that it reads: with its SHA-256 behind it."""
    agent.supply(FILES)
    call.update(path=str(path), size=len(data))
    header = {'op': 'put', 'part': FILES[0].hex(), 'size': len(data), 'summed': True}
    stream = agent.request(header, json.dumps(call).encode(), rank=3)
    send(agent, stream, data + (hashlib.sha256(data).digest() if digest is None else digest))
    return json.loads(agent.answer(stream)[0].decode())


def begin_put(agent, path, size, key=KEY, **call):
    """A put of which the node says what it has; returns its stream, and what it says."""
    agent.supply(FILES)
    header = {'op': 'put', 'part': FILES[0].hex(), 'size': size, 'summed': True, 'resume': key}
    call.update(path=str(path), size=size)
    stream = agent.request(header, json.dumps(call).encode(), rank=3)
    told = agent.wait(lambda f: f[1] == stream and f[2] in (wire.DATA, wire.ERROR))[4]
    return stream, json.loads(told.decode())


def go_on(agent, stream, data, offset):
    agent.send(NODE, stream, wire.DATA, offset.to_bytes(8, 'big'), rank=3)
    send(agent, stream, data[offset:] + hashlib.sha256(data).digest())
    return json.loads(agent.answer(stream)[0].decode())


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


def names(place):
    """What is in the folder of a file."""
    return sorted(os.listdir(str(place.parent)))


def begin_trees(agent, op, call, *parts):
    agent.supply(TREES)
    return agent.request({'op': op, 'part': TREES[0].hex()}, json.dumps(call).encode(), *parts, rank=3)


def trees(agent, op, call, *parts):
    """The meta of the answer, and its other parts."""
    parts = agent.answer(begin_trees(agent, op, call, *parts))
    return json.loads(parts[0].decode()), parts[1:]
