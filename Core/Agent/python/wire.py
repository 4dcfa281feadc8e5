"""Bytes to frames and back, and what messages are made of: PROTOCOL.md, sections 2 and 4.

Pure: nothing here reads, writes or keeps time. The Swift twin is Core/Wire; both pass Tests/Vectors/wire.
"""
import struct
import zlib
from _collections import deque  # `collections` itself is slow to import

try:
    from _lzma import LZMADecompressor  # `lzma` itself is slow to import
except ImportError:
    LZMADecompressor = None

HEADER = struct.Struct('>IIIBBH')
U32 = struct.Struct('>I')

MAX_PAYLOAD = 131072
MAX_MESSAGE = 67108864
MAX_BUNDLE = 16777216
# Each direction of a stream starts with this many bytes of credit.
WINDOW = 262144
# A shorter payload gains nothing from the link's deflate stream; a longer one might outgrow a frame.
MIN_DEFLATED = 64
MAX_DEFLATED = 122880

MORE = 0x01
DEFLATED = 0x02
CLASS = 0x0c
CONTROL, CALLS, BULK, FILES = 0, 1, 2, 3

HELLO, PING, PONG, GOODBYE, UNSUPPORTED = 1, 2, 3, 4, 5
LOG, CHILD, NEED, ROUTE, CLOSE, SUPPLY, BLOBS = 8, 9, 10, 11, 12, 13, 14
REQUEST, REPLY, DATA, END, CREDIT, CANCEL, ERROR, ZEROS = 16, 17, 18, 19, 20, 21, 22, 23

# The node of what executors send: anything else on their socket was written by a module that took it for its own.
EXECUTOR = 0x65786563

LINK_KINDS = frozenset((HELLO, PING, PONG, GOODBYE, UNSUPPORTED))
UP_KINDS = frozenset((LOG, CHILD, NEED, REPLY, DATA, END, CREDIT, ERROR))
DOWN_KINDS = frozenset((ROUTE, CLOSE, SUPPLY, BLOBS, REQUEST, DATA, END, CREDIT, CANCEL, ZEROS))


class WireError(Exception):
    """The peer broke the protocol: `code` is one of PROTOCOL.md's names."""

    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


def bounded(length):
    """The length of a frame's content, if it may be so long."""
    if length > MAX_PAYLOAD:
        raise WireError('frame_too_long', 'a frame of %d bytes; the limit is %d' % (length, MAX_PAYLOAD))
    return length


class FrameReader(object):
    """Takes bytes as they come and gives frames: (node, stream, kind, flags, payload).

    `feed`, then `next` until it gives None. After a WireError nothing more can be read: the deflate stream and
    the frame boundaries are lost. With `only`, a header with another node is refused before its length is believed.
    """

    def __init__(self, only=None):
        self._only = only
        self._buffer = bytearray()
        self._at = 0
        self._inflater = None

    def feed(self, data):
        if self._at:
            del self._buffer[:self._at]
            self._at = 0
        self._buffer += data

    def next(self):
        at = self._at
        have = len(self._buffer) - at
        if have < 16:
            return None
        length, node, stream, kind, flags, _ = HEADER.unpack_from(self._buffer, at)
        bounded(length)
        if self._only not in (None, node):
            raise WireError('wrong_node', 'a frame from node %d' % node)
        if have < 16 + length:
            return None
        self._at = at + 16 + length
        payload = memoryview(self._buffer)[at + 16:self._at].tobytes()
        if flags & DEFLATED:
            payload = self._inflate(payload)
        return node, stream, kind, flags & ~DEFLATED, payload

    def _inflate(self, payload):
        if self._inflater is None:
            self._inflater = zlib.decompressobj(-12)
        try:
            inflated = self._inflater.decompress(payload + b'\0\0\xff\xff', MAX_PAYLOAD + 1)
        except zlib.error as e:
            raise WireError('inflate_failed', 'a deflated frame does not inflate: %s' % e)
        if len(inflated) > MAX_PAYLOAD:
            raise WireError('inflated_too_long', 'a frame inflates to more than %d bytes' % MAX_PAYLOAD)
        if self._inflater.unused_data:
            raise WireError('inflate_failed', 'a deflated frame ends its stream')
        return inflated


