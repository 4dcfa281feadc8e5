"""A host on which no Python is installed: commands and scripts, and the Python that one of them installs."""
import os

import pytest

import sides
import venvs
from runner import Runner

#: Root may read pyenv's folder, and nobody else.
PYTHON = venvs.interpreter_of_a_target("3.11")
SCRIPT = """#!/bin/sh
printf '<%s>' "$@" "$PWD"
printf 'a\\001\\n'
echo said >&2
exit 4
"""


@pytest.fixture
def bare(hosts):
    """Root on the host without Python; whatever Python a test installs there is gone after it."""
    variables = hosts.bare_variables(ansible_user="root", ansible_interpreter_python_fallback=["/usr/bin/python3"])
    yield variables
    with open(hosts.state / "pids" / "bare") as file:
        installed = f"/proc/{int(file.read())}/root/usr/bin/python3"
    if os.path.lexists(installed):
        os.unlink(installed)


@pytest.fixture
def logins(hosts):
    """How often somebody has logged in on that host since the test began."""
    def count():
        return (hosts.state / "log" / "bare").read_text().count("Accepted publickey")
    before = count()
    return lambda: count() - before


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.sh"
    path.write_text(SCRIPT)
    return str(path)


def install(name="install"):
    return {"name": name, "raw": f"ln -s {PYTHON} /usr/bin/python3"}


def commands(script):
    return [task | {"ignore_errors": True} for task in (
        {"name": "both outputs", "raw": "echo out; echo err >&2; exit 3"},
        {"name": "no newline", "raw": "printf '%s' \"it's\" '$HOME' 'a\\b'"},
        {"name": "lines", "raw": "echo one\necho two"},
        {"name": "shell", "raw": "echo $BASH_VERSION | cut -c1-2", "args": {"executable": "/bin/bash"}},
        {"name": "environment", "raw": "echo $GREETING", "environment": {"GREETING": "hello you"}},
        {"name": "much", "raw": "head -c 3000000 /dev/zero | tr '\\0' x"},
        {"name": "not there", "raw": "/no/such/program"},
        {"name": "script", "script": f"{script} a 'b c'"},
        {"name": "script there", "script": {"cmd": script, "chdir": "/var", "executable": "/bin/bash"}},
        {"name": "script done", "script": {"cmd": script, "creates": "/etc/passwd"}},
        {"name": "script undone", "script": {"cmd": script, "removes": "/no/such/file"}})]


def said(outcome):
    """What each task came to, but for the paths of temporary directories."""
    kept = ("rc", "stdout", "stderr", "msg", "changed", "skipped")
    return [(record["task"], record["event"], {key: record["result"].get(key) for key in kept}) for record in outcome.of("bad")]


@pytest.mark.parametrize("tty", [True, False], ids=["tty", "pipes"])
def test_commands_and_scripts_do_what_they_do_with_stock(hosts, side, bare, logins, script, tty):
    results = []
    for one in (side, sides.stock(side.venv)):
        runner = Runner(hosts, one)
        outcome = runner.run(commands(script), bad=bare | {"ansible_ssh_use_tty": tty, "ansible_ssh_args": "-o ControlMaster=no"},
                             play={"hosts": "bad"})
        results.append(said(outcome))
        if one is side:
            assert logins() == 1, outcome.output
        runner.end()
    assert results[0] == results[1]


@pytest.mark.parametrize("way", ["ssh", "behind a hop"])
def test_the_python_that_a_command_installs_takes_over_the_same_connection(runner, hosts, bare, logins, script, way):
    tasks = [{"name": "raw", "raw": "echo here"}, {"name": "too early", "ping": {}, "ignore_errors": True},
             {"name": "script", "script": script, "ignore_errors": True}, install(),
             {"name": "ping", "ping": {}}, {"name": "command", "command": "id -un"},
             {"name": "copy", "copy": {"content": "x" * 200_000, "dest": "/tmp/mitogen-without-python"}},
             {"name": "again", "raw": "tty"}, {"name": "clean", "file": {"path": "/tmp/mitogen-without-python", "state": "absent"}}]
    via = {"mitogen_via": "root@good"} if way == "behind a hop" else {}
    outcome = runner.run(tasks, bad=bare | via, good={"ansible_become_password": hosts.values["LOGIN_PASSWORD"]}, play={"hosts": "bad"})
    assert outcome.events("bad") == ["ok", "ignored", "ignored"] + ["ok"] * 6, outcome.output
    assert "no Python was found; looked for: /usr/bin/python3" in str(outcome.of("bad")[1]["result"])
    assert outcome.of("bad")[5]["result"]["stdout"] == "root"
    # A terminal: the agent has run it.
    assert outcome.of("bad")[7]["result"]["stdout"].startswith("/dev/pts/")
    assert logins() == 1


