"""`mitogen rsh` under a real rsync that is killed."""
import json
import os
import shlex
import signal
import subprocess

import paths
import pytest
from probes import LOCAL_HOP
from processes import Watched, command_line, descendants
from router_client import Router

#: Far above what ending takes, in seconds.
PATIENCE = 20


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_nothing_stays_when_rsync_is_killed(tmp_path, direction):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    source, destination = (here, there) if direction == "push" else (there, here)
    with open(source / "large", "wb") as file:
        file.truncate(1 << 28)
    with Router() as router:
        node = json.loads(router.request("place", [LOCAL_HOP]))["node"]
        shell = shlex.join([str(paths.MITOGEN), "rsh", "--socket", str(router.directory / "router"), "--node", str(node)])
        ends = [f"{here}/", f"host:{there}/"] if direction == "push" else [f"host:{there}/", f"{here}/"]
        # 64 kB a second: it would take an hour
        rsync = subprocess.Popen(["rsync", "--archive", "--bwlimit=64", "--progress", "--outbuf=N", f"--rsh={shell}", *ends],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            while (said := rsync.stdout.read(1)) != b"%":
                assert said, "rsync ended before it was killed"
            ours = [Watched(pid) for pid in descendants(rsync.pid)]
            theirs = [process for process in map(Watched, descendants(router.process.pid)) if "--server" in " ".join(process.command)]
            assert [process for process in ours if "rsh" in process.command] and theirs
        finally:
            for pid in [pid for pid in (rsync.pid, *descendants(rsync.pid)) if "rsh" not in command_line(pid)]:
                os.kill(pid, signal.SIGKILL)
            rsync.wait()
            rsync.stdout.close()
        left = [process.command for process in ours + theirs if not process.ends_within(PATIENCE)]
        assert not left