class Deflater(object):
    """One direction's deflate stream. Call it in the order in which the frames are written."""

    def __init__(self):
        self._stream = zlib.compressobj(6, zlib.DEFLATED, -12, 5)

    def deflate(self, payload):
        return (self._stream.compress(payload) + self._stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


def encode_frame(node, stream, kind, flags=0, payload=b''):
    return HEADER.pack(len(payload), node, stream, kind, flags, 0) + payload


def encode_parts(parts):
    return struct.pack('>H%dI' % len(parts), len(parts), *[len(p) for p in parts]) + b''.join(parts)


def decode_parts(message):
    """The list of byte strings; WireError `parts_invalid` if the lengths do not add up to the message."""
    if len(message) < 2:
        raise WireError('parts_invalid', 'a message without parts')
    count, = struct.unpack_from('>H', message)
    at = 2 + 4 * count
    if len(message) < at:
        raise WireError('parts_invalid', 'a message ends within its lengths')
    parts = []
    for length in struct.unpack_from('>%dI' % count, message, 2):
        if len(message) - at < length:
            raise WireError('parts_invalid', 'a part is longer than its message')
        parts.append(message[at:at + length])
        at += length
    if at != len(message):
        raise WireError('parts_invalid', '%d bytes behind the last part' % (len(message) - at))
    return parts


def split_message(message):
    """Payloads for one message's frames, of which there is at least one: all but the last are sent with MORE."""
    return [message[at:at + MAX_PAYLOAD] for at in range(0, len(message) or 1, MAX_PAYLOAD)]


class Joiner(object):
    """Puts the frames of one message together again."""

    def __init__(self, limit=MAX_MESSAGE):
        self._limit = limit
        self._pieces = []
        self._size = 0

    def add(self, payload, more):
        """The whole message when `payload` is its last piece, else None."""
        self._size += len(payload)
        if self._size > self._limit:
            raise WireError('message_too_long', 'a message of more than %d bytes' % self._limit)
        self._pieces.append(payload)
        if more:
            return None
        message = b''.join(self._pieces)
        self._pieces = []
        self._size = 0
        return message


def encode_bundle(blobs):
    """Blobs as messages of BLOBS, each of at most MAX_BUNDLE bytes; not compressed."""
    messages, entries, size = [], [], 0
    for data in blobs:
        if size + 4 + len(data) > MAX_BUNDLE and entries:
            messages.append(b'\0' + b''.join(entries))
            entries, size = [], 0
        entries += [U32.pack(len(data)), data]
        size += 4 + len(data)
    if entries:
        messages.append(b'\0' + b''.join(entries))
    return messages


def decode_bundle(message):
    """The entries of a message of BLOBS, each (whether it refers to others, bytes); `Store` gives them their names.

    WireError `bundle_unreadable` if this Python lacks what the bundle was compressed with.
    """
    encoding, entries = message[:1], message[1:]
    if encoding == b'\2' and LZMADecompressor is None:
        raise WireError('bundle_unreadable', 'a bundle of blobs in LZMA, which this Python lacks')
    blobs, at = [], 0
    try:
        if encoding != b'\0':
            # 2: LZMA's older format of a file, whose header is 13 bytes
            inflater = {b'\1': zlib.decompressobj, b'\2': lambda: LZMADecompressor(2, MAX_MESSAGE)}[encoding]()
            entries = inflater.decompress(entries, MAX_BUNDLE + 1)
            if len(entries) > MAX_BUNDLE:
                raise WireError('bundle_too_long', 'a bundle of more than %d bytes' % MAX_BUNDLE)
            if not getattr(inflater, 'eof', True):
                raise ValueError('cut short')
        while at < len(entries):
            length, = U32.unpack_from(entries, at)
            refers, length = length >> 31, length & 0x7fffffff
            at += 4 + length
            if len(entries) < at:
                raise ValueError('cut short')
            blobs.append((bool(refers), entries[at - length:at]))
    except WireError:
        raise
    except Exception as e:  # struct.error, zlib.error, and LZMAError, which is not worth an import
        raise WireError('bundle_invalid', 'a bundle of blobs: %s' % e)
    return blobs


def expand(data, names):
    """The bytes of an entry that refers to earlier ones of its bundle: hexadecimal names in the references' place."""
    pieces = data.split(b'\0')
    try:
        return pieces[0] + b''.join([names[int(piece[:4])] + piece[4:] for piece in pieces[1:]])
    except (ValueError, IndexError):
        raise WireError('bundle_invalid', 'a blob refers to none')


class Outbox(object):
    """Frames that wait to be written: a lower class before any of a higher; streams of class 3 take turns."""

    def __init__(self):
        self.size = 0
        self._classes = (deque(), deque(), deque())
        self._turns = deque()

    def push(self, frame):
        """`frame`: [node, stream, kind, flags, payload], in the order that the wire keeps for its stream and class."""
        self.size += 16 + len(frame[4])
        rank = (frame[3] & CLASS) >> 2
        if rank < FILES:
            self._classes[rank].append(frame)
            return
        for turn in self._turns:
            if turn[0][:2] == frame[:2]:
                turn.append(frame)
                return
        self._turns.append(deque([frame]))

    def pop(self):
        """The next frame to write, or None."""
        for queue in self._classes:
            if queue:
                frame = queue.popleft()
                break
        else:
            if not self._turns:
                return None
            turn = self._turns.popleft()
            frame = turn.popleft()
            if turn:
                self._turns.append(turn)
        self.size -= 16 + len(frame[4])
        return frame
