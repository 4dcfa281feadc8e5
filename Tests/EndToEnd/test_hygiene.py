"""A node after a thousand tasks of thirty modules is what it was after two hundred, and leaves nothing."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "lib"))

import hygiene  # noqa: E402

#: Of memory: allocators keep what a large answer once needed, and a cache of compiled modules grows with each kind.
SLACK = {
    # frames and answers of at most a megabyte
    "agent-rss": 3 << 20,
    # runs no module: what it imports it has imported by then
    "server-rss": 2 << 20,
    # may be another process, which the largest module has not run in before
    "executor-rss": 12 << 20,
}


@pytest.fixture(scope="module")
def found():
    found = hygiene.measure()
    print(found)
    return found


def test_it_is_a_thousand_tasks_of_thirty_modules(found):
    assert found.tasks >= 1000 and found.modules >= 30


@pytest.mark.parametrize("kind", SLACK)
def test_memory_stays_flat(found, kind):
    assert found.end[kind] <= found.warm[kind] + SLACK[kind]


@pytest.mark.parametrize("kind", ["agent-fds", "server-fds", "executor-fds"])
def test_descriptors_stay_the_same(found, kind):
    assert found.end[kind] == found.warm[kind]


def test_executors_do_not_pile_up(found):
    assert found.end["executors"] <= 3


def test_no_temporary_file_stays(found):
    assert (found.left, found.left_at_the_end) == ([], [])


def test_the_environment_is_what_it_was(found):
    assert found.leaked == []
