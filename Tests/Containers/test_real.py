"""Containers that stand, by the programs that people have: Docker, Podman, Buildah, LXC, LXD."""
import time

import pytest

from targets import REAL, Target

every = pytest.mark.parametrize("target", REAL, indirect=True)


@every
def test_a_command_runs_in_the_container(target):
    done = target.run("sh", "-c", "cut -d: -f1 /etc/passwd; echo trouble >&2; exit 7")
    assert (done.stdout.split(), done.stderr, done.returncode) == (["root", "app"], "trouble\n", 7)


@every
def test_the_account_is_the_one_that_the_route_names(target):
    done = target.run("sh", "-c", "id -un; id -gn; cd; pwd", route=target.route(user="app"))
    assert done.stdout.split() == ["app", "app", "/home/app"], done.stderr


@every
def test_large_output_comes_whole(target):
    done = target.run("python3", "-c", "import sys; sys.stdout.write('0123456789abcdef' * 65536)")
    assert done.stdout == "0123456789abcdef" * 65536, done.stderr


@every
def test_another_node_can_be_the_parent(target):
    """Then the agent's launcher carries the plan out, in Python."""
    done = target.run("sh", "-c", "cut -d: -f1 /etc/passwd", route=f"local/{target.route(user='app')}")
    assert done.stdout.split() == ["root", "app"], done.stderr


@every
def test_a_container_on_another_machine(target, hosts):
    others = {"ssh.private_key_file": str(hosts.key), "ssh.ssh_common_args": hosts.ssh_arguments}
    target.options |= through_ssh(target)
    done = target.run("sh", "-c", "cut -d: -f1 /etc/passwd", others=others, route=f"ssh://root@127.0.0.1:{hosts.port}/{target.route()}")
    assert done.stdout.split() == ["root", "app"], done.stderr


def through_ssh(target):
    """LXD's client finds its server by a variable, which ssh does not carry."""
    return {"mitogen_lxc_path": f"env LXD_DIR={target.environment['LXD_DIR']} /usr/bin/lxc"} if target.method == "lxd" else {}


def test_a_container_can_be_the_parent(hosts):
    """su and sudo are further hops in it; here a second node beside the first."""
    target = Target.of("docker", hosts)
    assert target.run("hostname", route=f"{target.route()}/local").stdout.strip() == target.name


@pytest.mark.parametrize("target", [method for method in REAL if method != "buildah"], indirect=True)
def test_nothing_is_left_in_the_container(target):
    """`buildah run` makes a PID namespace for each command, which ends with it."""
    assert target.run("true").returncode == 0
    end = time.monotonic() + 5
    while "python" in (found := target.inside("sh", "-c", "cat /proc/[0-9]*/cmdline").replace("\0", " ")):
        assert time.monotonic() < end, found


def test_options_of_the_container_reach_it(hosts):
    docker = Target.of("docker", hosts)
    assert docker.run("pwd", working_dir="/var/tmp").stdout.strip() == "/var/tmp"
    podman = Target.of("podman", hosts)
    assert podman.run("pwd", working_directory="/var/tmp").stdout.strip() == "/var/tmp"
