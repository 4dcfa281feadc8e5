"""What a user reads when ssh fails: what failed, on what, and what to do, from what the real client says."""
import contextlib
import os
import socket
import subprocess

import pytest

from servers import free_port, listening, running


@pytest.fixture
def other_key(tmp_path):
    """A key that our servers do not know."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    return tmp_path / "other"


def test_an_unknown_host(client):
    client.run(address="nobody.invalid").failed_with('the name "nobody.invalid" cannot be resolved', "check ansible_host")


def test_a_refused_connection(client):
    client.port = free_port()
    client.run().failed_with(f"127.0.0.1 ({client.hosts.login}@127.0.0.1, port {client.port}) refused the connection", "ansible_port")


def test_a_host_that_does_not_answer(client):
    with listening() as client.port:
        client.run(timeout="2").failed_with("did not answer in time", "ansible_timeout")


def test_something_else_than_an_ssh_server(client):
    with listening(b"SSH-1.0-\0\r\n") as client.port:
        client.run().failed_with("no ssh server", "ansible_port")


def test_a_server_that_closes_at_once(client):
    with listening(b"") as client.port:
        client.run().failed_with("closed the connection")


@contextlib.contextmanager
def let_in(port: int):
    """The only connection that such a server takes, once the one that saw it start is over."""
    while True:
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            if waiting.recv(64).startswith(b"SSH-"):
                yield
                return


def test_a_server_that_takes_no_more_connections(client, server):
    """MaxStartups: the first waits for its login, the next is turned away."""
    client.port = server("MaxStartups 1:100:1").port
    with let_in(client.port):
        client.run().failed_with("closed the connection before it said who it is", "MaxStartups")


@pytest.mark.parametrize("secret", [{}, {"MITOGEN_SSH_PASSWORD": "any"}], ids=["no password", "a password"])
def test_an_unknown_host_key(client, secret):
    client.known_hosts, client.environment = "/dev/null", secret
    client.run().failed_with("the host key of 127.0.0.1", "not", "known_hosts", "ansible_host_key_checking=false")


def changed(client, tmp_path, other_key):
    client.known_hosts = str(tmp_path / "known_hosts")
    key = (other_key.parent / "other.pub").read_text().split()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{client.port} {key[0]} {key[1]}\n")


@pytest.mark.parametrize("secret", [{}, {"MITOGEN_SSH_PASSWORD": "any"}], ids=["no password", "a password"])
def test_a_changed_host_key(client, tmp_path, other_key, secret):
    changed(client, tmp_path, other_key)
    client.environment = secret
    client.run().failed_with("the host key of 127.0.0.1", "has changed", "ssh-keygen -R")


def test_a_changed_host_key_that_is_tolerated_gets_no_password(client, hosts, tmp_path, other_key):
    changed(client, tmp_path, other_key)
    client.works(host_key_checking="false")
    client.key, client.environment = None, {"MITOGEN_SSH_PASSWORD": hosts.login_password}
    client.run(host_key_checking="false").failed_with("has changed, so ssh sends it no password", "ssh-keygen -R")


def test_a_refused_key(client, other_key):
    client.key = str(other_key)
    client.run().failed_with("refused the login (permission denied)", "ansible_ssh_private_key_file")


def test_a_key_that_is_not_there(client, tmp_path):
    client.key = None
    client.run(private_key_file=str(tmp_path / "missing")).failed_with("private key file", "is not there")


def test_a_key_that_others_can_read(client, hosts, tmp_path):
    open_key = tmp_path / "open"
    open_key.write_bytes(hosts.key.read_bytes())
    open_key.chmod(0o644)
    client.key = str(open_key)
    client.run().failed_with("can be read by others", "chmod 600")


def test_too_many_keys(client, server, tmp_path):
    there = server("MaxAuthTries 1")
    names = []
    for number in range(2):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / f"key{number}")], check=True)
        names.append(f"IdentityFile {tmp_path}/key{number}")
    client.port = there.port
    client.run(config="Host *\n" + "\n".join(names) + "\n").failed_with("refused further keys", "IdentitiesOnly")


def test_an_account_that_is_not_there(client):
    """A server does not tell it from one with another key."""
    client.run(user="no-such-account").failed_with("no-such-account@127.0.0.1", "refused the login", "ansible_user")


def test_an_account_that_may_not_log_in(client, hosts, server):
    there = server("DenyUsers " + hosts.login)
    client.port = there.port
    client.run().failed_with("refused the login")


@pytest.fixture
def expiring(hosts):
    """Makes the other account's password or the account itself expire; all is put back."""
    uid = os.stat(f"/home/{hosts.other}").st_uid
    assert uid

    def expire(*flags):
        subprocess.run(["chage", *flags, hosts.other], check=True)

    yield expire
    expire("-d", "2020-01-01", "-E", "-1")


