"""Fixtures: real hosts, and the play of this folder through stock Ansible and through ours."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools" / "lib"), str(HERE)]

import results  # noqa: E402
import sides  # noqa: E402
import venvs  # noqa: E402
from hosts import Hosts  # noqa: E402
from ways import CONTAINERS, SSH, Way  # noqa: E402

#: A whole run, in seconds; far above what the slowest takes.
TIME_LIMIT = 300
#: Begins the names of what the play makes on the targets, most of which are this machine.
WORK = "/tmp/mitogen-ways"


@pytest.fixture(scope="session")
def hosts():
    needs = {name for way in SSH + CONTAINERS for name in way.needs}
    with Hosts("users", "sshd", *sorted(needs)) as hosts:
        yield hosts
    for left in Path(WORK).parent.glob(f"{Path(WORK).name}-*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(scope="session")
def play(hosts):
    return Play(hosts)


class Play:
    def __init__(self, hosts: Hosts):
        self.hosts = hosts
        self.venv = venvs.for_series(venvs.DEFAULT_SERIES)
        self.sides = {"stock": sides.stock(self.venv), "ours": sides.ours(self.venv)}
        self.collections = venvs.collections()

    def run(self, name: str, work: str, variables: dict, between: dict, playbook: Path = HERE / "play.yml") -> tuple[list[dict], str]:
        """Plays it on one host, `target`, and returns the records of its tasks and all that was printed."""
        folder = self.hosts.state / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "large").write_bytes(bytes(range(256)) * (5 * 4096))
        environment = self.sides[name].environment(folder) | {"ANSIBLE_COLLECTIONS_PATH": str(self.collections)}
        environment |= {key: value for key, value in self.hosts.values.items() if key == "LXD_DIR"}
        results.record(environment, folder)
        inventory = self.hosts.inventory({"target": variables} | between, f"ways-{name}")
        more = {"work": work, "scratch": str(folder)}
        command = [self.venv.tool("ansible-playbook"), "-i", str(inventory), "-e", json.dumps(more), "--limit", "target", str(playbook)]
        done = subprocess.run(command, cwd=HERE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT,
                              start_new_session=True)
        results.end_masters(folder)
        return results.recorded(folder), done.stdout + done.stderr

    def differences(self, way: Way) -> list[str]:
        # Of its own for each way: where one fails, another account's files stay behind.
        work = f"{WORK}-{self.hosts.login}-{''.join(c if c.isalnum() else '-' for c in way.name)}"
        stock, said = self.run("stock", work, way.for_stock(self.hosts), {})
        assert any(record["task"].startswith("nothing is left (") for record in stock), f"stock did not reach the end of the play:\n{said}"
        ours, said = self.run("ours", work, way.for_ours(self.hosts), way.between(self.hosts))
        found = [text for text in (without(way.differs, text) for text in results.compare(stock, ours)) if text]
        return [*found, said] if found else []


def without(expected: dict[str, str], difference: str) -> str | None:
    """A task's differences without those that are expected; None if nothing is left."""
    title, *lines = difference.split("\n")
    lines = [line for line in lines if not line.strip().startswith(tuple(expected) or ("\n",))]
    return "\n".join([title, *lines]) if lines else None
