"""The client's wire code against the vectors that Swift and the agent read too."""
import json
from pathlib import Path

import pytest

from mitogen_swift import client

VECTORS = Path(__file__).resolve().parent.parent / 'Vectors' / 'wire'


def vectors(name):
    cases = json.loads((VECTORS / name).read_text())
    return [pytest.param(case, id=case['name']) for case in cases]


def payload(frame):
    if 'payload_fill' in frame:
        byte, count = frame['payload_fill']
        return bytes.fromhex(byte) * count
    return bytes.fromhex(frame['payload_hex'])


def undeflated(cases):
    """A client's link stays on one machine and is never deflated: frames that inflate are not its business."""
    return [case for case in cases if 'deflat' not in case.id and 'inflat' not in case.id and not any(
        byte & 2 for byte in _flags(case.values[0]))]


def _flags(case):
    data, at = bytes.fromhex(case['hex']), 0
    while at + 16 <= len(data):
        yield data[at + 13]
        at += 16 + int.from_bytes(data[at:at + 4], 'big')


def data_of(case):
    data = bytes.fromhex(case['hex'])
    if 'fill' in case:
        byte, count = case['fill']
        data += bytes.fromhex(byte) * count
    return data


def decode(pieces):
    decoder, frames, failed = client.FrameDecoder(), [], False
    for piece in list(pieces) + [b'', b'']:
        try:
            frames += decoder.feed(piece)
        except client.RouterError:
            failed = True
            break
    return frames, failed


@pytest.mark.parametrize('case', undeflated(vectors('frames.json')))
@pytest.mark.parametrize('cut', ['whole', 'bytes', 'sevens'])
def test_frames_are_decoded_however_they_are_cut(case, cut):
    data = data_of(case)
    step = {'whole': max(1, len(data)), 'bytes': 1 if len(data) < 4096 else 997, 'sevens': 7 if len(data) < 4096 else 4093}[cut]
    frames, failed = decode(data[at:at + step] for at in range(0, len(data), step))
    expected = [(f['kind'], f['flags'], f['node'], f['stream'], payload(f)) for f in case['frames']]
    assert frames == expected
    assert failed == ('error' in case)


@pytest.mark.parametrize('case', vectors('encode.json'))
def test_frames_are_encoded(case):
    assert client.encode_frame(
        case['kind'], payload(case), case['stream'], case['flags'], case['node']) == data_of(case)


@pytest.mark.parametrize('case', vectors('parts.json'))
def test_parts(case):
    if 'error' in case:
        with pytest.raises(client.RouterError):
            client.decode_parts(data_of(case))
    else:
        parts = [bytes.fromhex(part) for part in case['parts']]
        assert client.decode_parts(data_of(case)) == parts
        assert client.encode_parts(parts) == data_of(case)
