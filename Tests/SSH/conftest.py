"""Fixtures of the tests of ssh: real servers, and `mitogen run` with an ssh_config of its own."""
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib"), str(Path(__file__).resolve().parent)]

import cards  # noqa: E402
import paths  # noqa: E402
from hosts import Hosts  # noqa: E402
from servers import Server  # noqa: E402

#: Far above what any of them takes, in seconds.
TIME_LIMIT = 60
PASSPHRASE = "open sesame $'\"\\"


@pytest.fixture(scope="session")
def hosts():
    with Hosts("users", "sshd") as hosts:
        yield hosts


@pytest.fixture
def server(hosts, tmp_path):
    """A function that starts an sshd with further lines of configuration; all are ended with the test."""
    started = []

    def start(*lines: str) -> Server:
        started.append(Server(hosts, tmp_path / f"server{len(started)}", lines))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@dataclass
class Outcome:
    status: int
    stdout: bytes
    stderr: str

    def failed_with(self, *words: str) -> bool:
        """It failed for the reason that these words give; the words are in the message."""
        assert self.status == 255, (self.status, self.stdout, self.stderr)
        assert not self.stdout
        assert self.stderr.startswith("mitogen: ssh to "), self.stderr
        for word in words:
            assert word.lower() in self.stderr.lower(), self.stderr
        return True


class Client:
    """`mitogen run` under an ssh_config that knows our key and our server's; `config` adds lines before those."""

    def __init__(self, hosts, folder: Path):
        self.hosts, self.folder = hosts, folder
        self.port = hosts.port
        self.known_hosts = f"{hosts.state}/ssh/known_hosts"
        self.key: str | None = str(hosts.key)
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen | None = None

    def config(self, lines: str = "") -> Path:
        """Writes the ssh_config and returns its path."""
        path = self.folder / "ssh_config"
        key = f"IdentityFile {self.key}" if self.key else "IdentityFile none"
        text = f"{lines}\nHost *\nIdentitiesOnly yes\n{key}\nUserKnownHostsFile {self.known_hosts}\nGlobalKnownHostsFile none\n"
        path.write_text(text)
        return path

    def command(self, *argv: str, config: str = "", verbose: bool = False, address: str = "127.0.0.1", user: str | None = None, **options: str) -> list[str]:
        options = {"ssh_args": ""} | options
        options["ssh_args"] = f"-F {self.config(config)} {options['ssh_args']}"
        words = [word for name, value in options.items() for word in ("-o", f"ssh.{name}={value}")]
        place = f"{user or self.hosts.login}@{address}:{self.port}"
        return [str(paths.MITOGEN), "run", "--timeout", options.get("timeout", "20"), *(["-v"] if verbose else []), *words, f"ssh://{place}", "--", *argv]

    def variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MITOGEN_", "SSH_", "DISPLAY"))}
        return kept | {"HOME": str(self.folder)} | self.environment

    def run(self, *argv: str, **more) -> Outcome:
        done = subprocess.run(self.command(*argv or ("echo", "hello"), **more), env=self.variables(), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT)
        return Outcome(done.returncode, done.stdout, done.stderr.decode())

    def works(self, **more) -> Outcome:
        """It works, and nothing but the command's own output comes out of it."""
        outcome = self.run(**more)
        assert (outcome.status, outcome.stdout) == (0, b"hello\n"), outcome.stderr
        assert outcome.stderr == "" or more.get("verbose"), outcome.stderr
        return outcome


@pytest.fixture
def client(hosts, tmp_path):
    return Client(hosts, tmp_path)


@pytest.fixture
def encrypted(hosts, tmp_path):
    """Our key under a passphrase."""
    path = tmp_path / "encrypted"
    path.write_bytes(hosts.key.read_bytes())
    path.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", str(path)], check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="session")
def card(hosts, tmp_path_factory):
    """(library, PIN, environment)"""
    return cards.card(hosts, tmp_path_factory.mktemp("card"))
