"""Where a password may be seen while a node is open, and in what is logged: nowhere."""
import json
import os
import re
import subprocess
from pathlib import Path

import cards
import processes
import pytest
import sides
import venvs

from conftest import TIME_LIMIT, WAYS


def seen(secret: str) -> list[str]:
    """Command lines and environments of all processes that hold it."""
    found = []
    for folder in Path("/proc").iterdir():
        for name in ("cmdline", "environ") if folder.name.isdigit() and int(folder.name) != os.getpid() else ():
            try:
                if secret.encode() in (folder / name).read_bytes():
                    found.append(f"{folder.name}/{name}")
            except OSError:
                pass
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_it_is_in_no_command_line_environment_or_log(accounts, open_folder, way, method):
    password = accounts.other_password if method == "su" else accounts.login_password
    gate = open_folder / "gate"
    os.mkfifo(gate)
    gate.chmod(0o666)
    command = accounts.command(way, f"{method}:{accounts.other}", "sh", "-c", f"echo open; cat {gate}")
    command.insert(2, "--verbose")
    process = subprocess.Popen(
        command, env=accounts.environment(method, password), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")
    try:
        assert process.stdout.readline() == "open\n"
        assert seen(password) == []
        # The scan itself can find: the account's name stands in command lines.
        assert seen(accounts.other) != []
        gate.write_text("done\n")
        out, log = process.communicate(timeout=TIME_LIMIT)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out) == (0, "done\n"), log
    assert password not in log and "opening" in log


@pytest.mark.parametrize("way", ["router", "agent"])
def test_a_tool_that_repeats_it_is_not_quoted(accounts, open_folder, way):
    """The answer comes back on the terminal, as it does where echo is on, and the tool fails with it in its words."""
    tool = open_folder / "tool"
    tool.write_text("#!/bin/sh\nprintf 'Password: ' > /dev/tty; read -r line < /dev/tty; echo \"no: $line\" >&2; exit 1\n")
    tool.chmod(0o755)
    done = accounts.run(way, "doas:root", password="the very secret", options={"doas.become_exe": str(tool)})
    assert done.status == 255 and "no: <secret>" in done.err, done.err
    assert "the very secret" not in done.err


#: Says who is there, and stays until the gate's writing end is closed.
STAY = "exec 3< {folder}/gate; mkdir {folder}/{{{{ inventory_hostname }}}}-$(id -un); cat <&3"


@pytest.fixture
def key(hosts, tmp_path):
    """(a file with the server's key under a passphrase, the passphrase, one of the file's lines)."""
    path = tmp_path / "key"
    path.write_bytes(hosts.key.read_bytes())
    path.chmod(0o600)
    passphrase = f"a passphrase of {os.getpid()}"
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", passphrase, "-f", str(path)], check=True, stdout=subprocess.DEVNULL)
    return path, passphrase, path.read_text().splitlines()[2]


@pytest.fixture(scope="session")
def card(hosts, tmp_path_factory):
    """(library, PIN, environment)"""
    return cards.card(hosts, tmp_path_factory.mktemp("card"))


def log_files(router: int) -> dict[str, str]:
    """What MITOGEN_ROUTER_DEBUG left: of the router, as "", and of each node by its name. All targets are this machine."""
    path = Path(f"/tmp/mitogen.{router}.log")
    found = {"": path.read_text(errors="replace")}
    path.unlink()
    for name, file in re.findall(r" (\S+): its log file is (\S+) there", found[""]):
        found[name] = found.get(name, "") + Path(file).read_text(errors="replace")
        Path(file).unlink()
    return found


def test_a_playbook_shows_none_at_its_most_talkative(hosts, accounts, key, card, open_folder, tmp_path):
    """ssh by a password, by a key under a passphrase, by one in a variable, and by a smart card; behind them sudo, su and doas, with theirs.

    Looked for from the run's start to its end, and while all accounts are open.
    """
    path, passphrase, line = key
    library, pin, card_environment = card
    folder = open_folder / "there"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    os.mkfifo(folder / "gate")
    (folder / "gate").chmod(0o666)
    gate = os.open(folder / "gate", os.O_RDWR)
    by_password, by_file, by_variable, by_card = (
        hosts.variables(index, ansible_become_user=hosts.other, ansible_python_interpreter="/usr/bin/python3") for index in (1, 2, 3, 4))
    for variables in (by_password, by_variable, by_card):
        del variables["ansible_ssh_private_key_file"]
    sudo = {"ansible_become_method": "sudo", "ansible_become_password": hosts.login_password}
    su = {"ansible_become_method": "su", "ansible_become_password": accounts.other_password}
    doas = {"ansible_become_method": "community.general.doas", "ansible_become_password": hosts.login_password}
    by_card["ansible_ssh_common_args"] = hosts.ssh_arguments.replace("IdentitiesOnly=yes", "IdentitiesOnly=no")
    inventory = hosts.inventory({
        "password": by_password | sudo | {"ansible_password": hosts.login_password},
        "file": by_file | su | {"ansible_ssh_private_key_file": str(path), "ansible_ssh_private_key_passphrase": passphrase},
        "variable": by_variable | su | {"ansible_ssh_private_key": path.read_text(), "ansible_ssh_private_key_passphrase": passphrase},
        "card": by_card | doas | {"ansible_ssh_pkcs11_provider": library, "ansible_password": pin},
    }, "secrets")
    playbook = tmp_path / "play.json"
    tasks = [{"command": "id -un"}, {"shell": STAY.format(folder=folder), "become": True}, {"command": "id -un -x", "become": True, "ignore_errors": True},
             {"command": "id -un", "become": True}]
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    side = sides.ours(venvs.default())
    environment = side.environment(tmp_path) | {"MITOGEN_ROUTER_DEBUG": "1", "MITOGEN_LOG_LEVEL": "IO"} | card_environment
    secrets = {"the login password": hosts.login_password, "su's password": accounts.other_password, "the passphrase": passphrase, "the key": line, "the PIN": pin}
    found = set()

    def look() -> bool:
        for name, secret in secrets.items():
            found.update(f"{name} in {place}" for place in seen(secret))
        return process.poll() is None

    with open(tmp_path / "output", "wb") as output:
        process = subprocess.Popen([side.venv.tool("ansible-playbook"), "-vvvv", "-i", str(inventory), str(playbook)], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=tmp_path)
    try:
        there = {f"{host}-{hosts.other}" for host in ("password", "file", "variable", "card")}
        while look() and not there <= set(os.listdir(folder)):
            pass
        assert there <= set(os.listdir(folder)), (tmp_path / "output").read_text()
        look()
        (router,) = processes.routers(process.pid)
        os.close(gate)
        while look():
            pass
    finally:
        process.kill()
        process.wait()
    logs = log_files(router.pid)
    output = (tmp_path / "output").read_text(errors="replace")
    assert process.returncode == 0, output
    assert not found, sorted(found)
    # They can show something: the account, and its opening.
    assert hosts.other in output and "opening variable by su" in logs[""], (output, logs)
    assert all(": run\n" in logs[name] for name in ("password", "file", "variable", "card")), logs
    for name, secret in secrets.items():
        assert secret not in output, f"{name} is in the output"
        for node, log in logs.items():
            assert secret not in log, f"{name} is in the log of {node or 'the router'}"
