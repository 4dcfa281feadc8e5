"""Fixtures: real hosts, and plays of this folder through stock Ansible and through ours."""
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

#: A whole run, in seconds; far above what the slowest takes.
TIME_LIMIT = 900


@pytest.fixture(scope="session")
def hosts():
    with Hosts("users", "sshd") as hosts:
        yield hosts


def run(side: sides.Side, hosts: Hosts, play: str, inventory: dict, before: list[str] = (), **settings: str) -> tuple[list[dict], str]:
    """The records of a play on the hosts of an inventory, and all that was said. `before`: words before the command."""
    folder = hosts.state / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    environment = side.environment(folder) | settings
    results.record(environment, folder)
    path = hosts.inventory(inventory, "emulation")
    done = subprocess.run([*before, side.venv.tool("ansible-playbook"), "-i", str(path), f"{play}.yml"], cwd=HERE, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT, start_new_session=True)
    records = results.recorded(folder)
    results.end_masters(folder)
    return records, done.stdout + done.stderr


def both(hosts: Hosts, series: str, *arguments, **settings: str) -> tuple[list[dict], list[dict], str]:
    """Stock's records, ours, and what ours said."""
    venv = venvs.for_series(series)
    stock, _ = run(sides.stock(venv, pipelining=False), hosts, *arguments, **settings)
    ours, said = run(sides.ours(venv, pipelining=False), hosts, *arguments, **settings)
    return stock, ours, said
