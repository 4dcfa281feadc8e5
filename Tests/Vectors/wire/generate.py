"""Writes the vectors beside it. The bytes are built here by hand, not by the code under test.

frames.json   {"name","hex","frames":[{node,stream,kind,flags,payload_hex}]}: these bytes are these frames; with
              "rest": so many bytes at the end are the beginning of a frame that is not complete; with "error": after
              the frames the reader fails with this code. `flags` are without DEFLATED, the payload is inflated.
              Large payloads are given as "payload_fill": [byte in hex, count]; "fill" adds such bytes behind "hex".
encode.json   {"name", node, stream, kind, flags, payload_hex, "hex"}: this frame is these bytes, not deflated.
parts.json    {"name","hex","parts":[hex]} or {"name","hex","error"}.
messages.json {"name","limit","frames":[{"more","payload_hex"}],"messages":[hex]} or "error" instead of messages.
bundles.json  {"name","hex","entries":[{"hash","payload_hex"}]} or {"name","hex","error"}; with "write": an encoder that is
              given the entries, and which of them ("refers") may refer to others, gives these bytes, not compressed.
outbox.json   {"name","push":[[node,stream,kind,flags,payload_hex]],"pop":[indices into push]}.
"""
import hashlib
import json
import lzma
import os
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


def frame(node, stream, kind, flags=0, payload=b'', reserved=0, length=None):
    size = len(payload) if length is None else length
    return struct.pack('>IIIBBH', size, node, stream, kind, flags, reserved) + payload


def expected(node, stream, kind, flags=0, payload=b''):
    value = {'node': node, 'stream': stream, 'kind': kind, 'flags': flags}
    if len(payload) > 1024 and len(set(payload)) == 1:
        value['payload_fill'] = ['%02x' % payload[0], len(payload)]
    else:
        value['payload_hex'] = payload.hex()
    return value


class Deflate(object):
    def __init__(self):
        self.z = zlib.compressobj(6, zlib.DEFLATED, -12, 5)

    def __call__(self, data):
        out = self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH)
        assert out.endswith(b'\0\0\xff\xff')
        return out[:-4]


def case(name, data, frames=(), **more):
    return dict({'name': name, 'hex': data.hex(), 'frames': list(frames)}, **more)


def frames():
    top = 2 ** 32 - 1
    text = b'{"rc":0}' * 12
    d = Deflate()
    three = b''.join(frame(7, n, 17, 0x06, d(text + b'%d' % n)) for n in (1, 2, 3))
    d = Deflate()
    fill = d(b'\0' * 131072)
    d = Deflate()
    too_long = d(b'\0' * 131073)
    d = Deflate()
    bomb = d(b'\0' * 2000000)
    mixed = Deflate()
    mixed = (frame(7, 1, 17, 6, mixed(text)) + frame(7, 2, 17, 4, b'plain') + frame(7, 3, 17, 6, mixed(text)))
    ending = zlib.compressobj(6, zlib.DEFLATED, -12, 5)
    ending = ending.compress(text) + ending.flush()
    return [
        case('nothing', b''),
        case('an empty frame', frame(0, 0, 2), [expected(0, 0, 2)]),
        case('a frame with a payload', frame(7, 3, 16, 4, b'abc'), [expected(7, 3, 16, 4, b'abc')]),
        case('the largest numbers', frame(top, top, 255, 0xfd, b'\xff'), [expected(top, top, 255, 0xfd, b'\xff')]),
        case('reserved bytes are ignored', frame(1, 2, 18, 0, b'x', reserved=0xffff), [expected(1, 2, 18, 0, b'x')]),
        case('flag bits that are not known are kept or ignored', frame(1, 2, 18, 0xf0, b'x'),
             [expected(1, 2, 18, 0xf0, b'x')]),
        case('two frames in a row', frame(1, 2, 18, 0, b'x') + frame(1, 2, 19), [
            expected(1, 2, 18, 0, b'x'), expected(1, 2, 19)]),
        case('one byte of a header', b'\0', rest=1),
        case('a header but for its last byte', frame(1, 2, 18, 0, b'x')[:15], rest=15),
        case('a header without its payload', frame(1, 2, 18, 0, b'xyz')[:16], rest=16),
        case('a payload but for its last byte', frame(1, 2, 18, 0, b'xyz')[:18], rest=18),
        case('a frame and a piece of the next', frame(1, 2, 18, 0, b'xyz') + frame(3, 4, 18, 0, b'q')[:16], [
            expected(1, 2, 18, 0, b'xyz')], rest=16),
        case('the longest frame', frame(1, 2, 18, 12, length=131072), [expected(1, 2, 18, 12, b'z' * 131072)],
             fill=['7a', 131072]),
        case('one byte too long, refused at the header', frame(1, 2, 18, 0, length=131073), error='frame_too_long'),
        case('length 2^32-1', frame(1, 2, 18, 0, length=top), error='frame_too_long'),
        case('length 2^31', frame(1, 2, 18, 0, length=2 ** 31), error='frame_too_long'),
        case('a frame, then one that is too long', frame(1, 2, 18, 0, b'x') + frame(1, 2, 18, 0, length=top), [
            expected(1, 2, 18, 0, b'x')], error='frame_too_long'),
        case('three frames of one deflate stream', three, [
            expected(7, n, 17, 4, text + b'%d' % n) for n in (1, 2, 3)]),
        case('plain frames between deflated ones', mixed, [
            expected(7, 1, 17, 4, text), expected(7, 2, 17, 4, b'plain'), expected(7, 3, 17, 4, text)]),
        case('a deflated empty payload', frame(7, 1, 17, 2, Deflate()(b'')), [expected(7, 1, 17)]),
        case('inflates to the limit', frame(7, 1, 17, 2, fill), [expected(7, 1, 17, 0, b'\0' * 131072)]),
        case('inflates to one byte more', frame(7, 1, 17, 2, too_long), error='inflated_too_long'),
        case('inflates to 2 MB', frame(7, 1, 17, 2, bomb), error='inflated_too_long'),
        case('is not deflate at all', frame(7, 1, 17, 2, b'\xff\xff\xff\xff'), error='inflate_failed'),
        case('ends the deflate stream', frame(7, 1, 17, 2, ending), error='inflate_failed'),
        case('DEFLATED without a payload', frame(7, 1, 17, 2), [expected(7, 1, 17)]),
    ]


