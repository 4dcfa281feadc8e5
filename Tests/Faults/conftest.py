"""Fixtures for the fault tests: real hosts, and a runner of real playbooks through ours."""
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib"), str(Path(__file__).resolve().parent)]

import sides  # noqa: E402
import venvs  # noqa: E402
from hosts import Hosts  # noqa: E402
from runner import Runner  # noqa: E402


@pytest.fixture(scope="session")
def hosts():
    with Hosts("users", "sshd", "bare") as hosts:
        yield hosts


@pytest.fixture(scope="session")
def side():
    """Ours by the callback. MITOGEN_FAULTS_SIDE=stock tries the tests themselves, for all but what stock does not promise."""
    venv = venvs.for_series(os.environ.get("MITOGEN_FAULTS_SERIES", venvs.DEFAULT_SERIES))
    name = os.environ.get("MITOGEN_FAULTS_SIDE", "callback")
    return sides.stock(venv) if name == "stock" else sides.ours(venv, name)


@pytest.fixture
def runner(hosts, side):
    """Two hosts: `good` has nothing wrong, `bad` is what the test makes of it. Nothing may be left when the test ends."""
    runner = Runner(hosts, side)
    yield runner
    runner.end()