@pytest.mark.parametrize("lines", [(), ("KbdInteractiveAuthentication yes", "PasswordAuthentication no")], ids=["password", "keyboard-interactive"])
def test_an_expired_password(client, hosts, server, expiring, lines):
    there = server(*lines)
    expiring("-d", "0")
    client.key, client.port = None, there.port
    client.environment = {"MITOGEN_SSH_PASSWORD": hosts.values["OTHER_PASSWORD"]}
    client.run(user=hosts.other).failed_with("the password for 127.0.0.1", "has expired", "change it")


def test_an_expired_account(client, hosts, expiring):
    expiring("-E", "0")
    client.key, client.environment = None, {"MITOGEN_SSH_PASSWORD": hosts.values["OTHER_PASSWORD"]}
    client.run(user=hosts.other).failed_with("the account on 127.0.0.1", "has expired")


def test_a_shell_that_ends_at_once(client, hosts):
    """The account lets nobody run anything."""
    shell = subprocess.run(["getent", "passwd", hosts.other], capture_output=True, text=True, check=True).stdout.strip().split(":")[-1]
    subprocess.run(["usermod", "-s", "/usr/sbin/nologin", hosts.other], check=True)
    try:
        client.run(user=hosts.other).failed_with("may not log in", "give it a shell")
    finally:
        subprocess.run(["usermod", "-s", shell, hosts.other], check=True)


JUMP = "Host jump\nHostName 127.0.0.2\nPort {port}\nUser {user}\n"


def test_a_jump_host_that_refuses(client, hosts, other_key):
    lines = JUMP.format(port=client.port, user=hosts.login) + f"IdentityFile {other_key}\n"
    client.key = None
    client.run(config=lines, ssh_common_args="-J jump").failed_with("the jump host or proxy command on the way to 127.0.0.1", "Permission denied")


def test_a_jump_host_that_is_not_there(client):
    client.run(ssh_common_args="-J nobody.invalid").failed_with("the jump host or proxy command on the way to 127.0.0.1", "nobody.invalid")


def test_a_target_that_the_jump_host_cannot_reach(client, hosts):
    lines = JUMP.format(port=client.port, user=hosts.login)
    client.port = free_port()
    client.run(config=lines, ssh_common_args="-J jump").failed_with("the jump host could not reach 127.0.0.1")


def test_a_jump_host_that_asks_for_a_password_does_not_get_the_targets(client, hosts):
    lines = JUMP.format(port=client.port, user=hosts.login)
    client.key, client.environment = None, {"MITOGEN_SSH_PASSWORD": hosts.login_password}
    arguments = f"-J {hosts.login}@127.0.0.2:{client.port}"
    client.run(config=lines, ssh_common_args=arguments, address="127.0.0.3").failed_with("the jump host 127.0.0.2 asks for a password", "mitogen_via")


def test_an_option_that_ssh_does_not_know(client):
    client.run(ssh_extra_args="-o NoSuchOption=1").failed_with("does not know an option", "ansible_ssh_extra_args")


def test_a_value_that_ssh_does_not_take(client):
    client.run(ssh_extra_args="-o 'User=two words'").failed_with("does not accept an option")


def test_a_client_that_is_not_installed(client):
    client.run(ssh_executable="/no/such/ssh").failed_with("/no/such/ssh")


def test_a_client_that_hangs(client, tmp_path):
    wrapper = tmp_path / "ssh"
    wrapper.write_text(f'#!/bin/sh\necho still looking >&2\nexec sleep 600.{os.getpid()}\n')
    wrapper.chmod(0o755)
    outcome = client.run(ssh_executable=str(wrapper), timeout="1")
    assert outcome.failed_with("no Python was started within 1 s", "still looking")
    assert not running(f"sleep 600.{os.getpid()}")
