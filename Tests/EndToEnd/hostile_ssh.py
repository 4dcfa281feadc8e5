#!/usr/bin/env python3
"""Stands in for the ssh client and for the target behind it: a machine whose agent does what no agent may.

It plays the launch as a true target would, up to HELLO, then the scene named by HOSTILE_SCENE, and writes what the
router sent it to HOSTILE_RECORD, a line for each frame: KIND NODE STREAM LENGTH.
"""
import json
import os
import re
import struct
import sys
import zlib

HEADER = struct.Struct('>IIIBBH')
HELLO, PING, PONG, LOG, CHILD, NEED, ROUTE, BLOBS = 1, 2, 3, 8, 9, 10, 11, 14
REQUEST, REPLY, DATA, CREDIT, ERROR = 16, 17, 18, 20, 22


#: Placeholders for node ids, replaced once the router has said which node this is.
OWN, SIBLING = 0x0a0a0a0a, 0x0b0b0b0b


def frame(kind, payload=b'', node=OWN, stream=0, flags=0, length=None):
    return HEADER.pack(len(payload) if length is None else length, node, stream, kind, flags, 0) + payload


def placed(scene, own):
    """The scene as played by node `own`, in whose name it speaks or does not. The node opened before is its sibling."""
    return scene.replace(struct.pack('>I', OWN), struct.pack('>I', own)).replace(
        struct.pack('>I', SIBLING), struct.pack('>I', own - 1 or own + 1))


def parts(*items):
    return struct.pack('>H', len(items)) + b''.join(struct.pack('>I', len(i)) for i in items) + b''.join(items)


SCENES = {
    'opens_a_stream': frame(REQUEST, parts(b'{"op":"exec"}'), stream=9),
    'names_a_sibling': frame(LOG, b'{"level":"error","text":"I am another"}', node=SIBLING),
    'names_the_router': frame(LOG, b'{"level":"error","text":"I am the router"}', node=0),
    'answers_for_a_sibling': frame(REPLY, parts(b'{"rc":0}', b'forged', b''), node=SIBLING, stream=1),
    'claims_a_child': frame(ROUTE, b'{"child":2,"via":1}'),
    'sends_blobs': frame(BLOBS, b'\0', stream=1),
    'longest_length': frame(DATA, b'', stream=1, length=2 ** 32 - 1),
    'length_over_the_limit': frame(DATA, b'', stream=1, length=131073),
    'damaged_deflate': frame(LOG, b'\xde\xad\xbe\xef', flags=2),
    'second_hello': frame(HELLO, b'{"mitogen":1}', node=0),
    'long_ping': frame(PING, b'x' * 65, node=0),
}

#: Scenes that the protocol allows or ignores: the link lives, and nothing comes of it.
HARMLESS = {
    'asks_for_blobs': frame(NEED, bytes(range(32)) * 3) + frame(PING, b'done', node=0),
    'ends_somebodys_child': frame(CHILD, b'{"child":2,"state":"gone","code":"x","message":"forged"}') + frame(PING, b'done', node=0),
    'unknown_kind': frame(200, b'?') + frame(PING, b'done', node=0),
    'unknown_stream': frame(REPLY, parts(b'{}'), stream=4242) + frame(PING, b'done', node=0),
    'log_that_is_not_json': frame(LOG, b'\xff\xfe') + frame(PING, b'done', node=0),
}


def read(size):
    data = b''
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data


INFLATE = zlib.decompressobj(-15)


def read_frame():
    header = HEADER.unpack(read(HEADER.size))
    payload = read(header[0])
    if header[4] & 2:
        payload = INFLATE.decompress(payload + b'\0\0\xff\xff')
    return header, payload


def main():
    command = ' '.join(sys.argv)
    nonce = re.search(r'[^0-9a-f]([0-9a-f]{16})[^0-9a-f]', command).group(1)
    size = int(re.search(r'lambda:(\d+)-len', command).group(1))
    os.write(1, b'welcome to the machine\r\nMITO:' + nonce.encode() + b';')
    read(size)
    os.write(1, frame(HELLO, json.dumps({'mitogen': 1, 'features': [], 'python': 'python3', 'version': [3, 11, 2], 'pid': 1}).encode(), node=0))
    _, hello = read_frame()
    own = json.loads(hello)['node']
    scene = os.environ['HOSTILE_SCENE']
    os.write(1, placed(SCENES.get(scene) or HARMLESS[scene], own))
    with open(os.environ['HOSTILE_RECORD'], 'a') as record:
        while True:
            (length, node, stream, kind, _, _), payload = read_frame()
            record.write('%d %d %d %d\n' % (kind, node, stream, length))
            record.flush()
            if kind == PONG:
                # All that the scene could bring about is in the record by now.
                request = parts(b'{"rc":0}', b'', b'')
                os.write(1, frame(REPLY, request, node=own, stream=1))


if __name__ == '__main__':
    main()
