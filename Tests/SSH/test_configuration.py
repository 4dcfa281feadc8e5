"""What a user's ssh_config and arguments say: it holds, and does no harm."""
import os
import subprocess
from pathlib import Path

import pytest

from servers import running

#: Each would take the link away, change its bytes, or leave something behind.
HARMFUL = {
    "a terminal": "RequestTTY force",
    "a command": "RemoteCommand exec tmux",
    "no session": "SessionType none",
    "no stdin": "StdinNull yes",
    "the background": "ForkAfterAuthentication yes",
    "a master": "ControlMaster auto\nControlPath {folder}/cm-%C\nControlPersist yes",
    "silence": "LogLevel QUIET",
    "a local command that talks": "PermitLocalCommand yes\nLocalCommand echo noise; head -c 1 >/dev/null </dev/null",
    "pictures of keys": "VisualHostKey yes",
    "compression": "Compression yes",
    "questions": "BatchMode no\nUpdateHostKeys ask\nAddKeysToAgent ask\nStrictHostKeyChecking ask",
}


def configuration(lines: str, folder: Path) -> str:
    return f"Host *\n{lines.format(folder=folder)}\n"


def assert_no_master(folder: Path):
    assert not list(folder.glob("cm-*"))
    assert not running(str(folder))


@pytest.mark.parametrize("name", HARMFUL)
def test_a_line_of_ssh_config_does_no_harm(client, tmp_path, name):
    client.works(config=configuration(HARMFUL[name], tmp_path))
    assert_no_master(tmp_path)


def test_all_of_them_together_do_no_harm_with_a_password_either(client, hosts, tmp_path):
    client.key = None
    client.environment = {"MITOGEN_SSH_PASSWORD": hosts.login_password}
    client.works(config=configuration("\n".join(HARMFUL.values()), tmp_path))
    assert_no_master(tmp_path)


@pytest.mark.parametrize("arguments", [
    "-C -o ControlMaster=auto -o ControlPersist=60s", "-tt -n -N -f -s -M -q", "-o RemoteCommand=false -oStdinNull=yes -o SessionType=none",
])
def test_arguments_do_no_harm(client, tmp_path, arguments):
    client.works(ssh_common_args=arguments)
    assert_no_master(tmp_path)


def test_a_master_that_stands_is_used_where_the_user_names_it(client, hosts, tmp_path):
    path = tmp_path / "master"
    master = subprocess.Popen(["ssh", "-F", str(client.config()), "-M", "-N", "-o", f"ControlPath={path}", "-p", str(client.port), f"{hosts.login}@127.0.0.1"],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while not path.exists():
            assert master.poll() is None, master.stderr.read()
            os.sched_yield()
        client.key = None  # nothing else opens the door
        client.works(ssh_extra_args=f"-o ControlPath={path}")
    finally:
        master.terminate()
        master.communicate()


#: Two addresses, one server: the second is reached by way of the first.
JUMP = "Host jump\nHostName 127.0.0.2\nPort {port}\nUser {user}\n"


@pytest.fixture
def jump(client, hosts):
    return JUMP.format(port=client.port, user=hosts.login)


def seen_by_the_target(client, **more) -> str:
    """The command lines of this machine that name the jump."""
    outcome = client.run("sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -ao 'ssh [^$]*-W [^ ]* jump'", **more)
    assert outcome.status == 0, outcome.stderr
    return outcome.stdout.decode()


def test_proxy_jump_in_the_configuration(client, jump):
    lines = f"{jump}Host 127.0.0.3\nProxyJump jump\n"
    assert f"-W [127.0.0.3]:{client.port} jump" in seen_by_the_target(client, config=lines, address="127.0.0.3")


def test_proxy_jump_in_the_arguments(client, jump):
    assert f"-W [127.0.0.3]:{client.port} jump" in seen_by_the_target(client, config=jump, address="127.0.0.3", ssh_common_args="-J jump")


def test_a_proxy_command(client, tmp_path, jump):
    command = f"ProxyCommand=sh -c 'touch {tmp_path}/used; exec ssh -F {tmp_path}/ssh_config -W %h:%p jump'"
    client.works(config=jump, ssh_common_args=f'-o "{command}"')
    assert (tmp_path / "used").exists()


def test_the_users_agent_logs_in_and_is_forwarded(client, hosts, tmp_path):
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            os.sched_yield()
        environment = {"SSH_AUTH_SOCK": str(socket)}
        subprocess.run(["ssh-add", "-q", str(hosts.key)], env=os.environ | environment, check=True)
        client.key, client.environment = f"{hosts.key}.pub", environment
        assert client.run("ssh-add", "-l").status == 2  # no agent there
        outcome = client.run("ssh-add", "-l", ssh_extra_args="-A")
        assert outcome.status == 0 and b"mitogen-test" in outcome.stdout, outcome.stderr
    finally:
        agent.terminate()
        agent.wait()


def test_another_client_with_arguments(client, tmp_path):
    wrapper = tmp_path / "my ssh"
    wrapper.write_text('#!/bin/sh\n[ "$1" = first ] || exit 9\nshift\nexec ssh "$@"\n')
    wrapper.chmod(0o755)
    client.works(ssh_executable=f"'{wrapper}' first")


def test_what_ssh_tells_is_in_the_log_and_in_no_result(client, tmp_path):
    client.known_hosts = str(tmp_path / "known_hosts")
    quiet = client.works(host_key_checking="false")
    assert quiet.stderr == ""
    assert (tmp_path / "known_hosts").read_text()
    (tmp_path / "known_hosts").unlink()
    shown = client.works(host_key_checking="false", verbose=True, mitogen_ssh_debug_level="1", mitogen_ssh_compression="true")
    assert "Warning: Permanently added" in shown.stderr
    assert "debug1: " in shown.stderr and "Enabling compression" in shown.stderr


def test_new_host_keys_are_accepted_and_changed_ones_are_not(client, server, tmp_path):
    client.known_hosts = str(tmp_path / "known_hosts")
    client.works(ssh_common_args="-o StrictHostKeyChecking=accept-new")
    assert (tmp_path / "known_hosts").read_text()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    key = (tmp_path / "other.pub").read_text().split()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{client.port} {key[0]} {key[1]}\n")
    client.run(ssh_common_args="-o StrictHostKeyChecking=accept-new").failed_with("the host key of 127.0.0.1", "has changed", "ssh-keygen -R")


def test_a_server_that_cannot_be_reached_is_tried_again(client, tmp_path):
    """The stand-in is ssh but for its first two runs."""
    wrapper = tmp_path / "ssh"
    wrapper.write_text('#!/bin/sh\necho >>"$0.count"\n'
                       '[ "$(wc -l <"$0.count")" -gt 2 ] || { echo "ssh: connect to host h port 22: Connection refused" >&2; exit 255; }\nexec ssh "$@"\n')
    wrapper.chmod(0o755)
    outcome = client.works(ssh_executable=str(wrapper), reconnection_retries="2", verbose=True)
    assert outcome.stderr.count("the next attempt follows in") == 2
    (tmp_path / "ssh.count").unlink()
    client.run(ssh_executable=str(wrapper), reconnection_retries="1").failed_with("refused the connection")
    assert (tmp_path / "ssh.count").read_text() == "\n\n"
