"""Who may reach the router, and where a password may be seen: nobody else, and nowhere."""
import os
import pwd
import re
import stat
import subprocess
from pathlib import Path

import processes
from processes import eventually

SLEEP = {"name": "long", "command": "sleep 4321", "when": "inventory_hostname == 'bad'", "become": True}


def become(hosts):
    return {"vars": {"ansible_become_password": hosts.login_password, "ansible_become_user": hosts.other}}


def directory_of(router) -> Path:
    return Path(re.search(r"--directory (\S+)", router.command)[1])


def running(runner, hosts):
    """A run that has logged in, become another account, and works there."""
    process = runner.start([SLEEP], play=become(hosts), arguments=["-vvvv"], environment={"MITOGEN_LOG_LEVEL": "IO"})
    eventually(lambda: [p for p in processes.of_accounts(hosts.other) if p.command == "sleep 4321"], 60)
    return process, eventually(lambda: processes.routers(process.pid))[0]


def test_the_socket_is_in_a_private_directory(runner, hosts):
    process, router = running(runner, hosts)
    directory = directory_of(router)
    mode = directory.stat()
    assert stat.S_IMODE(mode.st_mode) == 0o700 and mode.st_uid == os.geteuid()
    sockets = [path for path in directory.iterdir() if path.is_socket()]
    assert sockets and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in sockets)


def test_another_account_cannot_connect(runner, hosts):
    """Not even when the modes would let it: the router asks the kernel for the peer's uid."""
    process, router = running(runner, hosts)
    directory = directory_of(router)
    (path,) = [path for path in directory.iterdir() if path.is_socket()]
    for folder in (runner.scratch, runner.temporary, directory):
        folder.chmod(0o755)
    path.chmod(0o666)
    code = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1])\n"
            "try: s.sendall(b'\\0\\0\\0\\2' + b'\\0' * 8 + b'\\1\\0\\0\\0{}'); print(len(s.recv(16)))\nexcept OSError: print(0)")
    user = ["setpriv", f"--reuid={hosts.login}", f"--regid={hosts.login}", "--clear-groups", "/usr/bin/python3", "-c", code, str(path)]
    done = subprocess.run(user, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() in ("", "0"), done
    directory.chmod(0o700)


def test_no_password_in_any_argument_or_environment(runner, hosts):
    process, router = running(runner, hosts)
    secret = hosts.login_password
    for process in processes.everything():
        if process.pid == os.getpid():
            continue
        assert secret not in process.command, f"in the arguments of {process.pid}"
        assert secret.encode() not in process.environment(), f"in the environment of {process.pid}"


def test_no_password_in_any_output(runner, hosts):
    """-vvvv and the router's most talkative log, over a task that works and one that fails."""
    tasks = [{"name": "works", "command": "id -un", "become": True}, {"name": "fails", "command": "false", "become": True}]
    outcome = runner.run(tasks, play=become(hosts), arguments=["-vvvv"], environment={"MITOGEN_LOG_LEVEL": "IO", "MITOGEN_ROUTER_DEBUG": "1"})
    assert outcome.of("good")[0]["result"]["stdout"] == hosts.other, outcome.output[-3000:]
    assert hosts.login_password not in outcome.output
    accounts = {os.geteuid(), *(pwd.getpwnam(name).pw_uid for name in (hosts.login, hosts.other))}
    logs = {path: path.owner() for path in Path("/tmp").glob("mitogen.*.log") if path.stat().st_uid in accounts}
    # The router's, and those of the nodes.
    assert {hosts.login, hosts.other} <= set(logs.values())
    for log, owner in logs.items():
        assert hosts.login_password.encode() not in log.read_bytes(), log
        if owner in (hosts.login, hosts.other):
            log.unlink()


def test_executors_hold_no_password(runner, hosts):
    """Whoever runs a module can read its own memory: the password went to the agent's launcher only."""
    running(runner, hosts)
    task = [p for p in processes.of_accounts(hosts.other) if p.command == "sleep 4321"][0]
    executor = processes.read(task.parent)
    assert executor.is_python
    assert hosts.login_password.encode() not in memory(executor.pid)


def memory(pid: int) -> bytes:
    """All writable memory of a process."""
    parts = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            if line.split()[1].startswith("rw") and "[v" not in line:
                file.seek(start)
                parts.append(file.read(end - start))
    return b"".join(parts)
