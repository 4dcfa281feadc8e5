#!/usr/bin/env python3
"""Stands in for the ssh client: runs the command here, and writes to RELAY_RECORD how many bytes have gone to it so far."""
import os
import select
import subprocess
import sys


def main():
    child = subprocess.Popen(['/bin/sh', '-c', sys.argv[-1]], stdin=subprocess.PIPE, bufsize=0)
    total = 0
    while True:
        # The agent sets its output not to block, and that is the same socket as our input.
        select.select([0], [], [])
        data = os.read(0, 65536)
        if not data:
            break
        total += len(data)
        with open(os.environ['RELAY_RECORD'], 'w') as record:
            record.write(str(total))
        while data:
            data = data[os.write(child.stdin.fileno(), data):]
    child.stdin.close()
    return child.wait()


sys.exit(main())
