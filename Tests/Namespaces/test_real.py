"""Containers of the real tools, entered from here and from a node behind which they lie."""
import json

import pytest

WAYS = pytest.mark.parametrize("way", ["", "local/"], ids=["from-here", "behind-a-node"])
KINDS = ("docker", "podman", "lxc", "lxd", "machinectl")
LOOK = ["sh", "-c", 'echo "$(hostname) $(id -un) $(id -gn) $PWD $HOME $USER"']
#: Of its Pythons, which are the node's: the terminals of their sessions, as numbers, and the kinds and paths of their files.
FILES = """
import json, os
terminals, files = set(), set()
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        if 'python' in os.readlink('/proc/%s/exe' % pid):
            with open('/proc/%s/stat' % pid) as f:
                terminals.add(int(f.read().rpartition(')')[2].split()[4]))
            for fd in os.listdir('/proc/%s/fd' % pid):
                files.add(os.readlink('/proc/%s/fd/%s' % (pid, fd)).split(':')[0])
    except OSError:
        pass
print(json.dumps([sorted(terminals), sorted(files)]))
"""


@WAYS
@pytest.mark.parametrize("kind", KINDS)
def test_a_container_is_entered_as_root(kind, way, real):
    container = real(kind)
    assert container.run(*LOOK, way=way) == (0, f"{container.name} root root / /root root\n", "")


@WAYS
@pytest.mark.parametrize("kind", KINDS)
def test_a_container_is_entered_as_an_account_of_it(kind, way, real):
    container = real(kind)
    assert container.run(*LOOK, way=way, user="app@") == (0, f"{container.name} app app / /home/app app\n", "")


@WAYS
def test_a_machine_is_entered_by_the_connection_of_its_own(way, real):
    machine = real("machinectl")
    status, out, err = machine.run("sh", "-c", "echo $(hostname) $(id -un) $(id -Gn)", way=way, user="app@", method="machinectl")
    assert (status, out, err) == (0, f"{machine.name} app app web\n", "")


@WAYS
@pytest.mark.parametrize("kind", KINDS)
def test_no_terminal_is_on_the_way(kind, way, real):
    status, out, err = real(kind).run("python3", "-c", FILES, way=way)
    assert (status, err) == (0, "")
    terminals, files = json.loads(out)
    # 0 is no terminal; the link is a socket.
    assert terminals == [0] and "socket" in files and not [name for name in files if name.startswith(("/dev/pts", "/dev/tty", "/dev/console"))], out


@pytest.mark.parametrize("kind,way", [*((kind, "") for kind in KINDS), ("docker", "local/")])
def test_a_name_that_it_does_not_know(kind, way, real):
    status, out, err = real(kind).run("true", way=way, name="nowhere")
    assert (status, out) == (255, "")
    assert f"setns into {kind} container nowhere: " in err and " ended with exit status " in err, err
    assert "Set ansible_host to the name of a container that is there." in err, err


@pytest.mark.parametrize("kind,way", [("docker", ""), ("podman", ""), ("lxc", ""), ("lxd", ""), ("lxc", "local/")])
def test_one_that_does_not_run(kind, way, real):
    container = real(kind)
    status, out, err = container.run("true", way=way, name=container.other("STOPPED"))
    assert (status, out) == (255, "")
    assert "it is not running (" in err and "Start it: " in err, err


@WAYS
@pytest.mark.parametrize("kind", ["docker", "podman", "lxc"])
def test_one_without_python(kind, way, real):
    container = real(kind)
    status, out, err = container.run("true", way=way, name=container.other("BARE"))
    assert (status, out) == (255, "")
    assert "no Python was found; looked for: python3" in err and "Install Python there" in err, err


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_that_it_has_not(kind, real):
    status, out, err = real(kind).run("true", user="nowhere@")
    assert (status, out) == (255, "") and 'there is no user "nowhere" in its /etc/passwd' in err, err
