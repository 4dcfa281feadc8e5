"""Methods whose program cannot run here, against stand-ins that take what the real one takes, and nothing else.

kubectl needs a cluster, jexec FreeBSD's kernel, incus is not in Debian 12.
"""
import pytest

from targets import PROGRAMS, STAND_INS, STOOD_IN, Target, assert_refused


def target_of(method: str) -> Target:
    program, name = STOOD_IN[method]
    return Target(method, name, "halted", "", options={PROGRAMS[method]: str(STAND_INS / program)})


every = pytest.mark.parametrize("method", STOOD_IN)


@every
def test_a_command_runs(method):
    done = target_of(method).run("sh", "-c", "echo $MITOGEN_STAND_IN; echo trouble >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == (f"{method}\n", "trouble\n", 7)


@every
def test_behind_another_node(method):
    target = target_of(method)
    assert target.run("sh", "-c", "echo $MITOGEN_STAND_IN", route=f"local/{target.route()}").stdout == f"{method}\n"


@every
def test_no_such_container(method):
    target = target_of(method)
    assert_refused(target.run("true", route=target.route("nowhere")), "nowhere: there is no ")


@every
def test_a_configured_interpreter_that_is_not_there(method):
    assert_refused(target_of(method).run("true", python="/no/such/python"), "no such interpreter", "ansible_python_interpreter")


@pytest.mark.parametrize("way", ["", "local/"])
@every
def test_no_such_program(method, way):
    target = target_of(method)
    done = target.run("true", route=f"{way}{target.route()}", **{PROGRAMS[method]: "/no/such/program"})
    assert_refused(done, f"{method} to {target.name}", "the program /no/such/program is not there", f"set {PROGRAMS[method]}")


def test_a_user_who_may_not():
    """Of jexec the kernel says so to all but root, of kubectl and incus their servers."""
    jail, kubectl, incus = map(target_of, ("jail", "kubectl", "incus"))
    done = jail.run("true", mitogen_jexec_path=f"setpriv --reuid=65534 --regid=65534 --clear-groups {jail.options['mitogen_jexec_path']}")
    assert_refused(done, "jail to www: the account may not use", "needs root")
    assert_refused(kubectl.run("true", kubectl_namespace="watched"), "kubectl to web-1: the account may not use", "pods/exec")
    assert_refused(incus.run("true", route="incus://guarded"), "incus to guarded: the account may not use", "check what the remote allows")


@pytest.mark.parametrize("method", ["jail", "incus"])
def test_the_account_is_the_one_that_the_route_names(method):
    target = target_of(method)
    if method == "incus":
        target.options["incus_become_method"] = "/bin/su -s /bin/sh"  # this machine's account has no shell
    done = target.run("sh", "-c", "id -un; echo $HOME", route=target.route(user="mail"))
    assert done.stdout.split() == ["mail", "/var/mail"], done.stderr


@pytest.mark.parametrize("method", ["jail", "incus"])
def test_no_such_account(method):
    target = target_of(method)
    assert_refused(target.run("true", route=target.route(user="nobody-here")), "there is no account nobody-here in the container")


def test_an_instance_that_does_not_run():
    target = target_of("incus")
    assert_refused(target.run("true", route=target.route("halted")), "the container halted does not run")
    assert_refused(target_of("kubectl").run("true", route="kubectl://done-1"), "pod done-1 has ended", "start it again")


def test_a_pods_container_is_chosen():
    target = target_of("kubectl")
    assert target.run("sh", "-c", "echo $CONTAINER", kubectl_namespace="shop", kubectl_container="log").stdout == "log\n"
    assert_refused(target.run("true", kubectl_container="nowhere"), "pod web-1 has no such container", "ansible_kubectl_container")
    assert_refused(target.run("true", kubectl_namespace="nowhere"), "the namespace of pod web-1 is not there")
