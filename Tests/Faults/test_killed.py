"""Processes that end, or stop, when nobody expects it: nothing hangs, nothing is left behind."""
import os
import signal
import time

import processes
from processes import eventually

#: Only `bad` has a task that lasts; `good` would have its own agent in the same account.
SLEEP = {"name": "long", "command": "sleep 4321", "when": "inventory_hostname == 'bad'"}
AFTER = {"name": "after", "command": "echo after"}


def agent_of(runner, marker="sleep 4321"):
    """The agent above the running task."""
    process = runner.task_is_running(marker)[0]
    agents = {agent.pid: agent for agent in processes.agents(runner.hosts.login)}
    while process.pid not in agents:
        process = processes.read(process.parent)
    return process


def pause_until(path):
    """A task on the controller that waits for a file of the test's."""
    return {"name": "pause", "wait_for": {"path": str(path), "timeout": 60}, "delegate_to": "localhost", "run_once": True}


def test_an_agent_killed_during_a_task(runner):
    process = runner.start([SLEEP, AFTER])
    os.kill(agent_of(runner).pid, signal.SIGKILL)
    outcome = runner.wait(process)
    assert outcome.events("bad")[-1] in ("unreachable", "failed"), outcome.output
    assert outcome.text("bad").count("msg") >= 1 and len(outcome.last("bad")["result"]["msg"]) > 10
    assert outcome.last("good")["event"] == "ok", outcome.output
    runner.assert_clean()


def test_agents_killed_between_tasks(runner):
    go = runner.scratch / "go"
    process = runner.start([{"name": "first", "ping": {}}, pause_until(go), AFTER])
    eventually(lambda: "pause" in (runner.scratch / "output").read_text(), 60)
    for agent in eventually(lambda: len(found := processes.agents(runner.hosts.login)) == 2 and found, 20):
        os.kill(agent.pid, signal.SIGKILL)
    go.touch()
    outcome = runner.wait(process)
    for host in ("good", "bad"):
        assert outcome.last(host)["event"] in ("ok", "unreachable"), outcome.output
    runner.assert_clean()


def test_agents_killed_after_the_last_task(runner):
    go = runner.scratch / "go"
    process = runner.start([{"name": "first", "ping": {}}, pause_until(go)])
    eventually(lambda: "pause" in (runner.scratch / "output").read_text(), 60)
    for agent in eventually(lambda: len(found := processes.agents(runner.hosts.login)) == 2 and found, 20):
        os.kill(agent.pid, signal.SIGKILL)
    go.touch()
    outcome = runner.wait(process)
    assert outcome.status == 0, outcome.output
    runner.assert_clean()


def test_the_router_killed_during_a_task(runner):
    # What is left of the play runs as stock; its ssh would leave a master connection behind, as it does by itself.
    process = runner.start([SLEEP, AFTER], environment={"ANSIBLE_SSH_ARGS": "-o ControlMaster=no"})
    runner.task_is_running("sleep 4321")
    os.kill(eventually(lambda: processes.routers(process.pid))[0].pid, signal.SIGKILL)
    outcome = runner.wait(process)
    assert outcome.last("bad")["event"] in ("unreachable", "failed"), outcome.output
    assert "router" in outcome.text("bad").lower()
    assert outcome.last("good")["event"] == "ok", outcome.output
    # the router's own folder is what it cannot remove any more; the main process does
    runner.assert_clean()


def test_the_controller_killed_during_a_task(runner):
    """What a module detached on purpose lives on, all else is gone."""
    detach = {"name": "detach", "shell": "setsid -f sleep 1234 </dev/null >/dev/null 2>&1", "when": "inventory_hostname == 'bad'"}
    process = runner.start([detach, SLEEP])
    detached = runner.task_is_running("sleep 1234")[0]
    runner.task_is_running("sleep 4321")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    runner.expected = {detached.pid}
    # Ansible's own folder and its workers are not ours to clean
    ansible_s_own = set(runner.temporary.glob("ansible*"))
    end = time.monotonic() + 5

    def remaining():
        return [item for item in runner.leftovers() if item not in map(str, ansible_s_own)]

    eventually(lambda: not remaining() or time.monotonic() > end, 6)
    try:
        assert not remaining()
        assert processes.read(detached.pid), "what was detached on purpose must live on"
    finally:
        os.kill(detached.pid, signal.SIGKILL)
        runner.expected = set()
        for path in ansible_s_own:
            os.path.isdir(path) and __import__("shutil").rmtree(path, ignore_errors=True)


def test_the_controller_interrupted_during_a_task(runner):
    process = runner.start([SLEEP, AFTER])
    runner.task_is_running("sleep 4321")
    os.killpg(process.pid, signal.SIGINT)
    runner.wait(process)
    runner.assert_clean()


def test_a_target_that_stops_answering(runner):
    """Noticed within the bound that is set; what is left of it goes when it continues."""
    bound = {"mitogen_ssh_keepalive_interval": 1, "mitogen_ssh_keepalive_count": 3}
    process = runner.start([SLEEP, AFTER], bad=bound)
    agent = agent_of(runner)
    os.kill(agent.pid, signal.SIGSTOP)
    start = time.monotonic()
    try:
        outcome = runner.wait(process)
        assert time.monotonic() - start < 20
        assert outcome.last("bad")["event"] == "unreachable", outcome.output
        assert outcome.last("good")["event"] == "ok", outcome.output
    finally:
        os.kill(agent.pid, signal.SIGCONT)
    runner.assert_clean()
