"""Fixtures: real hosts, and the play of this folder through stock Ansible and through ours.

All ways are hosts of one inventory, and each side is one run: what is waiting for one of them, others use.
"""
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools" / "lib"), str(HERE)]

import results  # noqa: E402
import sides  # noqa: E402
import venvs  # noqa: E402
from hosts import CONTAINERS, Hosts  # noqa: E402
from ways import Way  # noqa: E402

#: A whole run, in seconds; far above what the slowest takes.
TIME_LIMIT = 500
#: Begins the names of what the play makes on the targets, most of which are this machine.
WORK = "/tmp/mitogen-ways"
#: Ways that are under way at once: most of each is waiting, for sudo, for containers, for ssh.
FORKS = "8"


@pytest.fixture(scope="session")
def wanted(request) -> list[Way]:
    """Those of this session."""
    parameters = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    return [values["way"] for values in parameters if isinstance(values.get("way"), Way)]


@pytest.fixture(scope="session")
def hosts(wanted):
    needs = {name for way in wanted for name in way.needs}
    with Hosts("users", "sshd", *needs, may_be_refused=CONTAINERS) as hosts:
        yield hosts
    for left in Path(WORK).parent.glob(f"{Path(WORK).name}-{hosts.login}-*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@dataclass
class Side:
    """What a side's run gave: the records of each way, and all that was printed."""

    records: dict[str, list[dict]]
    output: str

    def reached_the_end(self, way: Way) -> bool:
        plays = {record["play"] for record in self.records.get(way.host, []) if record["task"].startswith("nothing is left (") and record["event"] == "ok"}
        return len(plays) == (2 if way.thorough else 1)

    def said_about(self, way: Way) -> str:
        return "\n".join(line for line in self.output.splitlines() if any(mark in line for mark in (f"[{way.host}]", f"[{way.host} ->", f"'{way.host}'")))


class Plays:
    def __init__(self, hosts: Hosts, ways: list[Way]):
        self.hosts = hosts
        self.ways = [way for way in ways if way.stands(hosts)]
        venv = venvs.for_series(venvs.DEFAULT_SERIES)
        # Beside each other they would be in each other's way: on the targets, paths are the same.
        self.stock = self.run(sides.stock(venv), {way.host: way.for_stock(hosts) for way in self.ways if self.model(way) is way})
        inventory = {way.host: way.for_ours(hosts) for way in self.ways}
        for way in self.ways:
            inventory |= way.between(hosts)
        self.ours = self.run(sides.ours(venv), inventory)

    def model(self, way: Way) -> Way:
        """The way whose results of stock's it is compared with."""
        return next((other for other in self.ways if other.name == way.like), way)

    def both(self, way: Way) -> tuple[list[dict], list[dict]]:
        """Stock's records and ours, of the plays that both have run."""
        model = self.model(way)
        stock, ours = self.stock.records[model.host], self.ours.records[way.host]
        stock = json.loads(json.dumps(stock).replace(model.host, way.host))
        plays = {record["play"] for record in (ours if model.thorough and not way.thorough else stock) if record["event"] != "recap"}
        return tuple([record for record in side if record["play"] in plays and record["event"] != "recap"] for side in (stock, ours))

    def run(self, side: sides.Side, inventory: dict[str, dict]) -> Side:
        folder = self.hosts.state / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "large").write_bytes(bytes(range(256)) * (5 * 4096))
        environment = side.environment(folder) | {"ANSIBLE_COLLECTIONS_PATH": str(venvs.collections()), "ANSIBLE_FORKS": FORKS}
        environment["PATH"] = f"{self.programs()}:{environment['PATH']}"
        environment |= {key: value for key, value in self.hosts.values.items() if key == "LXD_DIR"}
        results.record(environment, folder)
        everywhere = {"scratch": str(folder), "thorough": [way.host for way in self.ways if way.thorough] or ["none"]}
        command = [side.venv.tool("ansible-playbook"), "-i", str(self.hosts.inventory(inventory, f"ways-{side.name}")), "-e", json.dumps(everywhere),
                   "--limit", ",".join(way.host for way in self.ways if way.host in inventory), str(HERE / "play.yml")]
        done = subprocess.run(command, cwd=HERE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT,
                              start_new_session=True)
        results.end_masters(folder)
        return Side(results.by_host(results.recorded(folder)), done.stdout + done.stderr)

    def programs(self) -> Path:
        """A folder of programs that either side finds before all others: the stand-ins, and those that stock's plugins give no arguments."""
        folder = self.hosts.state / "programs"
        folder.mkdir(exist_ok=True)
        for stand_in in (HERE.parent / "Containers" / "stand_ins").iterdir():
            (folder / stand_in.name).unlink(missing_ok=True)
            (folder / stand_in.name).symlink_to(stand_in)
        for way in self.ways:
            for name, script in way.programs(self.hosts).items():
                (folder / name).write_text(script)
                (folder / name).chmod(0o755)
        return folder


@pytest.fixture(scope="session")
def plays(hosts, wanted):
    return Plays(hosts, wanted)
