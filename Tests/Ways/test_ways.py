"""One play, all inventories: each way in gives stock Ansible's results."""
import pytest
from ways import CONTAINERS, SSH


@pytest.mark.parametrize("way", SSH + CONTAINERS, ids=lambda way: way.name)
def test_the_results_are_stocks(play, way):
    found = play.differences(way)
    assert not found, "\n".join(found)
