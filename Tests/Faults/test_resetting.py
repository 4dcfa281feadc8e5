"""Connections that are reset on purpose, waited for, and lost with the machine behind them."""
import pytest

from machine import Machine

#: Another ssh session has another source port.
SESSION = {"name": "session", "command": "printenv SSH_CONNECTION", "changed_when": False}
RESET = {"name": "reset", "meta": "reset_connection"}


def sessions(outcome, host: str) -> list[str]:
    return [record["result"]["stdout"] for record in outcome.of(host) if record["event"] == "ok" and "stdout" in record["result"]]


def test_a_reset_connection_is_another_one(runner):
    outcome = runner.run([SESSION, SESSION, RESET, SESSION])
    assert outcome.status == 0, outcome.output
    for host in ("good", "bad"):
        first, second, third = sessions(outcome, host)
        assert first == second != third


def test_a_reset_ends_what_stands_on_the_connection(runner, hosts):
    """The interpreter of another account goes too."""
    # Which process the module's own was forked from: that may be another for the next task, this is the node's.
    root = SESSION | {"command": "sh -c 'cut -d \" \" -f 4 /proc/$PPID/stat'", "become": True, "vars": {"ansible_become_password": hosts.login_password}}
    outcome = runner.run([root, root, RESET, root], arguments=("--limit", "good"))
    assert outcome.status == 0, outcome.output
    first, second, third = sessions(outcome, "good")
    assert first == second != third


def test_what_cannot_be_reached_yet_is_waited_for(runner, tmp_path):
    """ssh is refused twice."""
    wrapper = tmp_path / "ssh"
    wrapper.write_text('#!/bin/sh\necho >>"$0.count"\n'
                       '[ "$(wc -l <"$0.count")" -gt 2 ] || { echo "ssh: connect to host h port 22: Connection refused" >&2; exit 255; }\nexec ssh "$@"\n')
    wrapper.chmod(0o755)
    wait = {"name": "wait", "wait_for_connection": {"timeout": 30, "sleep": 0, "connect_timeout": 5}}
    outcome = runner.run([wait, SESSION], bad={"ansible_ssh_executable": str(wrapper)})
    assert outcome.events("bad") == ["ok", "ok"], outcome.output
    assert (tmp_path / "ssh.count").read_text().count("\n") >= 3


def test_waiting_has_an_end(runner):
    wait = {"name": "wait", "wait_for_connection": {"timeout": 1, "sleep": 0, "connect_timeout": 1}}
    outcome = runner.run([wait], bad={"ansible_port": 1})
    assert outcome.events("bad") == ["failed"], outcome.output
    assert "timed out waiting for ping" in outcome.text("bad") and outcome.events("good") == ["ok"]


@pytest.fixture
def machine(hosts, tmp_path):
    machine = Machine(hosts, tmp_path)
    machine.start()
    yield machine
    machine.stop()


def test_a_machine_that_reboots_is_back(runner, machine):
    folder = machine.folder
    reboot = {"name": "reboot", "reboot": {"reboot_command": f"{folder}/reboot", "boot_time_command": f"cat {folder}/boot_id", "test_command": "true",
                                           "connect_timeout": 2, "reboot_timeout": 180, "pre_reboot_delay": 0, "post_reboot_delay": 0}}
    outcome = runner.run([SESSION, reboot, SESSION], bad=machine.variables, arguments=("--limit", "bad"))
    assert outcome.events("bad") == ["ok", "ok", "ok"], outcome.output
    assert outcome.of("bad")[1]["result"]["rebooted"] is True
    before, after = sessions(outcome, "bad")
    assert before != after
    assert (folder / "boot_id").read_text() != "boot 0\n"
