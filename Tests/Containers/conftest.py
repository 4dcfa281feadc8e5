"""Real containers, and `mitogen run` into them: connection plugins, launcher and agent, with no Ansible in between."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib"), str(Path(__file__).resolve().parent)]

from hosts import CONTAINERS, Hosts  # noqa: E402
from targets import Target  # noqa: E402


@pytest.fixture(scope="session")
def hosts():
    with Hosts("sshd", *CONTAINERS, may_be_refused=CONTAINERS) as hosts:
        yield hosts


@pytest.fixture
def target(request, hosts) -> Target:
    """The container that a method enters; the test's parameter is the method."""
    return Target.of(request.param, hosts)
