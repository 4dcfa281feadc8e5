"""The real sudo, su and doas, as the router starts them, as an agent does, and over ssh."""
import pytest

from conftest import WAYS

ways = pytest.mark.parametrize("way", WAYS)
#: More than any of the pipes and terminals in between holds.
MUCH = "import os, sys; sys.stdout.write('x' * 300000)"


@ways
@pytest.mark.parametrize("method", ["sudo", "su", "doas", "mitogen_sudo", "mitogen_su", "mitogen_doas"])
def test_the_password_is_answered(accounts, way, method):
    """sudo and doas want the login account's own, su that of the account."""
    password = accounts.other_password if method.endswith("su") else accounts.login_password
    done = accounts.run(way, f"{method}:{accounts.other}", password=password)
    assert (done.status, done.out) == (0, accounts.other), done


@ways
@pytest.mark.parametrize("method", ["sudo", "doas"])
def test_none_is_needed_where_the_rules_say_so(accounts, way, method):
    """The rule is for the interpreter alone: there is no shell in between."""
    done = accounts.run(way, f"{method}:root", login=accounts.rule)
    assert (done.status, done.out) == (0, "root"), done


@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_a_password_that_nobody_asks_for_goes_nowhere(accounts, method):
    """As root su asks for none, under NOPASSWD neither do sudo and doas. Sent unasked, it would be the first bytes that the node
    reads, and no frame."""
    login = "root" if method == "su" else accounts.rule
    done = accounts.run("agent", f"{method}:root", login=login, password="not asked for")
    assert (done.status, done.out) == (0, "root"), done


@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_much_passes_unchanged_beside_the_terminal(accounts, method):
    password = accounts.other_password if method == "su" else accounts.login_password
    done = accounts.run("agent", f"{method}:{accounts.other}", "/usr/bin/python3", "-c", MUCH, password=password)
    assert (done.status, len(done.out)) == (0, 300000), done.err


@pytest.mark.parametrize("flags, home", [("-", True), ("-l", True), ("--log", True), ("-m", False), ("-s /bin/dash", True), ("-P", True)])
def test_flags_of_su_have_their_effect(accounts, flags, home):
    done = accounts.run("agent", f"su:{accounts.other}", "sh", "-c", "echo $HOME $SHELL", password=accounts.other_password,
                        options={"su.become_flags": flags})
    assert done.status == 0, done
    assert done.out.startswith(f"/home/{accounts.other} ") == home
    assert done.out.endswith("/bin/dash") == (flags == "-s /bin/dash")


@pytest.mark.parametrize("flags, variable", [("-H", None), ("-E", "kept"), ("--preserve-env=MITOGEN_TEST_WORD", "kept"), ("-i", None)])
def test_flags_of_sudo_have_their_effect(accounts, flags, variable, monkeypatch):
    monkeypatch.setenv("MITOGEN_TEST_WORD", "kept")
    done = accounts.run("agent", f"sudo:{accounts.other}", "sh", "-c", "echo $MITOGEN_TEST_WORD", password=accounts.login_password,
                        options={"sudo.become_flags": flags})
    assert (done.status, done.out) == (0, variable or ""), done


def test_su_with_a_terminal_as_its_input(accounts):
    done = accounts.run("agent", f"su:{accounts.other}", "/usr/bin/python3", "-c", MUCH, password=accounts.other_password,
                        options={"su.mitogen_su_tty": "yes"})
    assert (done.status, len(done.out)) == (0, 300000), done.err


@ways
def test_the_strictest_sudo_is_answered(accounts, way):
    """requiretty, use_pty, a lecture, and asterisks for what is typed."""
    done = accounts.run(way, "sudo:root", login=accounts.tty, password=accounts.tty_password)
    assert (done.status, done.out) == (0, "root"), done
    assert "*" not in done.err


def test_requiretty_without_a_password(accounts):
    hop = f"sudo:{accounts.other}"
    done = accounts.run("agent", hop, login=accounts.tty)
    assert done.status == 255 and "needs a terminal (requiretty in sudoers)" in done.err and "mitogen_sudo_tty=true" in done.err
    done = accounts.run("agent", hop, login=accounts.tty, options={"sudo.mitogen_sudo_tty": "true"})
    assert (done.status, done.out) == (0, accounts.other), done
