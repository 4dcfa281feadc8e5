"""Modules that misbehave cost their own task, never the connection: the next task runs."""
import os
import signal

import processes

AFTER = {"name": "after", "command": "echo after"}


def run(runner, misdeed, **more):
    task = {"name": misdeed, "misbehaving": {"misdeed": misdeed}, "ignore_errors": True, "when": "inventory_hostname == 'bad'"} | more
    outcome = runner.run([task, AFTER])
    assert outcome.events("good") == ["skipped", "ok"], outcome.output
    assert len(outcome.of("bad")) == 2, outcome.output
    assert outcome.last("bad")["result"].get("stdout") == "after", outcome.output
    return outcome.of("bad")[0]


def test_a_module_that_crashes_its_interpreter_fails(runner):
    record = run(runner, "crash")
    assert record["event"] == "ignored"
    assert record["result"]["msg"]


def test_a_module_that_ends_at_once_fails(runner):
    assert run(runner, "exit")["event"] == "ignored"


def test_garbage_on_stdout_before_the_result_is_a_warning(runner):
    record = run(runner, "garbage_before")
    assert record["event"] == "ok" and record["result"]["said"] == "garbage_before"


def test_garbage_on_stdout_without_a_result_fails(runner):
    assert run(runner, "garbage")["event"] == "ignored"


def test_a_module_that_forks_and_lingers_does_not_hold_its_task(runner):
    record = run(runner, "linger")
    assert record["event"] == "ok"
    # As with stock, what the module left behind on purpose lives on.
    lingering = [process.pid for process in processes.of_accounts(runner.hosts.login) if process.command == "sleep 4323"]
    assert lingering
    for pid in lingering:
        os.kill(pid, signal.SIGKILL)


def test_a_module_that_closes_all_descriptors_fails(runner):
    assert run(runner, "close")["event"] == "ignored"


def test_a_module_that_writes_to_every_descriptor_harms_nobody(runner):
    assert run(runner, "scribble")["event"] in ("ok", "ignored")


def test_a_module_that_ignores_signals_and_changes_its_directory(runner):
    assert run(runner, "rearrange")["event"] == "ok"


def test_fifty_megabytes_of_output_arrive(runner):
    record = run(runner, "tell")  # not by `command`, where Ansible's own reading takes a minute
    assert record["event"] == "ok" and record["result"]["told"] == "x" * 50000000


def test_fifty_megabytes_of_garbage_fail(runner):
    assert run(runner, "much")["event"] == "ignored"


def test_a_module_slower_than_its_timeout_fails(runner):
    record = run(runner, "sleep", timeout=2)
    assert record["event"] == "ignored"
    assert "timed out" in str(record["result"]).lower() or "timeout" in str(record["result"]).lower()