def encode():
    cases = []
    for name, args in [
            ('empty', (0, 0, 2)), ('payload', (7, 3, 16, 4, b'abc')), ('more', (7, 3, 17, 5, b'\0\1')),
            ('class 3', (2 ** 32 - 1, 2 ** 31, 18, 12, b'\xff' * 3))]:
        node, stream, kind, flags, payload = (args + (0, b''))[:5] if len(args) == 3 else args
        cases.append({'name': name, 'node': node, 'stream': stream, 'kind': kind, 'flags': flags,
                      'payload_hex': payload.hex(), 'hex': frame(node, stream, kind, flags, payload).hex()})
    return cases


def parts():
    def good(name, *values):
        data = struct.pack('>H', len(values)) + b''.join(struct.pack('>I', len(v)) for v in values) + b''.join(values)
        return {'name': name, 'hex': data.hex(), 'parts': [v.hex() for v in values]}

    def bad(name, data):
        return {'name': name, 'hex': data.hex(), 'error': 'parts_invalid'}
    return [
        good('none'), good('one', b'{}'), good('empty ones', b'', b'', b''), good('three', b'{"op":"run"}', b'{}', b'\0'),
        good('many', *[b'%d' % n for n in range(300)]),
        bad('nothing', b''), bad('half a count', b'\0'), bad('no lengths', b'\0\1'),
        bad('half a length', b'\0\1\0\0'), bad('too short', b'\0\1\0\0\0\2x'), bad('too long', b'\0\1\0\0\0\1xy'),
        bad('a length of 2^32-1', b'\0\1\xff\xff\xff\xffx'), bad('65535 parts', b'\xff\xffxyz'),
        bad('lengths that overflow 32 bits together', b'\0\2\x80\0\0\0\x80\0\0\0'),
        bad('bytes behind no parts', b'\0\0x'),
    ]


def messages():
    def piece(more, payload):
        return {'more': more, 'payload_hex': payload.hex()}
    return [
        {'name': 'one frame', 'limit': 16, 'frames': [piece(False, b'abc')], 'messages': [b'abc'.hex()]},
        {'name': 'empty', 'limit': 16, 'frames': [piece(False, b'')], 'messages': ['']},
        {'name': 'three frames', 'limit': 16, 'frames': [piece(True, b'ab'), piece(True, b''), piece(False, b'c')],
         'messages': [b'abc'.hex()]},
        {'name': 'two messages', 'limit': 4, 'frames': [piece(True, b'ab'), piece(False, b'cd'), piece(False, b'efgh')],
         'messages': [b'abcd'.hex(), b'efgh'.hex()]},
        {'name': 'not finished', 'limit': 16, 'frames': [piece(True, b'ab')], 'messages': []},
        {'name': 'over the limit', 'limit': 4, 'frames': [piece(True, b'abc'), piece(True, b'de')],
         'error': 'message_too_long'},
        {'name': 'one frame over the limit', 'limit': 4, 'frames': [piece(False, b'abcde')], 'error': 'message_too_long'},
    ]


