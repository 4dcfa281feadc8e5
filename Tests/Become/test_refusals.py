"""What goes wrong on the way to another account: the message says what, on which hop, and what to do."""
import pytest

from conftest import WAYS

ways = pytest.mark.parametrize("way", WAYS)


def assert_refused(done, *words):
    assert done.status == 255 and done.out == "", done
    for word in words:
        assert word.lower() in done.err.lower(), done.err


# Over ssh it is an agent too; each costs PAM's delay of two seconds.
@pytest.mark.parametrize("way", ["router", "agent"])
@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_a_wrong_password(accounts, way, method):
    done = accounts.run(way, f"{method}:{accounts.other}", password="wrong password")
    assert_refused(done, f"{method} to {accounts.other}", f"incorrect {method} password", "ansible_become_password")
    assert "wrong password" not in done.err


def test_a_wrong_password_of_a_host_of_its_own(accounts):
    done = accounts.run("router", f"mitogen_doas:{accounts.other}", password="wrong password")
    assert_refused(done, "incorrect doas password", "check ansible_password")


def test_insults_are_no_answer(accounts):
    """With `insults` sudo's text is another each time; that it asks again says enough."""
    done = accounts.run("agent", "sudo:root", login=accounts.tty, password="wrong password")
    assert_refused(done, "sudo to root", "the password was not accepted", "ansible_become_password")
    assert "wrong password" not in done.err


@ways
@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_no_password(accounts, way, method):
    done = accounts.run(way, f"{method}:{accounts.other}")
    assert_refused(done, f"{method} to {accounts.other}", "password", "ansible_become_password")
    assert "missing" in done.err.lower() or "none was given" in done.err


@pytest.mark.parametrize("method", ["sudo", "su", "doas", "mitogen_sudo", "mitogen_su", "mitogen_doas"])
def test_no_such_account(accounts, method):
    done = accounts.run("agent", f"{method}:no-such-account", password=accounts.login_password)
    variable = "ansible_user" if method.startswith("mitogen") else "ansible_become_user"
    assert_refused(done, "the account no-such-account does not exist", variable)


@ways
@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_no_such_program(accounts, way, method):
    done = accounts.run(way, f"{method}:root", options={f"{method}.become_exe": f"/nonexistent/{method}"})
    assert_refused(done, f"{method} to root", f"/nonexistent/{method}", "no such file")
    if way == "ssh":
        assert_refused(done, "Install it there, or set the variable that names its path")


@pytest.mark.parametrize("method", ["sudo", "su"])
def test_no_such_interpreter(accounts, method):
    """doas says of a program that is not there that it may not be run."""
    done = accounts.run("router", f"{method}:root", login="root", python="/nowhere/python3")
    assert_refused(done, f"{method} to root", "the interpreter", "/nowhere/python3", "ansible_python_interpreter")


def test_not_permitted_by_sudoers(accounts):
    done = accounts.run("agent", "sudo:root", login=accounts.other, password=accounts.other_password)
    assert_refused(done, "not in the sudoers file", "add a rule")


def test_not_permitted_by_doas_conf(accounts):
    done = accounts.run("agent", "doas:root", login=accounts.other, password=accounts.other_password)
    assert_refused(done, "doas.conf does not allow", "add a rule")


def test_an_account_that_has_expired(accounts):
    done = accounts.run("agent", f"su:{accounts.expired}", password=accounts.other_password)
    assert_refused(done, f"su to {accounts.expired}", "that account has expired", "chage")


def test_a_password_that_must_be_changed(accounts):
    """It is the right one; su goes on to ask for a new one, which nobody answers."""
    done = accounts.run("agent", f"su:{accounts.stale}", password=accounts.other_password)
    assert_refused(done, f"the password of {accounts.stale} has expired", "log in by hand")


def test_a_shell_that_permits_nothing(accounts):
    done = accounts.run("agent", "su:nobody", login="root")
    assert_refused(done, "su to nobody", "the shell of nobody permits no command", "-s /bin/sh")


@pytest.mark.parametrize("method, flags, words", [
    ("sudo", "-HA", ("sudo's -A cannot be used",)), ("su", "-lm", ("-l and -m contradict each other",)),
    ("su", "-c id", ("su's -c cannot be used",)), ("doas", "-s", ("doas' -s cannot be used",)), ("sudo", "--log", ("--log could be",)),
])
def test_flags_that_are_not_for_this(accounts, method, flags, words):
    done = accounts.run("router", f"{method}:root", options={f"{method}.become_flags": flags})
    assert_refused(done, "become_flags", "can be used" if "contradict" not in words[0] else "leave one out", *words)


@pytest.fixture
def program(open_folder):
    """Writes a program that stands where the tool would, for what the real one does not do when asked."""

    def write(script: str) -> str:
        path = open_folder / "tool"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return str(path)

    return write


@pytest.mark.parametrize("way", ["router", "agent"])
@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_a_prompt_that_never_comes(accounts, program, way, method):
    """It says something and waits; its own last words are in the message, and it is ended."""
    tool = program("echo 'Touch your security key' >&2; exec sleep 600\n")
    done = accounts.run(way, f"{method}:root", password="unused", options={f"{method}.become_exe": tool}, timeout=1)
    assert_refused(done, f"{method} to root", "no Python was started within 1 s", "Touch your security key")


def test_a_tool_that_heeds_no_signal(accounts, program):
    tool = program("trap '' HUP TERM INT; while :; do read -r line < /dev/tty || exec sleep 600; done\n")
    done = accounts.run("agent", "sudo:root", password="unused", options={"sudo.become_exe": tool}, timeout=1)
    assert_refused(done, "sudo to root", "no Python was started within 1 s")
