#!/usr/bin/env python3
"""Stands in for the ssh client: runs the command here, and looks at the frames that pass.

RELAY_RECORD gets, when the router hangs up, {"requests": how many, "unanswered": the most at a time, "data": bytes of files that passed}.
RELAY_HOLD: after so many bytes of files it makes the file RELAY_HELD and waits until there is RELAY_GO.
RELAY_DAMAGE: one bit of the first DATA is another.  RELAY_PACE: seconds for each frame with a piece of a file.
"""
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
import zlib

HEADER = struct.Struct('>IIIBBH')
REQUEST, REPLY, DATA, ERROR = 16, 17, 18, 22
MORE, FILES = 1, 3


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self):
        self.rest = b''

    def feed(self, data):
        self.rest += data
        while len(self.rest) >= HEADER.size:
            length, _, _, kind, flags, _ = HEADER.unpack_from(self.rest)
            if len(self.rest) < HEADER.size + length:
                return
            frame, self.rest = self.rest[:HEADER.size + length], self.rest[HEADER.size + length:]
            yield kind, flags, frame


class Relay:
    def __init__(self, child):
        self.child = child
        self.lock = threading.Lock()
        self.record = {'requests': 0, 'unanswered': 0, 'data': 0}
        self.open = 0
        self.held = False

    def up(self):
        frames = Frames()
        while True:
            data = os.read(self.child.stdout.fileno(), 65536)
            if not data:
                return
            for kind, flags, frame in frames.feed(data):
                self.pass_up(kind, flags, frame)

    def pass_up(self, kind, flags, frame):
        if kind in (REPLY, ERROR) and not flags & MORE:
            with self.lock:
                self.open -= 1
        if kind == DATA and flags >> 2 & 3 == FILES:
            self.record['data'] += len(frame) - HEADER.size
            self.hold()
        write(1, frame)

    def down(self):
        core, frames = zlib.decompressobj(), Frames()
        while True:
            # The agent sets its output not to block, and that may be the same socket as our input.
            select.select([0], [], [])
            data = os.read(0, 65536)
            if not data:
                return
            if not core.eof:
                core.decompress(data)
                write(self.child.stdin.fileno(), data[:len(data) - len(core.unused_data)])
                data = core.unused_data
            for kind, flags, frame in frames.feed(data):
                self.pass_on(kind, flags, frame)

    def pass_on(self, kind, flags, frame):
        if kind == REQUEST and not flags & MORE:
            with self.lock:
                self.open += 1
                self.record['requests'] += 1
                self.record['unanswered'] = max(self.record['unanswered'], self.open)
        if kind == DATA and flags >> 2 & 3 == FILES:
            if not self.record['data'] and 'RELAY_DAMAGE' in os.environ:
                frame = frame[:-1] + bytes([frame[-1] ^ 1])
            self.record['data'] += len(frame) - HEADER.size
            time.sleep(float(os.environ.get('RELAY_PACE', 0)))
            self.hold()
        write(self.child.stdin.fileno(), frame)

    def hold(self):
        if not self.held and self.record['data'] >= int(os.environ.get('RELAY_HOLD', 1 << 60)):
            self.held = True
            open(os.environ['RELAY_HELD'], 'w').close()
            while not os.path.exists(os.environ['RELAY_GO']):
                time.sleep(0.01)


def write(fd, data):
    while data:
        data = data[os.write(fd, data):]


def main(kind=Relay):
    child = subprocess.Popen(['/bin/sh', '-c', sys.argv[-1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    marker = b''
    while not marker.endswith(b';'):
        marker += os.read(child.stdout.fileno(), 1)
    write(1, marker)
    relay = kind(child)
    threading.Thread(target=relay.up, daemon=True).start()
    relay.down()
    if 'RELAY_RECORD' in os.environ:
        with open(os.environ['RELAY_RECORD'], 'w') as record:
            json.dump(relay.record, record)
    child.stdin.close()
    child.wait()


if __name__ == '__main__':
    main()
