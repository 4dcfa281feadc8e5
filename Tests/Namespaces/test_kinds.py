"""Each kind of container, entered from here and from a node behind which it lies."""
import json

import pytest

from conftest import KINDS, run

LOOK = ["sh", "-c", 'echo "$(hostname) $(id -u) $(id -g) $PWD $HOME $USER ${container-none} ${WORDS-none}"']


def answer(kind, pid):
    """As the tools print it; of `lxc info` as LXD 5.0 does."""
    if kind in ("docker", "podman"):
        return json.dumps({"pid": pid, "status": "running", "user": "app", "directory": "/srv", "environment": ["WORDS=of the image", "HOME=/tmp"]})
    if kind == "lxc":
        return f"State:          RUNNING\nPID:            {pid}\n"
    if kind == "machinectl":
        return f"Leader={pid}\nClass=container\nState=running\n"
    return f"Name: box\nStatus: RUNNING\nType: container\nArchitecture: x86_64\nPID: {pid}\nResources:\n  Processes: 1\n"


# Behind a node one with an image, and one that is not among the real ones.
@pytest.mark.parametrize("kind,way", [*((kind, "") for kind in KINDS), ("docker", "local/"), ("incus", "local/")])
def test_a_container_is_entered(kind, way, box, tool):
    stand_in = tool(kind)
    stand_in.answers(answer(kind, box.leader))
    status, out, err = run(f"{way}setns://box", *LOOK, options=stand_in.options)
    assert (status, err) == (0, "")
    if kind in ("docker", "podman"):
        assert out == "inside 7301 7302 /srv /tmp app none of the image\n"
    else:
        assert out == f"inside 0 0 / /root root {'lxc' if kind in ('lxc', 'lxd', 'incus') else 'none'} none\n"
    assert box.is_empty()


@pytest.mark.parametrize("user,ids,way", [
    ("app", "7301 7302", ""), ("7301", "7301 7302", ""), ("4711", "4711 0", ""), ("root", "0 0", ""), ("app", "7301 7302", "local/")])
def test_the_user_is_one_of_the_container(user, ids, way, box, tool):
    stand_in = tool("docker")
    stand_in.answers(answer("docker", box.leader))
    assert run(f"{way}setns://{user}@box", "sh", "-c", "echo $(id -u) $(id -g)", options=stand_in.options) == (0, ids + "\n", "")


def test_much_comes_out(box, tool):
    stand_in = tool("lxc")
    stand_in.answers(answer("lxc", box.leader))
    status, out, err = run("setns://box", "python3", "-c", "print('x' * 3000000)", options=stand_in.options)
    assert (status, len(out), err) == (0, 3000001, "")
