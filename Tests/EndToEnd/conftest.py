"""A router of our own for each test, and the client of Ansible's side to speak to it."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Integration" / "Ansible"))

from mitogen_swift.client import Client, RouterError  # noqa: E402

MITOGEN = REPOSITORY / ".build" / "release" / "mitogen"


def hop(method, name, **more):
    value = {"method": method, "name": name, "options": {}, "secrets": {}, "python": None,
             "python_candidates": ["python3", "/usr/bin/python3"], "timeout": 20}
    value.update(more)
    return json.dumps(value, sort_keys=True).encode()


LOCAL = hop("local", "here", python=[sys.executable])


class Running:
    """`mitogen router` on a socket, and requests to it."""

    def __init__(self, folder, *words, pass_fds=()):
        self.socket = str(folder / "router")
        self.process = subprocess.Popen([str(MITOGEN), "router", "--socket", self.socket, *words], stderr=subprocess.PIPE, pass_fds=pass_fds)
        self.logs = []
        self.client = Client(self.socket, log_level="debug", on_log=lambda *record: self.logs.append(record))
        while not self.client.connect():
            assert self.process.poll() is None, self.process.stderr.read()
            os.sched_yield()

    def request(self, op, hops, *parts, **header):
        return self.client.request(dict(header, op=op, hops=len(hops)), list(hops) + list(parts))

    def exec(self, hops, argv, stdin=b""):
        call = json.dumps({"argv": argv}).encode()
        meta, out, err = self.request("exec", hops, call, stdin, b"{}")
        return json.loads(meta)["rc"], out, err

    def end(self):
        self.client.close()
        self.process.terminate()
        return self.process.wait(15)


@pytest.fixture
def router(tmp_path):
    running = Running(tmp_path)
    yield running
    running.end()
