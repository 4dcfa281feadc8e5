"""Files between the controller and a node: cancelled ones, how far they are, and what cannot be read as it should."""
import fcntl
import json
import os
import sys
import threading
import time

import pytest
from mitogen_swift.client import CANCEL, encode_frame

from conftest import LOCAL, REPOSITORY, RouterError, Running, hop

RELAY = REPOSITORY / "Tests" / "Copy" / "relay_ssh.py"
FAR = hop("ssh", "far", options={"host": "far", "ssh_executable": str(RELAY)}, python=[sys.executable])
SIZE = 3_000_000


def begin(router, route, source, path, **header):
    call = json.dumps({"path": str(path), "size": source.stat().st_size}).encode()
    return router.client.begin({"op": "put", "hops": 1, "source": str(source), **header}, [route, call])


def cancel(router, stream):
    router.client._send(encode_frame(CANCEL, b"", stream.number))


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # nothing tells of another process's file: it is looked for again


@pytest.fixture
def held(tmp_path, monkeypatch):
    """The relay holds a file after some bytes, makes one file, and waits for another: (held, go)."""
    paths = tmp_path / "held", tmp_path / "go"
    for name, value in (("RELAY_HOLD", 65536), ("RELAY_HELD", paths[0]), ("RELAY_GO", paths[1])):
        monkeypatch.setenv(name, str(value))
    return paths


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(os.urandom(SIZE))
    return path


# -- cancelled --

def test_a_transfer_that_is_cancelled_on_its_way_is_answered(held, tmp_path, source):
    router = Running(tmp_path)
    stream = begin(router, FAR, source, tmp_path / "there")
    wait_for(held[0].exists)
    cancel(router, stream)
    held[1].touch()
    # What the node answers later comes later.
    router.request("list", [FAR], json.dumps({"paths": ["/"]}).encode())
    assert stream.error is not None and stream.error.code == "cancelled"
    assert not (tmp_path / "there").exists()
    assert router.end() == 0


def test_a_small_file_that_is_cancelled_before_it_was_read_is_not_written(router, tmp_path):
    """Files are read one after the other, and the first here waits for somebody who writes it."""
    pipe, small, after = (tmp_path / name for name in ("pipe", "small", "after"))
    os.mkfifo(pipe)
    small.write_text("small")
    after.write_text("after")
    router.request("node", [LOCAL])
    waiting, cancelled, last = (begin(router, LOCAL, path, tmp_path / f"{path.name}-there") for path in (pipe, small, after))
    cancel(router, cancelled)
    with pytest.raises(RouterError) as e:
        router.client.wait(cancelled)
    assert e.value.code == "cancelled"
    with open(pipe, "w"):
        with pytest.raises(RouterError, match="no file"):
            router.client.wait(waiting)
    router.client.wait(last)
    assert (tmp_path / "after-there").exists() and not (tmp_path / "small-there").exists()


# -- how far they are --

@pytest.mark.parametrize("size", [1000, SIZE], ids=["in the reply", "in pieces"])
def test_of_a_file_that_comes_all_is_told_at_last(router, tmp_path, size):
    (tmp_path / "there").write_bytes(os.urandom(size))
    told = []
    header = {"op": "get", "hops": 1, "destination": str(tmp_path / "here"), "progress": True}
    router.client.request(header, [LOCAL, json.dumps({"path": str(tmp_path / "there")}).encode()], on_data=told.append)
    assert int.from_bytes(told[-1], "big") == size


def test_no_transfer_waits_for_somebody_who_reads_how_far_it_is(tmp_path, source, monkeypatch):
    monkeypatch.setenv("RELAY_PACE", "0.05")
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    os.write(theirs, bytes(fcntl.fcntl(theirs, fcntl.F_GETPIPE_SZ)))
    os.set_blocking(theirs, True)
    router = Running(tmp_path, "--progress-fd", str(theirs), pass_fds=[theirs])
    try:
        stream = begin(router, FAR, source, tmp_path / "there")
        wait_for((tmp_path / "there").exists)
        router.client.wait(stream)
    finally:
        os.close(ours)
        os.close(theirs)
        assert router.end() == 0


# -- where there is no Python --

@pytest.fixture
def bare(router, tmp_path):
    """A route to a machine with a shell, which has been found, and no Python."""
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nfor last; do :; done\nexec /bin/sh -c "$last"\n')
    program.chmod(0o755)
    route = hop("ssh", "bare", options={"host": "bare", "ssh_executable": str(program)}, python_candidates=["/no/such/python"])
    assert router.exec([route], ["true"])[0] == 0
    return route


@pytest.mark.parametrize("size", [0, 1000, SIZE], ids=["empty", "small", "in pieces"])
def test_a_file_goes_through_a_shell(router, bare, tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "source").write_bytes(content)
    meta, = router.client.wait(begin(router, bare, tmp_path / "source", tmp_path / "there"))
    assert json.loads(meta)["size"] == size and (tmp_path / "there").read_bytes() == content


def test_what_is_no_file_does_not_go_through_a_shell(router, bare, tmp_path):
    call = json.dumps({"path": str(tmp_path / "there"), "size": 0}).encode()
    with pytest.raises(RouterError, match="no file"):
        router.request("put", [bare], call, source="/dev/null")
    assert not (tmp_path / "there").exists()


def test_a_source_that_changes_while_it_goes_through_a_shell_is_told(router, bare, tmp_path):
    source, there = tmp_path / "source", tmp_path / "there"
    source.write_bytes(os.urandom(1_500_000))
    os.mkfifo(there)
    stream = begin(router, bare, source, there)

    def read():
        """The commands write one after the other, each to who has opened it."""
        with open(there, "rb") as first:
            with open(source, "ab") as file:
                file.write(b"more")
            first.read()
        with open(there, "rb") as second:
            second.read()

    threading.Thread(target=read, daemon=True).start()
    with pytest.raises(RouterError) as e:
        router.client.wait(stream)
    assert e.value.code == "changed"
