#!/usr/bin/env python3
"""Stands in for the ssh client: runs the command here, and counts what the router sends before it has heard HELLO.

What the agent says behind the marker is held back until the router has been silent for a while. COUNTING_RECORD gets a
JSON line: {"core": bytes, "frames": [[kind, class, length, first byte of the payload]]}; COUNTING_LIBRARIES becomes the
target's PYTHONPATH.
"""
import json
import os
import select
import struct
import subprocess
import sys
import zlib

SILENCE = 0.4


def first_flight(data):
    inflater = zlib.decompressobj()
    inflater.decompress(data)
    rest = inflater.unused_data
    found = {'core': len(data) - len(rest), 'frames': []}
    while rest:
        length, _, _, kind, flags, _ = struct.unpack_from('>IIIBBH', rest)
        found['frames'].append([kind, flags >> 2 & 3, length, rest[16] if length else None])
        rest = rest[16 + length:]
    return found


def main():
    environment = dict(os.environ, PYTHONPATH=os.environ.get('COUNTING_LIBRARIES', ''))
    child = subprocess.Popen(['/bin/sh', '-c', sys.argv[-1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    marker = b''
    while not marker.endswith(b';'):
        marker += os.read(child.stdout.fileno(), 1)
    os.write(1, marker)
    flight = b''
    while select.select([0], [], [], SILENCE if flight else None)[0]:
        data = os.read(0, 65536)
        if not data:
            break
        flight += data
    with open(os.environ['COUNTING_RECORD'], 'w') as record:
        json.dump(first_flight(flight), record)
    child.stdin.write(flight)
    child.stdin.flush()
    ways = {0: child.stdin.fileno(), child.stdout.fileno(): 1}
    while True:
        for source in select.select(list(ways), [], [])[0]:
            data = os.read(source, 65536)
            if not data:
                return
            while data:
                data = data[os.write(ways[source], data):]


main()
