"""A blocking client of the router's socket: one request, one round trip.

The wire is described in Core/PROTOCOL.md, sections 2 to 5 and 7. A `Client` may be used by several threads; it
holds no state outside itself, and a process that was forked finds itself a connection of its own, so that a parent
and its workers can share one object.
"""

import json
import os
import socket
import struct
import threading

HEADER = struct.Struct('>IIIBBH')
COUNT = struct.Struct('>H')
LENGTH = struct.Struct('>I')

FRAME_LIMIT = 131072
#: Bytes that a message may join to.
MESSAGE_LIMIT = 67108864
#: Bytes of payload that either side may send on a stream before it hears of more.
WINDOW = 262144
#: Bytes that may be sent before the router's HELLO.
BEFORE_HELLO = 1048576
#: A file of at most this many bytes travels inside its request.
INLINE_LIMIT = 126976

HELLO, PING, PONG, GOODBYE, UNSUPPORTED, LOG = 1, 2, 3, 4, 5, 8
REQUEST, REPLY, DATA, END, CREDIT, CANCEL, ERROR = 16, 17, 18, 19, 20, 21, 22

MORE = 0x01
CALLS = 1 << 2
FILES = 3 << 2

_KNOWN = frozenset([HELLO, PING, PONG, GOODBYE, UNSUPPORTED, LOG, REPLY, DATA, END, CREDIT, ERROR])


class RouterError(Exception):
    """The router answered ERROR, or is not there any more. `code` is one of PROTOCOL.md section 7."""

    def __init__(self, code, message, hint=''):
        super(RouterError, self).__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self):
        return '%s. %s' % (self.message.rstrip('.'), self.hint) if self.hint else self.message


class RouterGone(RouterError):
    """Nobody listens on the socket, or the link ended while something was expected."""

    def __init__(self, message, hint=''):
        super(RouterGone, self).__init__('node_lost', message, hint)


def encode_frame(kind, payload=b'', stream=0, flags=0, node=0):
    return HEADER.pack(len(payload), node, stream, kind, flags, 0) + payload


def encode_parts(parts):
    """The payload of REQUEST and REPLY: a count, the lengths, then the bytes."""
    table = [COUNT.pack(len(parts))]
    table.extend(LENGTH.pack(len(part)) for part in parts)
    table.extend(parts)
    return b''.join(table)


def decode_parts(payload):
    if len(payload) < COUNT.size:
        raise RouterError('protocol', 'the router sent a message without parts')
    (count,) = COUNT.unpack_from(payload, 0)
    at = COUNT.size
    start = at + LENGTH.size * count
    parts = []
    for _ in range(count):
        if at + LENGTH.size > len(payload):
            raise RouterError('protocol', 'the router sent a message whose table of parts is cut short')
        (length,) = LENGTH.unpack_from(payload, at)
        at += LENGTH.size
        if start + length > len(payload):
            raise RouterError('protocol', 'the router sent a message whose parts are cut short')
        parts.append(bytes(payload[start:start + length]))
        start += length
    if start != len(payload):
        raise RouterError('protocol', 'the router sent a message with bytes behind its last part')
    return parts


