"""One play, all inventories: each way in gives stock Ansible's results."""
import pytest
import results
from ways import CONTAINERS, HOSTS, STAND_INS

#: A way whose play ends early on both sides compares little.
FAILED = "{0} did not reach the end of the play:\n{1}"


@pytest.mark.parametrize("way", HOSTS + CONTAINERS + STAND_INS, ids=lambda way: way.name)
def test_the_results_are_stocks(plays, way):
    plays.hosts.require(*way.needs)
    model = plays.model(way)
    assert plays.stock.reached_the_end(model), FAILED.format("stock", plays.stock.said_about(model))
    found = [without(DIFFERS | way.differs, text) for text in results.compare(*plays.both(way))]
    found = [text for text in found if text]
    assert not found, "\n".join([*found, plays.ours.said_about(way)])
    assert plays.ours.reached_the_end(way), FAILED.format("ours", plays.ours.said_about(way))


#: For all ways: TASK: PLACE, and why.
DIFFERS = {
    "another account: warnings: only stock: [\"Module remote_tmp ": "of ways side by side, the first finds the account's folder not made yet",
}


def without(expected: dict[str, str], difference: str) -> str | None:
    """A task's differences without those that are expected; None if nothing is left."""
    title, *lines = difference.split("\n")
    task = title.rpartition(" / ")[2].rpartition(" (")[0]
    left, is_expected = [], False
    for line in lines:
        # What is further to the right belongs to the line above: the lines of two texts that differ.
        if not line.startswith("        "):
            is_expected = f"{task}: {line.strip()}".startswith(tuple(expected))
        if not is_expected:
            left.append(line)
    return "\n".join([title, *left]) if left else None
