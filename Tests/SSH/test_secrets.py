"""Passwords, passphrases, PINs and keys: asked for by ssh, answered from the options, and nowhere to be seen."""
import os
import subprocess
from pathlib import Path

import pytest

from conftest import PASSPHRASE


@pytest.fixture
def no_key(client):
    client.key = None
    return client


@pytest.fixture
def interactive(server):
    """PAM asks: keyboard-interactive, and no other way to give a password."""
    return server("KbdInteractiveAuthentication yes", "PasswordAuthentication no")


def secrets(**values: str) -> dict[str, str]:
    return {f"MITOGEN_SSH_{name.upper()}": value for name, value in values.items()}


def test_a_password(no_key, hosts):
    no_key.environment = secrets(password=hosts.login_password)
    no_key.works()


def test_a_password_asked_for_by_keyboard_interactive(no_key, hosts, interactive):
    no_key.port, no_key.environment = interactive.port, secrets(password=hosts.login_password)
    no_key.works()


def test_a_password_is_answered_though_ssh_config_allows_no_questions(no_key, hosts):
    no_key.environment = secrets(password=hosts.login_password)
    no_key.works(config="Host *\nBatchMode yes\nNumberOfPasswordPrompts 3\n")


@pytest.mark.parametrize("way", ["password", "keyboard-interactive", "both"])
def test_a_wrong_password_is_sent_once(no_key, hosts, server, way):
    lines = {"password": (), "keyboard-interactive": ("KbdInteractiveAuthentication yes", "PasswordAuthentication no"), "both": ("KbdInteractiveAuthentication yes",)}
    there = server("MaxAuthTries 6", *lines[way])
    no_key.port, no_key.environment = there.port, secrets(password="not this one")
    outcome = no_key.run()
    assert outcome.failed_with("127.0.0.1", hosts.login) and "not this one" not in outcome.stderr
    assert "refused the login" in outcome.stderr or "the password was not accepted" in outcome.stderr
    log = there.log.read_text()
    assert (log.count("Failed password"), log.count("PAM: Authentication failure")) == ((1, 0) if way == "password" else (0, 1)), log


def test_a_missing_password(no_key):
    no_key.run().failed_with("refused the login", "permission denied", "ansible_password")


def test_a_password_that_is_not_to_be_used(no_key, hosts):
    no_key.environment = secrets(password=hosts.login_password)
    no_key.run(password_mechanism="disable").failed_with("refused the login")


def test_a_banner_that_asks_for_a_password_is_not_answered(client, hosts, server, tmp_path):
    banner = tmp_path / "banner"
    banner.write_text("Authorized users only.\nYour password: ")
    there = server(f"Banner {banner}")
    client.port, client.environment = there.port, secrets(password=hosts.login_password)
    client.works()
    shown = client.works(verbose=True)
    assert "Authorized users only." in shown.stderr and hosts.login_password not in shown.stderr
    client.key = None
    client.works()


def test_a_passphrase_of_a_key_file(client, hosts, encrypted):
    client.key, client.environment = None, secrets(private_key_passphrase=PASSPHRASE)
    client.works(private_key_file=str(encrypted))


def test_a_wrong_passphrase(no_key, encrypted):
    no_key.environment = secrets(private_key_passphrase="not this one")
    outcome = no_key.run(private_key_file=str(encrypted))
    assert outcome.failed_with("refused the login", "passphrase") and "not this one" not in outcome.stderr


def test_a_missing_passphrase(no_key, encrypted):
    no_key.run(private_key_file=str(encrypted)).failed_with("refused the login")


def test_the_key_itself(no_key, hosts):
    no_key.environment = secrets(private_key=hosts.key.read_text().rstrip("\n"))
    no_key.works()


def test_the_key_itself_under_a_passphrase(no_key, encrypted):
    no_key.environment = secrets(private_key=encrypted.read_text(), private_key_passphrase=PASSPHRASE)
    no_key.works()


def test_a_key_that_is_none(no_key):
    no_key.environment = secrets(private_key="no key at all")
    no_key.run().failed_with("could not be read")


def test_the_key_itself_behind_another_node(no_key, hosts):
    """There the agent carries the plan out."""
    no_key.environment = secrets(private_key=hosts.key.read_text())
    command = no_key.command("echo", "hello")
    at = command.index("--") - 1
    command[at] = f"local/{command[at]}"
    done = subprocess.run(command, env=no_key.variables(), stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.stdout == b"hello\n", done.stderr


def readable_by_others(marks: list[bytes], but: int) -> list[str]:
    """Command lines and environments of this machine that hold one of the marks."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                data = (folder / name).read_bytes()
            except OSError:
                continue
            if int(folder.name) not in (but, os.getpid()) and any(mark in data for mark in marks):
                found.append(f"{folder}/{name}")
    return found


def test_secrets_are_in_no_command_line_and_no_environment(no_key, hosts, encrypted):
    """`mitogen run` itself is given them in its environment. Looked for from its start to its end."""
    no_key.environment = secrets(private_key=encrypted.read_text(), private_key_passphrase=PASSPHRASE, password=hosts.login_password)
    command = no_key.command("echo", "ready", verbose=True)
    process = subprocess.Popen(command, env=no_key.variables(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    marks = [hosts.login_password.encode(), PASSPHRASE.encode(), encrypted.read_bytes().splitlines()[2]]
    found = set()
    while process.poll() is None:
        found |= set(readable_by_others(marks, but=process.pid))
    out, err = process.communicate()
    assert out == b"ready\n", err
    assert not found
    assert not any(mark in err for mark in marks)


def test_a_pin_is_in_no_command_line_environment_or_log(no_key, card):
    """As above, with all that ssh itself has to say."""
    library, pin, environment = card
    no_key.environment = environment | secrets(password=pin)
    command = no_key.command("echo", "ready", verbose=True, pkcs11_provider=library, config="Host *\nIdentitiesOnly no\n", mitogen_ssh_debug_level="3")
    process = subprocess.Popen(command, env=no_key.variables(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    found = set()
    while process.poll() is None:
        found |= set(readable_by_others([pin.encode()], but=process.pid))
    out, err = process.communicate()
    assert out == b"ready\n", err
    assert not found
    assert library.encode() in err and pin.encode() not in err, err


def test_the_pin_of_a_smart_card(no_key, card):
    library, pin, environment = card
    no_key.environment = environment | secrets(password=pin)
    no_key.works(pkcs11_provider=library, config="Host *\nIdentitiesOnly no\n")


def test_a_wrong_pin(no_key, card):
    library, _, environment = card
    no_key.environment = environment | secrets(password="11111111")
    no_key.run(pkcs11_provider=library, config="Host *\nIdentitiesOnly no\n").failed_with("127.0.0.1")
