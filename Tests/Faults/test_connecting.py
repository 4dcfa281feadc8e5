"""Hosts that cannot be reached or have no Python for us. The others go on."""
import venvs

PING = [{"name": "ping", "ping": {}}]


def assert_good_went_on(outcome):
    assert outcome.events("good") == ["ok"] * len(outcome.of("good")) and outcome.of("good"), outcome.output


def assert_unreachable(outcome, *words):
    assert outcome.events("bad") == ["unreachable"], outcome.output
    assert outcome.last("bad")["result"]["unreachable"] is True
    for word in words:
        assert word.lower() in outcome.text("bad").lower(), outcome.text("bad")
    assert outcome.status == 4
    assert_good_went_on(outcome)


def test_a_wrong_port_is_unreachable(runner):
    assert_unreachable(runner.run(PING, bad={"ansible_port": 1}), "refused")


def test_a_wrong_key_is_unreachable(runner, hosts):
    wrong = str(hosts.state / "ssh" / "wrong_key")
    assert_unreachable(runner.run(PING, bad={"ansible_ssh_private_key_file": wrong}), "permission denied")


def test_an_unknown_host_key_is_unreachable(runner, hosts):
    nothing = hosts.ssh_arguments.replace(f"{hosts.state}/ssh/known_hosts", "/dev/null")
    assert_unreachable(runner.run(PING, bad={"ansible_ssh_common_args": nothing}), "host key")


def test_a_name_that_does_not_resolve_is_unreachable(runner):
    assert_unreachable(runner.run(PING, bad={"ansible_host": "nobody.invalid"}), "nobody.invalid")


def test_a_configured_interpreter_that_is_not_there_fails(runner):
    outcome = runner.run(PING, bad={"ansible_python_interpreter": "/no/such/python"})
    assert outcome.events("bad") == ["failed"], outcome.output
    assert "/no/such/python" in outcome.text("bad")
    assert_good_went_on(outcome)


def test_a_host_without_python_fails(runner, hosts):
    outcome = runner.run(PING, bad=hosts.bare_variables())
    assert outcome.events("bad") == ["failed"], outcome.output
    assert "python" in outcome.text("bad").lower()
    assert_good_went_on(outcome)


def test_a_python_too_old_fails_in_ansible_s_words(runner):
    """2.7 carries files and raw, but no ansible-core of today runs a module on it. pyenv's folder is root's own."""
    old = {"ansible_python_interpreter": venvs.interpreter_of_a_target("2.7"), "ansible_user": "root"}
    outcome = runner.run(PING, bad=old)
    assert outcome.events("bad") == ["failed"], outcome.output
    assert "python" in outcome.text("bad").lower() and "2.7" in outcome.text("bad")
    assert_good_went_on(outcome)


def test_something_else_than_python_fails(runner):
    """An interpreter that runs and says something of its own."""
    outcome = runner.run(PING, bad={"ansible_python_interpreter": "/bin/echo"})
    assert outcome.events("bad") in (["failed"], ["unreachable"]), outcome.output
    assert_good_went_on(outcome)
