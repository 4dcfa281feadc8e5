"""Wrong everything: what failed, where, and what to do; and nothing is left running."""
import json
import os
import signal
import subprocess
import time

import pytest

from conftest import MITOGEN, run
from support.container import Container
from support.processes import gone, tree

WAYS = pytest.mark.parametrize("way", ["", "local/"], ids=["from-here", "behind-a-node"])
NO_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]


def inspected(pid, status="running"):
    return json.dumps({"pid": pid, "status": status, "user": "", "directory": "", "environment": None})


def failed(way, tool, *words, user="", kind="docker", **more):
    """Opens it in vain; asserts that each of `words` is in the message."""
    status, out, err = run(f"{way}setns://{user}box", "true", options=tool.options, **more)
    assert (status, out) == (255, "")
    for word in (f"setns into {kind} container box: ", *words):
        assert word in err, err


@WAYS
def test_the_tool_is_missing(way, tool):
    stand_in = tool("docker")
    stand_in.options["setns.mitogen_docker_path"] = "/nowhere/docker"
    failed(way, stand_in, "/nowhere/docker could not be started: /nowhere/docker: No such file or directory", "set mitogen_docker_path")


@WAYS
def test_the_container_is_missing(way, tool):
    stand_in = tool("docker")
    stand_in.answers(stderr="Error: No such container: box\n", rc=1)
    failed(way, stand_in, "ended with exit status 1: Error: No such container: box", "Set ansible_host")


@WAYS
def test_the_container_is_stopped(way, tool):
    stand_in = tool("docker")
    stand_in.answers(inspected(0, "exited"))
    failed(way, stand_in, "it is not running (exited)", "Start it: docker start box")


@WAYS
def test_the_container_has_ended_meanwhile(way, tool, tmp_path):
    (tmp_path / "box").mkdir()
    with Container(tmp_path / "box") as container:
        pass
    stand_in = tool("docker")
    stand_in.answers(inspected(container.leader))
    failed(way, stand_in, f"its first process, {container.leader}, has ended", "Start it again.")


@WAYS
def test_the_process_is_one_of_ours(way, tool):
    stand_in = tool("docker")
    stand_in.answers(inspected(os.getpid()))
    failed(way, stand_in, f"process {os.getpid()} is none of its", "our own namespaces")


@WAYS
def test_permission_is_denied(way, box, tool):
    stand_in = tool("docker")
    stand_in.answers(inspected(box.leader))
    failed(way, stand_in, "cannot be entered: ", "That takes root", words=NO_RIGHTS)


@WAYS
def test_the_user_is_missing_in_it(way, box, tool):
    stand_in = tool("docker")
    stand_in.answers(inspected(box.leader))
    failed(way, stand_in, 'there is no user "nobody" in its /etc/passwd', "Set ansible_user", user="nobody@")


@WAYS
def test_there_is_no_python_in_it(way, tool, tmp_path):
    stand_in = tool("docker")
    (tmp_path / "bare").mkdir()
    with Container(tmp_path / "bare", "bare") as bare:
        stand_in.answers(inspected(bare.leader))
        failed(way, stand_in, "no Python was found; looked for: python3", "Install Python there")
        assert bare.is_empty()


def test_the_python_that_is_set_is_not_in_it(box, tool):
    stand_in = tool("docker")
    stand_in.answers(inspected(box.leader))
    failed("", stand_in, "/nowhere/python: No such file or directory", "Set ansible_python_interpreter", python="/nowhere/python")


@WAYS
def test_the_tool_hangs(way, tool):
    stand_in = tool("docker")
    stand_in.answers(hangs=True)
    began = time.monotonic()
    failed(way, stand_in, "did not end", timeout=1)
    assert time.monotonic() - began < 10
    command = stand_in.options["setns.mitogen_docker_path"].encode().replace(b" ", b"\0")
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and command in command_line(pid)]


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read()
    except OSError:
        return b""


@WAYS
def test_the_container_ends_during_a_command(way, tool, tmp_path):
    stand_in = tool("docker")
    (tmp_path / "box").mkdir()
    with Container(tmp_path / "box") as container:
        stand_in.answers(inspected(container.leader))
        options = [word for name, value in stand_in.options.items() for word in ("-o", f"{name}={value}")]
        command = [str(MITOGEN), "run", *options, f"{way}setns://box", "--", "sh", "-c", "echo begun; exec sleep 600"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            assert running.stdout.readline() == "begun\n"
            inside = [pid for pid in container.processes() if pid != container.leader]
            ours = tree(running.pid)
            os.kill(container.leader, signal.SIGKILL)
            said = "setns into docker container box: the connection was lost" if way else "box: the connection was closed"
            assert said in running.stderr.read()
            assert running.wait(20) == 255
        assert all(gone(pid) for pid in inside + ours)


@pytest.mark.parametrize("kind,said,message", [
    ("lxc", "State:          STOPPED\n", "it is not running (stopped)"),
    ("lxd", "Name: box\nStatus: STOPPED\nType: container\n", "it is not running (stopped)"),
    ("incus", "Name: box\nStatus: RUNNING\nType: virtual-machine\nPID: 1\n", "it is a virtual machine"),
    ("machinectl", "Leader=1\nClass=vm\nState=running\n", "it is a virtual machine"),
    ("podman", "not json\n", "names no process: not json"),
])
def test_what_cannot_be_entered(kind, said, message, tool):
    stand_in = tool(kind)
    stand_in.answers(said)
    failed("", stand_in, message, kind=kind)


def test_a_kind_that_is_none():
    assert "there is no kind \"jail\"" in run("setns://box", "true", options={"setns.mitogen_kind": "jail"})[2]
    assert "set it to one of docker, podman, lxc, lxd, incus, machinectl" in run("setns://box", "true")[2]
