"""A tiny controller: starts an agent as the router would, and speaks frames with it.

The agent may be any Python; the controller runs under the test's own, with the agent's own wire.py.
"""
import collections
import json
import os
import select
import socket
import subprocess
import sys
import time

from . import core

sys.path.insert(0, core.FOLDER)
import wire  # noqa: E402

NODE = 7


class Piped(object):
    """What an agent has above it whose stdin is a pipe, as behind ssh."""

    def __init__(self):
        self.socket, theirs = socket.socketpair()
        read_fd, self.pipe = os.pipe()
        self.theirs = os.fdopen(read_fd, 'rb'), theirs
        self.fileno, self.recv = self.socket.fileno, self.socket.recv

    def sendall(self, data):
        while data:
            data = data[os.write(self.pipe, data):]

    def close(self):
        os.close(self.pipe)
        self.socket.close()


class Controller(object):
    """One agent. `frames` holds what came and was not asked for; `wait` reads until a frame fits."""

    def __init__(self, python=sys.executable, hello=None, environment=None, directory=None, start=True, piped=False):
        if piped:
            self.link = Piped()
            stdin, stdout = self.link.theirs
        else:
            self.link, stdout = socket.socketpair()
            stdin = stdout
        compressed = core.core()
        stage = core.first_stage('0123456789abcdef', len(compressed))
        self.process = subprocess.Popen(
            [python, '-c', stage], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
            env=environment, cwd=directory)
        stdin.close()
        stdout.close()
        self.reader = wire.FrameReader()
        self.deflater = wire.Deflater()
        self.frames = collections.deque()
        self.numbers = collections.Counter()
        self.hello = None
        # Give credit for all that comes, as a client does that reads.
        self.generous = True
        if start:
            self._await_marker()
            self.link.sendall(compressed)
            settings = {'mitogen': 1, 'features': [], 'node': NODE, 'deflate': True, 'log': 'debug',
                        'keepalive': {'interval': 30, 'count': 10}}
            # What comes behind the first call.
            parts = dict((name, core.part(name)) for name in ('tidy', 'surroundings'))
            settings.update((name, part[0].hex()) for name, part in parts.items())
            settings.update(hello or {})
            self.send(0, 0, wire.HELLO, json.dumps(settings).encode())
            self.supply(*[parts[name] for name in sorted(parts) if settings[name]])
            self.hello = json.loads(self.wait(lambda f: f[2] == wire.HELLO)[4].decode())

    def _await_marker(self):
        marker = b'MITO:0123456789abcdef;'
        seen = b''
        while not seen.endswith(marker):
            data = self.link.recv(1)
            assert data, self.process.stderr.read()
            seen += data

    # -- frames --

    def send(self, node, stream, kind, payload=b'', rank=0, more=False):
        pieces = [payload[at:at + wire.MAX_PAYLOAD] for at in range(0, len(payload), wire.MAX_PAYLOAD)] or [b'']
        for at, piece in enumerate(pieces):
            flags = rank << 2
            if at + 1 < len(pieces) or more:
                flags |= wire.MORE
            self.link.sendall(wire.encode_frame(node, stream, kind, flags, piece))

    def wait(self, fits, seconds=20):
        """The first frame that fits; CREDIT is given for what streams receive, as a client would."""
        deadline = time.monotonic() + seconds
        for frame in self.frames:
            if fits(frame):
                self.frames.remove(frame)
                return frame
        while True:
            frame = self.reader.next()
            if frame is None:
                ready = select.select([self.link], [], [], deadline - time.monotonic())[0]
                assert ready, 'nothing came in time; had %r' % [f[:4] for f in self.frames]
                data = self.link.recv(1048576)
                if not data:
                    raise EOFError('the agent closed the link: %s' % self.process.stderr.read().decode())
                self.reader.feed(data)
                continue
            node, stream, kind, flags, payload = frame
            if kind in (wire.REPLY, wire.DATA) and payload and self.generous:
                self.send(node, stream, wire.CREDIT, wire.U32.pack(len(payload)))
            if fits(frame):
                return frame
            self.frames.append(frame)

    def wait_closed(self, seconds=20):
        try:
            while True:
                self.wait(lambda f: False, seconds)
        except EOFError:
            return

    # -- requests --

    def supply(self, *blobs, **options):
        for message in wire.encode_bundle([data for _, data in blobs]):
            self.send(options.get('node', NODE), 1, wire.BLOBS, message, rank=1)

    def request(self, header, *parts, **options):
        """Sends a request and returns its stream's number."""
        node = options.get('node', NODE)
        self.numbers[node] += 1
        message = wire.encode_parts([json.dumps(header).encode()] + list(parts))
        self.send(node, self.numbers[node], wire.REQUEST, message, rank=options.get('rank', 1))
        return self.numbers[node]

    def answer(self, stream, node=NODE, seconds=20):
        """The parts of the reply; RemoteError for an ERROR."""
        joiner = wire.Joiner()
        while True:
            frame = self.wait(
                lambda f: f[:2] == (node, stream) and f[2] in (wire.REPLY, wire.ERROR), seconds)
            if frame[2] == wire.ERROR:
                raise RemoteError(json.loads(frame[4].decode()))
            message = joiner.add(frame[4], frame[3] & wire.MORE)
            if message is not None:
                return wire.decode_parts(message)

    def run(self, program, arguments=b'', call=None, **options):
        """Runs a program of support/programs.py; (meta, stdout, stderr)."""
        self.supply(*program.blobs)
        stream = self.start(program, arguments, call)
        return self.result(stream, **options)

    def start(self, program, arguments=b'', call=None):
        return self.request({'op': 'run', 'program': program.name}, json.dumps(call or {}).encode(), arguments)

    def result(self, stream, **options):
        meta, out, err = self.answer(stream, **options)
        return json.loads(meta.decode()), out, err

    def answered(self, stream, seconds):
        """Whether an answer comes within so many seconds; it is left for `answer`."""
        try:
            frame = self.wait(lambda f: f[1] == stream and f[2] in (wire.REPLY, wire.ERROR), seconds)
        except AssertionError:
            return False
        self.frames.append(frame)
        return True

    def logged(self, text):
        """Waits for a log line with this text."""
        return self.wait(lambda f: f[2] == wire.LOG and text in f[4].decode())

    def close(self):
        """Closes the link, as a controller that ends does; the agent's exit code."""
        self.link.close()
        return self.process.wait(timeout=20)

    def end(self):
        """Closes and waits until the fork server has gone as well."""
        self.close()
        self.process.stderr.close()


class RemoteError(Exception):
    def __init__(self, error):
        Exception.__init__(self, error['message'])
        self.code = error['code']
        self.hint = error['hint']
