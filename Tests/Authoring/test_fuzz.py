"""The readers of what comes from libraries of others, fed damaged input for a moment: `tools/fuzz plugins` goes on for longer."""
import subprocess

import paths
from conftest import TIME_LIMIT


def test_damaged_input_traps_nobody():
    done = subprocess.run([str(paths.RELEASE / "PluginFuzz"), "3", "1"], capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
    # Some of it is good enough to be taken, or nothing is learnt of what lies behind.
    assert "taken for good: manifest " in done.stdout and " 0 of " not in done.stdout
