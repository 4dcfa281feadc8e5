"""What a module leaves is put back or costs its process; -vvv tells of it."""
import re

import pytest
import sides
import venvs
from conftest import run


@pytest.fixture(scope="module")
def outcome(hosts):
    inventory = {"web1": hosts.variables(1)}
    records, said = run(sides.ours(venvs.for_series(venvs.DEFAULT_SERIES)), hosts, "isolation", inventory, ANSIBLE_VERBOSITY="3")
    tasks = {}
    for record in records:
        if "pid" in record["result"] or "ping" in record["result"]:
            tasks.setdefault(record["task"].rpartition(" (")[0], []).append(record["result"])
    assert "forked" in tasks, said[-2000:]
    return tasks, said


def test_no_task_sees_what_another_did(outcome):
    results = [result for name, results in outcome[0].items() for result in results if "pid" in result]
    assert len(results) >= 5
    assert {result["patched"] for result in results if result is not outcome[0]["patches"][0]} == {False}
    assert {result["left"] for result in results if result is not outcome[0]["patches"][0]} == {None}


def test_what_was_put_back_costs_no_process(outcome):
    tasks, said = outcome
    assert tasks["after that"][0]["pid"] == tasks["patches"][0]["pid"]
    assert re.search(r"harms: it changed subprocess.check_call, environment; put back", said), said[-2000:]


def test_what_was_not_costs_it_and_the_module_is_remembered(outcome):
    tasks, said = outcome
    pids = [result["pid"] for result in tasks["alone"] + tasks["pipes"]]
    assert len(set(pids)) == len(pids)
    assert "harms: it left descriptors open, or closed ours; its interpreter is not used again" in said
