"""Fixtures for the tests of changing the account: real accounts and servers, and `mitogen run`."""
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib"), str(ROOT / "Tests" / "Faults"), str(Path(__file__).resolve().parent), str(ROOT / "Tests" / "SSH")]

import paths  # noqa: E402
import processes  # noqa: E402
from hosts import Hosts  # noqa: E402

#: The ways to the account from which another is become: started by the router itself, by an agent on this machine, and by one
#: that was reached over ssh.
WAYS = ("router", "agent", "ssh")
#: No call may hang: far above what any takes, in seconds.
TIME_LIMIT = 60


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


class Accounts:
    """`mitogen run` with routes that end in a change of account."""

    def __init__(self, hosts: Hosts):
        self.hosts = hosts

    def __getattr__(self, name: str) -> str:
        """`accounts.login`, `accounts.tty_password`: as Integration/Hosts/users names them."""
        return self.hosts.values[name.upper()]

    def command(self, way: str, hop: str, *argv: str, login: str | None = None, options: dict | None = None, timeout: float = 15,
                python: str = "/usr/bin/python3") -> list[str]:
        """The words of `mitogen run` for `hop` (`su:ACCOUNT`) from the account `login`, on the way."""
        login = login or self.login
        method = hop.partition(":")[0]
        program = method.removeprefix("mitogen_")
        options = dict(options or {})
        if way == "ssh":
            route = f"ssh://{login}@127.0.0.1:{self.hosts.port}/{hop}"
            options["ssh.private_key_file"], options["ssh.ssh_common_args"] = self.hosts.key, self.hosts.ssh_arguments
        else:
            # From root, as root is what runs the tests: the program is started as the login account.
            route = {"router": hop, "agent": f"local/{hop}"}[way]
            exe = f"{method}.become_exe"
            options[exe] = f"setpriv --reuid={login} --regid={login} --init-groups {options.get(exe, program)}"
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return [str(paths.MITOGEN), "run", "--python", python, "--timeout", f"{timeout:g}", *given, route, "--", *argv]

    def environment(self, hop: str, password: str | None) -> dict[str, str]:
        method = hop.partition(":")[0]
        return os.environ | ({f"MITOGEN_{method.upper()}_PASSWORD": password} if password else {})

    def run(self, way: str, hop: str, *argv: str, password: str | None = None, **more) -> Done:
        done = subprocess.run(
            self.command(way, hop, *(argv or ("id", "-un")), **more), env=self.environment(hop, password), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=TIME_LIMIT, cwd="/")
        return Done(done.returncode, done.stdout.strip(), done.stderr)

    def leftovers(self) -> list[str]:
        names = [self.hosts.values[name] for name in ("LOGIN", "OTHER", "RULE", "TTY", "EXPIRED", "STALE")]
        return [f"{p.pid}: {p.command}" for p in processes.of_accounts(*names)]


@pytest.fixture(scope="session")
def hosts():
    with Hosts("users", "sshd") as hosts:
        yield hosts


@pytest.fixture
def open_folder():
    """A folder that every account can enter; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="mitogen-become-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def accounts(hosts):
    """Nothing of any account may run when the test has ended."""
    accounts = Accounts(hosts)
    yield accounts
    processes.eventually(lambda: not accounts.leftovers(), 5)
