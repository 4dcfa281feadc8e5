"""Transfers that are cut off at any point, by the end of any part or by a full disk, while somebody reads the destination without pause.

Never is there a part of a file, or a mixture; nothing is left when the transfer was made again, and that has the right content.
MITOGEN_TORN_TRANSFERS: how many are cut off (30; `tools/torn` cuts 500). MITOGEN_TORN_SEED: another seed cuts elsewhere.
"""
import ctypes
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
MITOGEN = HERE.parents[1] / ".build" / "release" / "mitogen"
RELAY = HERE / "killing_ssh.py"
TRANSFERS = int(os.environ.get("MITOGEN_TORN_TRANSFERS", 30))
SEED = int(os.environ.get("MITOGEN_TORN_SEED", 1))
#: Seconds for a transfer, and for what is left of one to end.
LIMIT = 60
CLONE_NEWNS = 0x20000
#: Bytes of the file system that gets full.
DISK = 24 << 20
#: Of one that is gone on with, of one that is sent again, and of each file of a tree.
SIZES = {"large": (4_300_000, 6_000_000), "medium": (130_000, 900_000), "tree": (100, 9_000)}
FILES = 60


@dataclass
class Transfer:
    """The `number`th: everything about it follows from that and the seed."""

    number: int

    def __post_init__(self):
        chance = random.Random(SEED * 1_000_003 + self.number)
        self.kind = chance.choices(("large", "medium", "tree"), (5, 3, 2))[0]
        self.who = chance.choice(("agent", "link", "router", "controller", "disk"))
        self.back = self.who in ("agent", "link", "router") and chance.random() < 0.3
        self.size = chance.randint(*SIZES[self.kind])
        self.bytes = self.size * (FILES if self.kind == "tree" else 1)
        # Some behind the last byte, where what came is compared and renamed.
        self.at = int(self.bytes * chance.choice((chance.random(), chance.random(), 1.0)))
        # By a controller that has a router, as Ansible has one; the command is both itself.
        self.by_controller = self.who == "controller" and self.kind != "tree" or self.kind != "tree" and chance.random() < 0.3
        if self.who == "controller" and self.kind == "tree":
            self.who = "router"
        self.goes_on = chance.random() < 0.85

    def __str__(self):
        return f"{self.number}: {self.kind} of {self.bytes} bytes {'back' if self.back else 'there'}, {self.who} at {self.at}"

    def write(self, place: Path):
        """What is to be copied."""
        if self.kind != "tree":
            place.write_bytes(self.content(0))
            return
        for index in range(FILES):
            file = place / f"d{index % 3}" / f"f{index}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.content(index))
        link = place / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(f"v{self.number}")

    def content(self, index: int) -> bytes:
        rest = random.Random(f"{SEED} {self.number} {index}").randbytes(self.size)
        return hashlib.sha256(rest).digest() + rest

    def is_at(self, place: Path) -> bool:
        if self.kind != "tree":
            return place.read_bytes() == self.content(0)
        return os.readlink(place / "link") == f"v{self.number}" and all(
            (place / f"d{index % 3}" / f"f{index}").read_bytes() == self.content(index) for index in range(FILES))


