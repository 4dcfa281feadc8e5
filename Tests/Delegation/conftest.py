"""Real hosts that are reached through others, and playbooks on them through ours."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib"), str(ROOT / "Tests" / "Containers"), str(Path(__file__).resolve().parent)]

import venvs  # noqa: E402
from hosts import Hosts  # noqa: E402

#: Equal containers, for what a further one costs.
CROWD = 5


@pytest.fixture(scope="session")
def hosts():
    with Hosts("users", "sshd", "links", "docker", "lxc", links=(0,), crowd=CROWD) as hosts:
        yield hosts


@pytest.fixture(scope="session")
def venv():
    return venvs.for_series(venvs.DEFAULT_SERIES)
