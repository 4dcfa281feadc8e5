"""How many nodes there are, how many are opened at once, and how long a hop may take."""
import json
import os
import select
import signal
import subprocess
import sys

import pytest

from conftest import LOCAL, MITOGEN, Client, RouterError, Running, hop


def child(name, **more):
    return hop("local", name, python=[sys.executable], **more)


@pytest.fixture
def limited(tmp_path, monkeypatch):
    monkeypatch.setenv("MITOGEN_MAX_INTERPRETERS", "2")
    running = Running(tmp_path)
    yield running
    running.end()


def pid(router, *hops):
    return json.loads(router.request("node", hops)[0])["pid"]


def names(router):
    return [node["name"] for node in json.loads(router.request("status", [])[0])["nodes"]]


def gone(pid, seconds=10):
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def test_the_youngest_idle_interpreter_makes_room(limited):
    first, second = (pid(limited, LOCAL, child(name)) for name in ("first", "second"))
    assert pid(limited, LOCAL, child("third"))
    assert gone(second)
    assert names(limited) == ["here", "first", "third"]
    assert pid(limited, LOCAL, child("first")) == first


def test_the_limit_is_each_parent_s_own(limited):
    for parent in ("first", "second"):
        for name in ("one", "two"):
            pid(limited, LOCAL, child(parent), child(name))
    assert len(names(limited)) == 1 + 2 + 4


def test_what_stands_behind_it_goes_with_it(limited):
    pid(limited, LOCAL, child("first"))
    below = pid(limited, LOCAL, child("second"), child("below"))
    pid(limited, LOCAL, child("third"))
    assert gone(below)
    assert names(limited) == ["here", "first", "third"]