def bundles():
    def entry(data, refers=0):
        return struct.pack('>I', len(data) | refers << 31) + data

    def good(name, data, *values, **more):
        return dict({'name': name, 'hex': data.hex(), 'entries': [
            {'hash': hashlib.sha256(v).hexdigest(), 'payload_hex': v.hex()} for v in values]}, **more)

    def bad(name, data, error='bundle_invalid'):
        return {'name': name, 'hex': data.hex(), 'error': error}

    def squeezed(data):
        return lzma.compress(data, lzma.FORMAT_ALONE, filters=[
            {'id': lzma.FILTER_LZMA1, 'preset': 6, 'lc': 3, 'lp': 0, 'pb': 0, 'dict_size': 1 << 20}])
    one, none = b'print(1)\n', b''
    two = entry(one) + entry(none)
    names = [hashlib.sha256(v).hexdigest().encode() for v in (one, none)]
    other = b'0' * 64
    program = b'{"a":"%s","b":["%s","%s"],"c":"%s"}' % (names[0], names[1], names[0], other)
    short = b'{"a":"\0%04d","b":["\0%04d","\0%04d"],"c":"%s"}' % (0, 1, 0, other)
    return [
        good('empty', b'\0', write=[]), good('raw', b'\0' + two, one, none, write=[0, 0]),
        good('zlib', b'\1' + zlib.compress(two, 9), one, none),
        good('lzma', b'\2' + squeezed(two), one, none),
        good('an entry that refers', b'\0' + two + entry(short, 1), one, none, program, write=[0, 0, 1]),
        good('nothing to refer to', b'\0' + entry(program, 1), program),
        good('nothing to refer to is written as it is', b'\0' + entry(program), program, write=[1]),
        good('zeros that are no references', b'\0' + two + entry(b'\0' + program), one, none, b'\0' + program, write=[0, 0, 1]),
        bad('no encoding', b''), bad('encoding 3', b'\3' + two), bad('half a length', b'\0' + two[:2]),
        bad('a blob cut short', b'\0' + two[:8]), bad('length 2^32-1', b'\0' + b'\xff' * 4 + b'x'),
        bad('not zlib', b'\1xyz'), bad('zlib cut short', b'\1' + zlib.compress(two, 9)[:-3]),
        bad('not lzma', b'\2' + b'\xff' * 40), bad('lzma cut short', b'\2' + squeezed(two)[:-5]),
        bad('refers to itself', b'\0' + entry(b'\x000000', 1)), bad('refers to nothing', b'\0' + entry(one) + entry(b'\0xyz', 1)),
        bad('inflates to 16 MiB and one byte', b'\1' + zlib.compress(b'\0' * 16777217, 9), 'bundle_too_long'),
        bad('16 MiB and one byte in lzma', b'\2' + squeezed(b'\0' * 16777217), 'bundle_too_long'),
    ]


def outbox():
    def push(node, stream, rank, payload):
        return [node, stream, 18, rank << 2, payload.hex()]
    return [
        {'name': 'classes in order', 'push': [push(1, 1, 3, b'a'), push(1, 2, 2, b'b'), push(1, 3, 1, b'c'),
                                              push(1, 4, 0, b'd')], 'pop': [3, 2, 1, 0]},
        {'name': 'within a class as they came', 'push': [push(1, 1, 1, b'a'), push(1, 2, 1, b'b'), push(1, 1, 1, b'c')],
         'pop': [0, 1, 2]},
        {'name': 'files take turns', 'push': [push(1, 1, 3, b'a'), push(1, 1, 3, b'b'), push(1, 1, 3, b'c'),
                                              push(1, 2, 3, b'd'), push(1, 2, 3, b'e'), push(2, 1, 3, b'f')],
         'pop': [0, 3, 5, 1, 4, 2]},
    ]


for function in (frames, encode, parts, messages, bundles, outbox):
    with open(os.path.join(HERE, function.__name__ + '.json'), 'w') as f:
        f.write('[\n' + ',\n'.join(json.dumps(c) for c in function()) + '\n]\n')
