"""A signal to tools/test ends what its lanes run, and no other suite begins."""
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from underway import Ended, Underway  # noqa: E402

#: Says that it runs, waits, and cleans up when it is interrupted, as pytest does.
SUITE = """
import os, sys, time
try:
    open(sys.argv[1] + "/begun", "w").close()
    os.write(1, b"begun\\n")
    time.sleep(600)
except KeyboardInterrupt:
    open(sys.argv[1] + "/cleaned", "w").close()
"""


def test_programs_clean_up_and_none_follows(tmp_path):
    underway, said, statuses = Underway(), os.pipe(), []

    def lane():
        for _ in range(2):
            statuses.append(underway.run([sys.executable, "-c", SUITE, str(tmp_path)], stdout=said[1]))

    def run():
        with pytest.raises(Ended):
            lane()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert os.read(said[0], 6) == b"begun\n"
    underway.end()
    thread.join(30)
    assert not thread.is_alive() and statuses == []
    assert sorted(os.listdir(tmp_path)) == ["begun", "cleaned"]


def test_a_program_that_does_not_end_is_killed(tmp_path):
    underway = Underway()
    underway.GRACE = 0.1
    said = os.pipe()
    deaf = "import os, signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); os.write(1, b'begun\\n'); time.sleep(600)"
    failures = []
    thread = threading.Thread(target=lambda: failures.append(pytest.raises(Ended, underway.run, [sys.executable, "-c", deaf], stdout=said[1])), daemon=True)
    thread.start()
    assert os.read(said[0], 6) == b"begun\n"
    underway.end()
    thread.join(30)
    assert len(failures) == 1


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP), (signal.SIGINT, -signal.SIGINT)])
def test_a_tool_that_runs_in_the_background_hears_signals(tmp_path, number, status):
    """A shell without job control starts those with ^C ignored, and programs inherit that."""
    tool = f"""
import sys
sys.path.insert(0, {str(ROOT / "tools" / "lib")!r})
from hosts import stop_on_signals
from underway import Underway
from concurrent.futures import ThreadPoolExecutor
stop_on_signals()
underway = Underway()
def lane(_):
    return [underway.run([sys.executable, "-c", {SUITE!r}, {str(tmp_path)!r}]) for _ in range(2)]
with ThreadPoolExecutor(1) as pool:
    try:
        list(pool.map(lane, [0]))
    except BaseException:
        underway.end()
        raise
"""
    ignored = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731
    process = subprocess.Popen([sys.executable, "-c", tool], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=ignored)
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(number)
    assert process.wait(30) == status
    assert sorted(os.listdir(tmp_path)) == ["begun", "cleaned"]