class FrameDecoder(object):
    """Bytes in, whole frames out. The length is checked before a byte of payload is awaited; after a frame that is
    too long nothing is decoded any more."""

    def __init__(self):
        self._buffer = bytearray()

    def feed(self, data):
        """The frames that are whole now. A frame that is too long is reported once those before it are taken."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= HEADER.size:
            length, node, stream, kind, flags, _ = HEADER.unpack_from(self._buffer, 0)
            if length > FRAME_LIMIT:
                if frames:
                    break
                raise RouterError('protocol', 'the router sent a frame of %d bytes; %d are allowed'
                                  % (length, FRAME_LIMIT))
            end = HEADER.size + length
            if len(self._buffer) < end:
                break
            frames.append((kind, flags, node, stream, bytes(self._buffer[HEADER.size:end])))
            del self._buffer[:end]
        return frames


class Stream(object):
    """One request on its way. `parts` or `error` is set when it has ended."""

    __slots__ = ('number', 'credit', 'received', 'pieces', 'size', 'parts', 'error', 'on_data', 'chunks')

    def __init__(self, number, on_data):
        self.number = number
        self.credit = WINDOW
        self.received = 0
        self.pieces = []
        self.size = 0
        self.parts = None
        self.error = None
        self.on_data = on_data
        self.chunks = []

    @property
    def ended(self):
        return self.parts is not None or self.error is not None


class Client(object):
    """Connects at the first request, says HELLO together with it, and waits for nobody else's sake.

    :param path: the router's socket.
    :param log_level: what the router shall pass on: debug, info, warning, error.
    :param on_log: called with (level, logger, text) for each LOG frame.
    """

    def __init__(self, path, log_level='warning', on_log=None):
        self.path = path
        self.log_level = log_level
        self.on_log = on_log
        self._forget()

    # Verbs

    def request(self, header, parts=(), content=None, on_data=None):
        """Sends a request and waits for its reply: the list of its parts.

        :param header: a dict, part 0.
        :param parts: the further parts, bytes.
        :param content: an iterable of bytes that follow as DATA, ended by END.
        :param on_data: called with the bytes of each DATA frame of the answer.
        """
        return self.wait(self.begin(header, parts, content, on_data))

    def begin(self, header, parts=(), content=None, on_data=None):
        """Sends a request without waiting for its reply. Every `begin` needs its `wait`."""
        payload = encode_parts([json.dumps(header, separators=(',', ':')).encode('ascii')] + list(parts))
        if len(payload) > MESSAGE_LIMIT:
            raise RouterError('protocol', 'a request of %d bytes is too large; %d are allowed'
                              % (len(payload), MESSAGE_LIMIT))
        stream = self._open_stream(on_data)
        try:
            # Nearly all requests: one frame, one system call, HELLO included.
            if len(payload) <= FRAME_LIMIT and self._sent <= BEFORE_HELLO // 2:
                stream.credit -= len(payload)
                self._send(encode_frame(REQUEST, payload, stream.number, CALLS))
            else:
                for at in range(0, len(payload), FRAME_LIMIT):
                    piece = payload[at:at + FRAME_LIMIT]
                    more = MORE if at + FRAME_LIMIT < len(payload) else 0
                    if not self._send_counted(stream, REQUEST, piece, CALLS | more):
                        return stream
            if content is not None:
                for chunk in content:
                    for at in range(0, len(chunk), FRAME_LIMIT):
                        if not self._send_counted(stream, DATA, chunk[at:at + FRAME_LIMIT], FILES):
                            return stream
                self._send(encode_frame(END, b'', stream.number, FILES))
        except BaseException:
            self.close()
            raise
        return stream

    def wait(self, stream):
        """Waits for the end of a stream: its reply's parts. Raises `RouterError`."""
        try:
            self._read_until(lambda: stream.ended, stream)
        except BaseException:
            # An exception can come out of a signal's handler (Ansible's `timeout:`) with half a frame read. The end
            # of the link cancels all that was asked on it.
            self.close()
            raise
        with self._lock:
            self._streams.pop(stream.number, None)
        if stream.error is not None:
            raise stream.error
        return stream.parts

    def abandon(self, stream):
        """Asks for the end of a stream whose answer nobody will wait for."""
        with self._lock:
            known = self._streams.pop(stream.number, None)
        if known is not None and self._socket is not None:
            self._send(encode_frame(CANCEL, b'', stream.number))

    def connect(self):
        """Whether somebody listens. Says nothing yet: HELLO goes with the first request."""
        if self._pid != os.getpid():
            self._forget()
        with self._lock:
            try:
                if self._socket is None:
                    self._connect()
            except RouterGone:
                return False
        return True

    def close(self):
        """Ends the link. The next request opens another."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            self._fail_all(RouterGone('the link to the router was closed'))
            self._lock.notify_all()

    # The link

    def _forget(self):
        """The state of a process that has no link yet. A fork leaves it its parent's socket, which is not its own:
        closing the copy of the descriptor does not end the parent's link."""
        inherited = getattr(self, '_socket', None)
        if inherited is not None:
            inherited.close()
        self._pid = os.getpid()
        self._lock = threading.Condition()
        self._sending = threading.Lock()
        self._socket = None
        self._decoder = FrameDecoder()
        self._streams = {}
        self._last_stream = 0
        self._reading = False
        self._sent = 0
        self._greeting = b''
        self.hello = None

    def _open_stream(self, on_data):
        if self._pid != os.getpid():
            self._forget()
        with self._lock:
            if self._socket is None:
                self._connect()
            self._last_stream += 1
            stream = self._streams[self._last_stream] = Stream(self._last_stream, on_data)
        return stream

    def _connect(self):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(self.path)
        except OSError as error:
            link.close()
            raise RouterGone('the router does not answer on %s: %s' % (self.path, error.strerror))
        self._socket = link
        self._decoder = FrameDecoder()
        self._sent = 0
        self.hello = None
        self._greeting = encode_frame(HELLO, json.dumps({
            'mitogen': 1, 'features': [], 'client': 'ansible', 'pid': self._pid, 'log': self.log_level,
        }).encode('ascii'))

    def _send(self, data):
        with self._sending:
            if self._greeting:
                data, self._greeting = self._greeting + data, b''
            link = self._socket
            if link is None:
                raise RouterGone('the link to the router was closed')
            self._sent += len(data)
            try:
                link.sendall(data)
            except OSError as error:
                raise RouterGone('the router is gone: %s' % error.strerror)

    def _send_counted(self, stream, kind, payload, flags):
        """Sends when the credit allows. False: the stream has ended, there is no use in sending more."""
        self._read_until(lambda: stream.ended or (
            stream.credit >= len(payload)
            and (self.hello is not None or self._sent + len(payload) + HEADER.size <= BEFORE_HELLO)), stream)
        if stream.ended:
            return False
        stream.credit -= len(payload)
        self._send(encode_frame(kind, payload, stream.number, flags))
        return True

    def _read_until(self, satisfied, stream):
        """One thread reads for all that wait; the others sleep until it has something."""
        while True:
            with self._lock:
                while not satisfied() and self._reading:
                    self._lock.wait()
                if satisfied() and not stream.chunks:
                    return
                chunks, stream.chunks = stream.chunks, []
                if not chunks:
                    self._reading = True
            for chunk in chunks:
                stream.on_data(chunk)
            if chunks:
                continue
            try:
                frames, failure = self._receive(), None
            except RouterError as error:
                frames, failure = [], error
            except BaseException:
                with self._lock:
                    self._reading = False
                    self._lock.notify_all()
                raise
            answers = []
            with self._lock:
                self._reading = False
                for frame in frames:
                    answers += self._frame_received(*frame)
                if failure is not None:
                    self._fail_all(failure)
                    if self._socket is not None:
                        self._socket.close()
                        self._socket = None
                self._lock.notify_all()
            if answers:
                self._send(b''.join(answers))

    def _receive(self):
        link = self._socket
        if link is None:
            raise RouterGone('the link to the router was closed')
        try:
            data = link.recv(WINDOW)
        except OSError as error:
            raise RouterGone('the router is gone: %s' % error.strerror)
        if not data:
            raise RouterGone('the router has ended', 'MITOGEN_ROUTER_DEBUG=1 makes it leave a log file.')
        return self._decoder.feed(data)

    def _fail_all(self, error):
        for stream in self._streams.values():
            if not stream.ended:
                stream.error = error

    def _frame_received(self, kind, flags, node, number, payload):
        """Takes one frame; returns the frames that it calls for."""
        if kind == HELLO:
            self.hello = _parse(payload)
        elif kind == PING:
            return [encode_frame(PONG, payload)]
        elif kind == LOG:
            if self.on_log is not None:
                record = _parse(payload)
                self.on_log(record.get('level', 'info'), record.get('logger', ''), record.get('text', ''))
        elif kind == GOODBYE:
            farewell = _parse(payload)
            self._fail_all(RouterError(farewell.get('code', 'protocol'), farewell.get('message', 'the router left')))
        elif kind not in _KNOWN:
            return [encode_frame(UNSUPPORTED, bytes(bytearray([kind])))]
        elif number in self._streams:
            return self._stream_frame_received(self._streams[number], kind, flags, payload)
        return []

    def _stream_frame_received(self, stream, kind, flags, payload):
        if stream.ended:
            return []
        if kind == ERROR:
            error = _parse(payload)
            stream.error = RouterError(
                error.get('code', 'internal'), error.get('message', 'unknown error'), error.get('hint') or '')
        elif kind == CREDIT and len(payload) == LENGTH.size:
            stream.credit += LENGTH.unpack(payload)[0]
        elif kind == REPLY:
            stream.pieces.append(payload)
            stream.size += len(payload)
            if stream.size > MESSAGE_LIMIT:
                stream.error = RouterError('protocol', 'a reply is larger than %d bytes' % MESSAGE_LIMIT)
                return [encode_frame(CANCEL, b'', stream.number)]
            if flags & MORE:
                return self._consumed(stream, len(payload))
            try:
                stream.parts = decode_parts(b''.join(stream.pieces))
            except RouterError as error:
                stream.error = error
            stream.pieces = []
        elif kind == DATA:
            if stream.on_data is not None:
                stream.chunks.append(payload)
            return self._consumed(stream, len(payload))
        return []

    def _consumed(self, stream, count):
        stream.received += count
        if stream.received < WINDOW // 2:
            return []
        given, stream.received = stream.received, 0
        return [encode_frame(CREDIT, LENGTH.pack(given), stream.number)]


def _parse(payload):
    try:
        value = json.loads(payload)
    except ValueError:
        raise RouterError('protocol', 'the router sent something that is not JSON')
    return value if isinstance(value, dict) else {}