def test_one_that_works_is_not_ended(limited, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    call = json.dumps({"argv": ["cat", str(tmp_path / "fifo")]}).encode()
    busy = [LOCAL, child("second")]
    pid(limited, LOCAL, child("first"))
    pid(limited, *busy)
    stream = limited.client.begin({"op": "exec", "hops": 2}, [*busy, call, b"", b"{}"])
    pid(limited, LOCAL, child("third"))
    assert names(limited) == ["here", "second", "third"]
    (tmp_path / "fifo").write_text("done")
    assert limited.client.wait(stream)[1] == b"done"


def test_one_between_two_requests_of_another_task_is_not_ended(limited):
    pid(limited, LOCAL, child("first"))
    worker = Client(limited.socket)
    worker.request({"op": "node", "hops": 2}, [LOCAL, child("second")])
    pid(limited, LOCAL, child("third"))
    assert names(limited) == ["here", "second", "third"]
    worker.close()


def test_where_all_are_in_use_the_limit_is_exceeded(limited):
    workers = [Client(limited.socket) for _ in range(3)]
    for number, worker in enumerate(workers):
        worker.request({"op": "node", "hops": 2}, [LOCAL, child(str(number))])
    assert len(names(limited)) == 4
    for worker in workers:
        worker.close()


def test_reset_ends_a_node_and_all_behind_it_and_the_next_request_opens_it_anew(router):
    here, other = pid(router, LOCAL), pid(router, LOCAL, child("other"))
    node = pid(router, LOCAL, child("web1"))
    below = pid(router, LOCAL, child("web1"), child("root"))
    assert router.request("reset", [LOCAL, child("web1")]) == [b"{}"]
    assert gone(node) and gone(below)
    assert names(router) == ["here", "other"]
    assert pid(router, LOCAL, child("web1")) not in (node, below)
    assert (pid(router, LOCAL), pid(router, LOCAL, child("other"))) == (here, other)
    assert router.request("reset", [LOCAL, child("nobody")]) == [b"{}"]


def test_what_is_under_way_when_its_node_is_reset_comes_to_its_end(router, tmp_path):
    """Two hosts of a play may be the same place."""
    os.mkfifo(tmp_path / "fifo")
    call = json.dumps({"argv": ["cat", str(tmp_path / "fifo")]}).encode()
    web, root = [LOCAL, child("web1")], [LOCAL, child("web1"), child("root")]
    node, below = pid(router, *web), pid(router, *root)
    stream = router.client.begin({"op": "exec", "hops": 3}, [*root, call, b"", b"{}"])
    assert router.request("reset", web) == [b"{}"]
    another = pid(router, *web)
    assert another != node and pid(router, *root) != below
    (tmp_path / "fifo").write_text("done")
    assert router.client.wait(stream)[1] == b"done"
    assert gone(node) and gone(below)
    assert pid(router, *web) == another and names(router) == ["here", "web1", "root"]


def test_a_task_goes_on_where_it_was_when_another_resets_the_place(router):
    """What it has left there, such as a private directory, it will want."""
    task, other = Client(router.socket), Client(router.socket)
    web, root = [LOCAL, child("web1")], [LOCAL, child("web1"), child("root")]

    def ask(client, hops):
        return json.loads(client.request({"op": "node", "hops": len(hops)}, list(hops))[0])["pid"]

    node, below = ask(task, web), ask(other, root)
    assert router.request("reset", web) == [b"{}"]
    assert ask(task, web) == node
    # Another task finds another one, and so does this task when it has been elsewhere.
    another = pid(router, *web)
    assert another != node and ask(other, web) == another and ask(task, [LOCAL]) == pid(router, LOCAL)
    assert gone(node) and gone(below)
    assert ask(task, web) == another
    task.close(), other.close()


def test_a_task_that_resets_a_connection_has_another_one(router):
    node = pid(router, LOCAL, child("web1"))
    task = Client(router.socket)
    task.request({"op": "node", "hops": 2}, [LOCAL, child("web1")])
    task.request({"op": "reset", "hops": 2}, [LOCAL, child("web1")])
    router.request("status", [])
    pid(router, LOCAL)
    assert gone(node)
    task.close()


def test_a_node_that_was_reset_ends_with_the_task_on_it(router):
    task = Client(router.socket)
    task.request({"op": "node", "hops": 2}, [LOCAL, child("web1")])
    node = json.loads(task.request({"op": "node", "hops": 2}, [LOCAL, child("web1")])[0])["pid"]
    router.request("reset", [LOCAL, child("web1")])
    assert names(router) == ["here", "web1"]
    task.close()
    assert gone(node)


#: Stands in for ssh: goes on when so many have started. Opened for both, a pipe makes nobody wait.
RENDEZVOUS = """#!/bin/sh
mkfifo "$0.$$"
exec 9<>"$0.$$"
echo + >>"$0.log"
echo $$ >>"$0.started"
if [ "$(wc -l <"$0.started")" -ge %d ]; then
  for pid in $(cat "$0.started"); do [ "$pid" = $$ ] || echo go 1<>"$0.$pid"; done
else
  read go <&9
fi
exec 9<&-
echo - >>"$0.log"
for last; do :; done
exec /bin/sh -c "$last"
"""


def stand_in(folder, text):
    path = folder / "ssh"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def reach(router, hops):
    """Opens all of them at once."""
    streams = [router.client.begin({"op": "node", "hops": len(route)}, list(route)) for route in hops]
    return [json.loads(router.client.wait(stream)[0])["pid"] for stream in streams]


@pytest.mark.parametrize("behind", [[], [LOCAL]], ids=["from here", "behind one node"])
def test_hops_are_opened_side_by_side(tmp_path, behind):
    program = stand_in(tmp_path, RENDEZVOUS % 12)
    router = Running(tmp_path)
    try:
        routes = [[*behind, hop("ssh", f"web{i}", options={"host": "h", "ssh_executable": program})] for i in range(12)]
        assert len(set(reach(router, routes))) == 12
    finally:
        router.end()


def test_no_more_are_opened_at_once_than_the_pool_has_places(tmp_path, monkeypatch):
    monkeypatch.setenv("MITOGEN_POOL_SIZE", "3")
    program = stand_in(tmp_path, RENDEZVOUS % 3)
    router = Running(tmp_path)
    try:
        reach(router, [[hop("ssh", f"web{i}", options={"host": "h", "ssh_executable": program})] for i in range(8)])
    finally:
        router.end()
    running, most = 0, 0
    for mark in (tmp_path / "ssh.log").read_text().split():
        running += 1 if mark == "+" else -1
        most = max(most, running)
    assert most == 3


@pytest.mark.parametrize("name", ["MITOGEN_POOL_SIZE", "MITOGEN_MAX_INTERPRETERS"])
@pytest.mark.parametrize("value", ["many", "0", "-3"])
def test_a_limit_that_is_no_number_is_refused_by_name(tmp_path, name, value):
    done = subprocess.run([str(MITOGEN), "router", "--socket", str(tmp_path / "router")], env=os.environ | {name: value}, capture_output=True, text=True, timeout=20)
    assert done.returncode != 0
    assert f'{name} is "{value}"' in done.stderr and "above 0" in done.stderr


def test_a_parent_that_answers_nothing_does_not_hold_a_hop_for_ever(router):
    parent = pid(router, LOCAL)
    os.kill(parent, signal.SIGSTOP)
    try:
        with pytest.raises(RouterError) as caught:
            pid(router, LOCAL, child("web1", timeout=0.2))
        assert caught.value.code == "timeout"
        assert "web1" in str(caught.value) and "here" in str(caught.value)
    finally:
        os.kill(parent, signal.SIGCONT)


def test_the_time_of_each_hop_is_its_own_and_the_message_names_it(tmp_path, router):
    program = stand_in(tmp_path, "#!/bin/sh\necho half way >&2\nexec sleep 60\n")
    slow = hop("ssh", "web2", options={"host": "h", "ssh_executable": program}, timeout=0.5)
    with pytest.raises(RouterError) as caught:
        pid(router, LOCAL, child("web1"), slow)
    assert caught.value.code == "timeout"
    assert "ssh to web2" in str(caught.value) and "half way" in str(caught.value)
    assert names(router) == ["here", "web1"]
