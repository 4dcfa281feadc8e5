"""`mitogen copy` as a person calls it, to this machine and through a relay that looks at what passes."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MITOGEN = REPOSITORY / ".build" / "release" / "mitogen"
RELAY = Path(__file__).resolve().parent / "relay_ssh.py"
TIME_LIMIT = 120


class Copy:
    """Runs the command; `far` is a route through the relay, which the relay's settings steer."""

    near = "local"
    far = "ssh://relayed"

    def __init__(self, folder):
        self.folder = folder
        self.settings = {}
        self.held, self.go, self.record_path = (folder / name for name in ("relay-held", "relay-go", "relay-record"))

    def command(self, *words):
        return [str(MITOGEN), "copy", "--timeout", "30", "--python", sys.executable, "-o", f"ssh.ssh_executable={RELAY}", *map(str, words)]

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MITOGEN_", "RELAY_"))}
        places = {"RELAY_HELD": self.held, "RELAY_GO": self.go, "RELAY_RECORD": self.record_path}
        return kept | {name: str(path) for name, path in places.items()} | self.settings

    def run(self, *words):
        """The finished process, with its output as text."""
        return subprocess.run(self.command(*words), env=self.environment(), cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT)

    def works(self, *words):
        done = self.run(*words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def start(self, *words):
        return subprocess.Popen(self.command(*words), env=self.environment(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @property
    def record(self):
        return json.loads(self.record_path.read_text())


@pytest.fixture
def copy(tmp_path):
    """Its relay's own files are in a folder of theirs."""
    (tmp_path / "relay").mkdir()
    return Copy(tmp_path / "relay")
