"""Podman's containers end even where Podman itself does not get on."""
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

import hosts  # noqa: E402
import paths  # noqa: E402


pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="not as root")


@pytest.fixture
def started():
    with hosts.Hosts("podman", may_be_refused=("podman",)) as these:
        these.require("podman")
        yield these


def stop(state: Path, patience: int) -> subprocess.CompletedProcess:
    environment = os.environ | {"MITOGEN_HOSTS": str(state), "MITOGEN_HOSTS_ID": str(os.getpid()), "PATIENCE": str(patience)}
    return subprocess.run([str(paths.HOSTS / "podman"), "stop"], env=environment, capture_output=True, text=True, timeout=120)


def left(state: Path) -> list[str]:
    """Processes and mounts that name the state, or run in its containers."""
    found = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(state) in line]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "cgroup").read_bytes() + (folder / "mountinfo").read_bytes()
        except OSError:
            continue
        if str(state).encode() in text:
            found.append(f"{folder.name}: {(folder / 'cmdline').read_bytes()!r}")
    return found


def test_nothing_is_left_and_nothing_said(started):
    assert left(started.state)
    done = stop(started.state, 120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert left(started.state) == [] and not (started.state / "podman").exists()


def test_nothing_is_left_where_podman_hangs(started):
    """Its store is locked by somebody else, as it is by itself for long on a busy machine."""
    with open(started.state / "podman" / "root" / "overlay-layers" / "layers.lock", "r+") as layers:
        fcntl.lockf(layers, fcntl.LOCK_EX)
        with open(started.state / "podman" / "root" / "overlay-containers" / "containers.lock", "r+") as containers:
            fcntl.lockf(containers, fcntl.LOCK_EX)
            done = stop(started.state, 1)
    assert done.returncode == 0 and "gave up on: /usr/bin/podman rm" in done.stderr, done
    assert left(started.state) == [] and not (started.state / "podman").exists()
