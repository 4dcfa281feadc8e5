#!/usr/bin/env python3
"""Stands in for the ssh client, and ends somebody when so many bytes of files have passed.

TORN_AT: how many.  TORN_WHO: agent, link, router or controller; TORN_CONTROLLER: whose PID this is.
TORN_RECORD: a file that gets the agent's PID.
"""
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'Copy'))

import relay_ssh  # noqa: E402

HELLO, REQUEST, DATA, REPLY = 1, 16, 18, 17


class KillingRelay(relay_ssh.Relay):
    passed = 0
    agent = None

    def pass_up(self, kind, flags, frame):
        if kind == HELLO:
            self.agent = json.loads(frame[relay_ssh.HEADER.size:])['pid']
            Path(os.environ['TORN_RECORD']).write_text(str(self.agent))
        if kind in (DATA, REPLY):
            self.count(frame)
        relay_ssh.write(1, frame)

    def pass_on(self, kind, flags, frame):
        if kind in (DATA, REQUEST) and flags >> 2 & 3 == relay_ssh.FILES:
            # A part of it gets there: who dies may have a piece of a frame.
            self.count(frame, lambda: relay_ssh.write(self.child.stdin.fileno(), frame[:len(frame) // 2]))
        relay_ssh.write(self.child.stdin.fileno(), frame)

    def count(self, frame, before=lambda: None):
        self.passed += len(frame) - relay_ssh.HEADER.size
        if self.passed < int(os.environ.get('TORN_AT', 1 << 60)):
            return
        who = os.environ['TORN_WHO']
        if who == 'link':
            before()
            os._exit(255)
        os.kill({'agent': self.agent, 'router': os.getppid(), 'controller': int(os.environ.get('TORN_CONTROLLER', 0))}[who], signal.SIGKILL)
        os.environ['TORN_AT'] = str(1 << 60)


if __name__ == '__main__':
    relay_ssh.main(KillingRelay)
