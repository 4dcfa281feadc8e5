"""One file for many nodes behind a hop: its link carries it once, whoever asks when, and whatever becomes of the others."""
import json
import os
import sys

import pytest

from conftest import REPOSITORY, Running, hop

RELAY = str(REPOSITORY / "Tests" / "EndToEnd" / "relay_ssh.py")
BASTION = hop("ssh", "bastion", options={"host": "bastion", "ssh_executable": RELAY}, python=[sys.executable])
SIZE = 6_000_000
NODES = 4


class Behind:
    """Nodes behind a bastion whose link is counted."""

    def __init__(self, router, folder):
        self.router, self.folder = router, folder
        self.source = folder / "source"
        self.source.write_bytes(os.urandom(SIZE))
        self.routes = [[BASTION, hop("local", f"node{number}", python=[sys.executable])] for number in range(NODES)]
        self.bastion = json.loads(router.request("node", [BASTION])[0])["pid"]
        for route in self.routes:
            router.request("node", route)

    @property
    def crossed(self):
        return int((self.folder / "crossed").read_text())

    @property
    def kept(self):
        """The file of the hop's."""
        open_files = [f"/proc/{self.bastion}/fd/{fd}" for fd in os.listdir(f"/proc/{self.bastion}/fd")]
        path, = [path for path in open_files if ".kept." in os.readlink(path)]
        return path

    def begin(self, number):
        call = {"path": str(self.folder / str(number)), "size": self.source.stat().st_size}
        route = self.routes[number]
        return self.router.client.begin({"op": "put", "hops": 2, "source": str(self.source)}, route + [json.dumps(call).encode()])

    def end(self, stream):
        return self.router.client.wait(stream)

    def is_at(self, number):
        return (self.folder / str(number)).read_bytes() == self.source.read_bytes()


@pytest.fixture
def router(tmp_path, monkeypatch):
    monkeypatch.setenv("RELAY_RECORD", str(tmp_path / "crossed"))
    running = Running(tmp_path)
    yield running
    running.end()


@pytest.fixture
def behind(router, tmp_path):
    return Behind(router, tmp_path)


def test_it_crosses_the_link_once_for_all_at_the_same_time(behind):
    before = behind.crossed
    for stream in [behind.begin(number) for number in range(NODES)]:
        behind.end(stream)
    assert all(behind.is_at(number) for number in range(NODES))
    assert behind.crossed - before < SIZE * 1.1


def test_it_crosses_the_link_once_for_one_after_the_other(behind):
    before = behind.crossed
    for number in range(NODES):
        behind.end(behind.begin(number))
        assert behind.is_at(number)
    assert behind.crossed - before < SIZE * 1.1


@pytest.mark.parametrize("together", [True, False], ids=["at the same time", "one after the other"])
@pytest.mark.parametrize("shape", ["0x", "x0x", "x0", "0x0x0", "0"])
def test_of_one_with_zeros_only_the_rest_crosses_it(behind, shape, together):
    """Wherever they are: images of disks begin and end so."""
    content = os.urandom(1_500_007)
    behind.source.write_bytes(b"".join(bytes(1_500_000) if piece == "0" else content for piece in shape))
    before = behind.crossed
    if together:
        for stream in [behind.begin(number) for number in range(NODES)]:
            behind.end(stream)
    else:
        for number in range(NODES):
            behind.end(behind.begin(number))
    assert all(behind.is_at(number) for number in range(NODES))
    assert behind.crossed - before < len(content) * shape.count("x") * 1.1 + 250_000


def test_another_file_of_the_same_name_crosses_it_too(behind):
    behind.end(behind.begin(0))
    behind.source.write_bytes(os.urandom(SIZE))
    before = behind.crossed
    behind.end(behind.begin(1))
    assert behind.is_at(1) and behind.crossed - before > SIZE


def test_when_the_first_gives_up_the_others_go_on(behind):
    first, others = behind.begin(0), [behind.begin(number) for number in range(1, NODES)]
    behind.router.client.abandon(first)
    for stream in others:
        behind.end(stream)
    assert all(behind.is_at(number) for number in range(1, NODES))


def test_what_the_hop_has_lost_is_sent(behind):
    behind.end(behind.begin(0))
    os.truncate(behind.kept, SIZE // 2)
    before = behind.crossed
    behind.end(behind.begin(1))
    assert behind.is_at(1) and behind.crossed - before > SIZE // 4
    behind.end(behind.begin(2))
    assert behind.is_at(2)


def test_what_is_lost_when_all_was_said_is_sent_as_well(behind):
    """A file that goes in one flight: its end is there before the hop has said that it lost the file."""
    behind.source.write_bytes(os.urandom(200_000))
    behind.end(behind.begin(0))
    os.truncate(behind.kept, 100_000)
    behind.end(behind.begin(1))
    assert behind.is_at(1)


def test_a_hop_with_one_node_behind_it_keeps_nothing(router, tmp_path):
    """It would write what nobody asks for."""
    source = tmp_path / "source"
    source.write_bytes(os.urandom(SIZE))
    route = [BASTION, hop("local", "one", python=[sys.executable])]
    router.request("put", route, json.dumps({"path": str(tmp_path / "there"), "size": SIZE}).encode(), source=str(source))
    bastion = json.loads(router.request("node", [BASTION])[0])["pid"]
    assert not [fd for fd in os.listdir(f"/proc/{bastion}/fd") if ".kept." in os.readlink(f"/proc/{bastion}/fd/{fd}")]
