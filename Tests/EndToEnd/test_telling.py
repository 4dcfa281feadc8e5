"""What the programs on the way to a node write beside the link: in the log of who asks for it, in no result."""
import json
import os
import time

import pytest

from conftest import LOCAL, Client, hop


@pytest.fixture
def talking(tmp_path):
    """A hop by a stand-in for ssh that says something before and after Python starts."""
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\necho "a banner: password:" >&2\nfor last; do :; done\n'
                       f'(read go <"{tmp_path}/fifo"; echo "client_loop: $go" >&2) &\nexec /bin/sh -c "$last"\n')
    program.chmod(0o755)
    return hop("ssh", "web1", options={"host": "h", "ssh_executable": str(program)}, secrets={"password": "sesame"})


def lines_of(router, text):
    """The log records that hold the text; they come with the answer to some request."""
    deadline = time.monotonic() + 10
    while not (found := [record for record in router.logs if text in record[-1]]):
        assert time.monotonic() < deadline, router.logs
        router.request("status", [])
    return found


@pytest.mark.parametrize("behind", [[], [LOCAL]], ids=["from here", "behind another node"])
def test_it_is_told_to_who_asks_and_is_in_no_result(router, talking, behind, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    others = []
    quiet = Client(router.socket, on_log=lambda *record: others.append(record))
    quiet.request({"op": "status", "hops": 0}, [])
    assert router.exec([*behind, talking], ["sh", "-c", "echo out; echo err >&2"]) == (0, b"out\n", b"err\n")
    (level, _, text), = lines_of(router, "a banner")
    assert (level, text) == ("info", "ssh to web1 (h): a banner: password:")
    (tmp_path / "fifo").write_text("disconnect\n")
    lines_of(router, "ssh to web1 (h): client_loop: disconnect")
    quiet.request({"op": "status", "hops": 0}, [])
    assert not others
    assert "sesame" not in json.dumps(router.logs)
    quiet.close()


def test_what_comes_when_nobody_waits_is_told_with_the_next_answer(router, talking, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    router.exec([talking], ["true"])
    router.client.close()
    with open(tmp_path / "fifo", "w") as fifo:
        fifo.write("nobody listens\n")
    others = []
    other = Client(router.socket, log_level="info", on_log=lambda *record: others.append(record))
    deadline = time.monotonic() + 10
    while not [record for record in others if "nobody listens" in record[-1]]:
        assert time.monotonic() < deadline, others
        other.request({"op": "status", "hops": 0}, [])
    other.close()
    assert len([record for record in others if "nobody listens" in record[-1]]) == 1
    router.request("status", [])
    assert not [record for record in router.logs if "nobody listens" in record[-1]]
