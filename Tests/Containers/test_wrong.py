"""What is wrong is said by name, with what to do; and nothing goes on.

Where each fault of each method is tested, and which cannot be, is a table in Integration/Hosts/README.md.
"""
import os
import subprocess
import time

import pytest

from targets import PROGRAMS, REAL, Target, assert_refused

every = pytest.mark.parametrize("target", REAL, indirect=True)


@every
def test_no_such_container(target):
    done = target.run("true", route=target.route("mitogen-nowhere"))
    assert_refused(done, f"{target.method} to mitogen-nowhere: there is no container mitogen-nowhere")


@pytest.mark.parametrize("target", ["docker", "podman", "lxd"], indirect=True)
def test_a_container_that_does_not_run(target):
    assert_refused(target.run("true", route=target.route(target.stopped)), f"the container {target.stopped} does not run", "start it")


@pytest.mark.parametrize("target", ["lxc"], indirect=True)
def test_lxc_does_not_tell_a_stopped_container_from_a_missing_one(target):
    assert_refused(target.run("true", route=target.route(target.stopped)), f"there is no container {target.stopped} that runs", "lxc-ls")


@every
def test_no_such_account(target):
    done = target.run("true", route=target.route(user="nobody-here"))
    assert_refused(done, "there is no account nobody-here in the container", "check ansible_user")


@pytest.mark.parametrize("target", ["docker", "podman", "lxc"], indirect=True)
def test_no_python(target):
    assert_refused(target.run("true", route=target.route(target.bare)), "no Python was found", "Install Python there")


@every
def test_a_configured_interpreter_that_is_not_there(target):
    assert_refused(target.run("true", python="/no/such/python"), "ansible_python_interpreter")


@pytest.mark.parametrize("route", ["{}", "local/{}"])
@every
def test_no_such_program(target, route):
    program = PROGRAMS[target.method]
    done = target.run("true", route=route.format(target.route()), **{program: "/no/such/program"})
    assert_refused(done, "the program /no/such/program is not there", f"set {program}")


@pytest.mark.parametrize("target, remedy", [("docker", "group docker"), ("lxc", "use root"), ("lxd", "group lxd")], indirect=["target"])
def test_an_account_that_may_not(target, remedy, hosts):
    """From another account's node: the agent's launcher finds the hint. sudo leaves LXD's variables out."""
    if target.method == "lxd":
        configuration = hosts.state / "nobody"
        configuration.mkdir()
        configuration.chmod(0o777)
        target.options["mitogen_lxc_path"] = f"env LXD_CONF={configuration} LXD_DIR={target.environment['LXD_DIR']} /usr/bin/lxc"
    done = target.run("true", route=f"local/sudo:nobody/{target.route()}", python="/usr/bin/python3")
    assert_refused(done, "the account may not use", remedy)


@pytest.mark.parametrize("method, way", [*((method, "") for method in PROGRAMS), ("docker", "local/")])
def test_a_program_that_hangs(method, way, tmp_path):
    """It needs no container: it says nothing, and is ended."""
    pid, program = tmp_path / "pid", tmp_path / "hanging"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 1000\n")
    program.chmod(0o755)
    target = Target(method, "box", "", "", options={PROGRAMS[method]: str(program)})
    # The same time is for the node before it, which must not need all of it.
    seconds = 5 if way else 1
    done = target.run("true", route=f"{way}{target.route()}", timeout=seconds)
    assert_refused(done, f"{method} to box: no Python was started within {seconds} s", "Raise the timeout")
    end = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid.read_text().strip()}"):
        assert time.monotonic() < end, "the program is still there"


@pytest.mark.parametrize("target", ["docker"], indirect=True)
def test_a_container_that_is_paused(target):
    engine = target.enter[:-2]
    subprocess.run([*engine, "pause", target.name], check=True, capture_output=True)
    try:
        assert_refused(target.run("true"), f"the container {target.name} is paused", "docker unpause")
    finally:
        subprocess.run([*engine, "unpause", target.name], check=True, capture_output=True)


@pytest.mark.parametrize("target", ["docker"], indirect=True)
def test_no_daemon(target):
    assert_refused(target.run("true", docker_extra_args="-H unix:///no/such/socket"), "the Docker daemon does not answer", "start it")


@pytest.mark.parametrize("target", ["docker"], indirect=True)
def test_a_route_with_a_port(target):
    assert_refused(target.run("true", route=f"{target.route()}:22"), "the route gives docker a port, 22", "mitogen plugins show docker")


@pytest.mark.parametrize("target", ["lxd"], indirect=True)
def test_no_such_remote_or_project(target):
    assert_refused(target.run("true", remote="nowhere"), "there is no remote nowhere")
    assert_refused(target.run("true", project="nowhere"), "remote and project")