def test_a_configured_interpreter_that_comes_later(runner, bare, logins):
    tasks = [{"name": "raw", "raw": "echo here"}, install(), {"name": "ping", "ping": {}}]
    outcome = runner.run(tasks, bad=bare | {"ansible_python_interpreter": "/usr/bin/python3"}, play={"hosts": "bad"})
    assert outcome.events("bad") == ["ok"] * 3, outcome.output
    # It was tried before a shell was asked for.
    assert logins() == 2


def test_an_interpreter_that_does_not_run_yet_does_not_cost_the_shell(runner, bare, logins):
    broken = {"name": "broken", "raw": "printf '#!/bin/sh\\nexit 1\\n' >/usr/bin/python3; chmod 755 /usr/bin/python3"}
    tasks = [{"name": "raw", "raw": "echo here"}, broken, {"name": "ping", "ping": {}, "ignore_errors": True},
             {"name": "remove", "raw": "rm /usr/bin/python3"}, install(), {"name": "ping again", "ping": {}}]
    outcome = runner.run(tasks, bad=bare, play={"hosts": "bad"})
    assert outcome.events("bad") == ["ok", "ok", "ignored", "ok", "ok", "ok"], outcome.output
    assert logins() == 1


@pytest.mark.parametrize("password", [True, False], ids=["right", "none"])
def test_sudo_wraps_commands_and_is_answered(runner, hosts, logins, script, password):
    secret = {"ansible_become_password": hosts.values["LOGIN_PASSWORD"]} if password else {}
    variables = hosts.bare_variables(ansible_interpreter_python_fallback=["/usr/bin/python3"]) | secret
    tasks = [{"name": "raw", "raw": "id -un"}, {"name": "script", "script": script, "failed_when": False}]
    outcome = runner.run(tasks, bad=variables, play={"hosts": "bad", "become": True})
    if password:
        assert outcome.events("bad") == ["ok", "ok"], outcome.output
        assert outcome.of("bad")[0]["result"]["stdout"] == "\r\nroot\r\n"
        assert outcome.of("bad")[1]["result"]["stdout"].startswith("\r\n<")
        assert logins() == 1
    else:
        assert outcome.events("bad") == ["failed"] and "Missing sudo password" in outcome.text("bad"), outcome.output


def test_su_is_answered(runner, hosts, logins):
    variables = hosts.bare_variables(
        ansible_interpreter_python_fallback=["/usr/bin/python3"], ansible_become_method="su",
        ansible_become_user=hosts.other, ansible_become_password=hosts.values["OTHER_PASSWORD"])
    outcome = runner.run([{"name": "raw", "raw": "id -un"}], bad=variables, play={"hosts": "bad", "become": True})
    assert outcome.events("bad") == ["ok"], outcome.output
    assert outcome.of("bad")[0]["result"]["stdout_lines"][-1] == hosts.other
    assert logins() == 1


def test_a_command_that_never_ends_is_ended_with_its_time(runner, bare):
    tasks = [{"name": "raw", "raw": "echo here"},
             {"name": "never", "raw": "sleep 86397", "timeout": 3, "ignore_errors": True}, {"name": "next", "raw": "echo on"}]
    outcome = runner.run(tasks, bad=bare, play={"hosts": "bad"})
    assert outcome.events("bad") == ["ok", "ignored", "ok"], outcome.output
    assert outcome.last("bad")["result"]["stdout"] == "on\r\n"


def test_a_shell_that_is_killed_is_a_lost_host_and_another_takes_its_place(runner, bare, logins):
    kill = {"name": "kill", "raw": "p=$(sed 's/.*) . //;s/ .*//' /proc/$PPID/stat); kill -9 $p $PPID", "ignore_unreachable": True}
    outcome = runner.run([{"name": "raw", "raw": "echo here"}, kill, {"name": "next", "raw": "echo on"}], bad=bare, play={"hosts": "bad"})
    assert outcome.events("bad")[::2] == ["ok", "ok"], outcome.output
    assert "the shell there ended" in str(outcome.of("bad")[1]["result"])
    assert logins() == 2