class World:
    """The folders, and what may be in them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.source, self.target = folder / "source", folder / "disk" / "target"
        self.target.mkdir()
        self.source.mkdir()

    def place(self, transfer: Transfer) -> Path:
        return self.target / transfer.kind

    def command(self, transfer: Transfer) -> list[str]:
        source, target = self.source / transfer.kind, self.place(transfer)
        if transfer.by_controller:
            hop = {"method": "ssh", "name": "far", "options": {"host": "far", "ssh_executable": str(RELAY)}, "secrets": {}, "python": [sys.executable],
                   "python_candidates": [], "timeout": 30.0}
            if transfer.back:
                call, header, op = {"path": str(source)}, {"destination": str(target)}, "get"
            else:
                call, header, op = {"path": str(target), "size": source.stat().st_size}, {"source": str(source)}, "put"
            return [sys.executable, str(HERE / "controller.py"), json.dumps(hop), json.dumps(call), json.dumps(header), op]
        # Into the folder that is there.
        ends = [f"ssh://far:{source}", str(self.target)] if transfer.back else [str(source), f"ssh://far:{self.target}"]
        return [str(MITOGEN), "copy", "-r", "--timeout", "30", "--python", sys.executable, "-o", f"ssh.ssh_executable={RELAY}", *ends]

    def run(self, transfer: Transfer, **settings: str) -> subprocess.CompletedProcess:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MITOGEN_", "TORN_"))}
        record = self.folder / "agent"
        record.unlink(missing_ok=True)
        with open(self.folder / "said", "w+") as said:
            process = subprocess.run(self.command(transfer), env=kept | settings | {"TORN_RECORD": str(record)}, cwd=self.folder,
                                     stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=LIMIT)
            said.seek(0)
            process.stdout = said.read()
        if record.exists():
            self.wait_for_end(int(record.read_text()))
        return process

    def wait_for_end(self, pid: int):
        """An agent that was cut off may still write what has come."""
        deadline = time.monotonic() + LIMIT
        while lives(pid):
            assert time.monotonic() < deadline, f"the agent {pid} lives on"
            time.sleep(0.002)  # nobody's child any more: nothing tells when it ends

    def hidden(self) -> list[Path]:
        return [path for path in self.target.rglob(".*")]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def fill(folder: Path, leave: int):
    """A file that takes what the file system has, but for so many bytes."""
    room = os.statvfs(folder)
    with open(folder / "ballast", "wb") as file:
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - leave)))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """In a mount namespace, of which the disk that gets full ends with this process."""
    folder = tmp_path_factory.mktemp("torn")
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    (folder / "disk").mkdir()
    for command in (["--make-rprivate", "/"], ["-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder / "disk")]):
        subprocess.run(["mount", *command], check=True)
    return World(folder)


@pytest.fixture(scope="module")
def reader(world):
    process = subprocess.Popen([sys.executable, str(HERE / "reader.py"), str(world.target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.stdin.close()
    process.wait(LIMIT)


def test_no_file_is_ever_torn(world, reader):
    cut = 0
    for number in range(TRANSFERS):
        transfer = Transfer(number)
        transfer.write(world.source / transfer.kind)
        if transfer.who == "disk":
            fill(world.folder / "disk", transfer.at)
            done = world.run(transfer)
            (world.folder / "disk" / "ballast").unlink()
        else:
            done = world.run(transfer, TORN_AT=str(transfer.at), TORN_WHO=transfer.who)
        cut += done.returncode != 0
        assert reader.poll() is None, f"{transfer}: {reader.stderr.read()}"
        if not transfer.goes_on:
            continue
        again = world.run(transfer)
        assert again.returncode == 0, f"{transfer}: {again.stdout}\nbefore: {done.stdout}"
        assert transfer.is_at(world.place(transfer)), str(transfer)
        assert reader.poll() is None, f"{transfer}: {reader.stderr.read()}"
    assert cut > TRANSFERS / 2, "most are cut off, not all: some are at the point where nothing more can be"
    for kind in SIZES:
        last = Transfer(next(number for number in range(TRANSFERS, TRANSFERS + 10_000) if Transfer(number).kind == kind and Transfer(number).who != "disk"))
        last.write(world.source / kind)
        # The first removes what others left, its own place's parts when there is another file, the second those.
        for _ in range(2):
            done = world.run(last)
            assert done.returncode == 0, done.stdout
            assert last.is_at(world.place(last))
    assert world.hidden() == []
    reader.stdin.close()
    assert reader.wait(LIMIT) == 0, reader.stderr.read()
    assert int(reader.stdout.read()) > TRANSFERS
