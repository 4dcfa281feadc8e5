"""Hosts that a machine refuses, which their tests may do without, and hosts whose script is broken, which they may not."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

import hosts  # noqa: E402
import paths  # noqa: E402
import skips  # noqa: E402

#: What the kernel is asked for is refused without these.
POWERLESS = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")


def start(state: Path, name: str, words: tuple[str, ...] = (), path: str = "") -> subprocess.CompletedProcess:
    environment = os.environ | {"MITOGEN_HOSTS": str(state), "MITOGEN_HOSTS_ID": str(os.getpid())}
    environment["PATH"] = f"{path}:{environment['PATH']}"
    return subprocess.run([*words, str(paths.HOSTS / name), "start"], env=environment, capture_output=True, text=True, timeout=60)


#: The scripts' first condition.
as_root = pytest.mark.skipif(os.getuid() != 0, reason="not as root")


def where_there_are_namespaces(done: subprocess.CompletedProcess) -> subprocess.CompletedProcess:
    """What comes behind that trial is seen only there."""
    if "refused by this machine: namespaces" in done.stderr:
        pytest.skip(f"this machine refuses namespaces: {done.stderr.strip()}")
    return done


@as_root
@pytest.mark.parametrize("name", hosts.CONTAINERS)
def test_a_machine_that_gives_no_namespaces_refuses(name, tmp_path):
    done = start(tmp_path, name, POWERLESS)
    assert done.returncode == hosts.REFUSED, done
    assert "refused by this machine: namespaces: unshare" in done.stderr and "Operation not permitted" in done.stderr
    assert os.listdir(tmp_path) == [], "it looks before it begins"


@as_root
@pytest.mark.parametrize("name", ["docker", "podman"])
def test_a_machine_that_mounts_no_overlay_refuses(name, tmp_path):
    """As it is where the state's folder lies in a container's own overlay."""
    (tmp_path / "unshare").write_text('#!/bin/sh\n[ "$2" != mount ] || { echo "mount: wrong fs type" >&2; exit 32; }\nexec /usr/bin/unshare "$@"\n')
    (tmp_path / "unshare").chmod(0o755)
    done = where_there_are_namespaces(start(tmp_path / "state", name, path=str(tmp_path)))
    assert (done.returncode, done.stderr.split("machine: ")[1]) == (hosts.REFUSED, "overlay: mount: wrong fs type\n")
    assert os.listdir(tmp_path / "state") == []


@as_root
def test_a_machine_that_gives_no_cgroups_refuses(tmp_path):
    hidden = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"', "sh")
    done = where_there_are_namespaces(start(tmp_path, "lxc", hidden))
    assert done.returncode == hosts.REFUSED and "refused by this machine: cgroups" in done.stderr, done


@as_root
def test_a_program_that_fails_is_no_refusal(tmp_path):
    """Nor is one whose own words are those of a refusal."""
    (tmp_path / "lxc-start").write_text("#!/bin/sh\necho 'Operation not permitted' >&2\nexit 77\n")
    (tmp_path / "lxc-start").chmod(0o755)
    state = tmp_path / "state"
    for name in ("root", "bare-root"):
        (state / name).mkdir(parents=True)
    (state / "root" / "done").touch()
    done = where_there_are_namespaces(start(state, "lxc", path=str(tmp_path)))
    assert done.returncode == 1 and "did not start" in done.stderr, done


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A function that gives the script `lxc` of Integration/Hosts other contents."""
    def write(body: str):
        (tmp_path / "lxc").write_text(f"#!/bin/sh\n[ $1 != start ] || {{ {body}; }}\n")
        (tmp_path / "lxc").chmod(0o755)

    for name in hosts.ORDER:  # all are stopped
        shutil.copy(shutil.which("true"), tmp_path / name)
    monkeypatch.setattr(paths, "HOSTS", tmp_path)
    return write


def test_only_what_is_refused_may_be_absent(scripts):
    scripts(f"echo nothing of the kind; exit {hosts.REFUSED}")
    with hosts.Hosts("lxc", may_be_refused=("lxc",)) as these:
        assert list(these.refused) == ["lxc"]
        with pytest.raises(pytest.skip.Exception) as skip:
            these.require("docker", "lxc")
        assert skips.unexpected([("Containers::test_x", skip.value.msg)], skips.patterns(ROOT / "Tests" / "expected-skips.txt")) == []
    with pytest.raises(hosts.HostRefused):
        hosts.Hosts("lxc").__enter__()


def test_a_script_that_failed_is_an_error(scripts):
    scripts("echo broken; exit 1")
    with pytest.raises(hosts.HostsFailed, match="broken") as failure:
        hosts.Hosts("lxc", may_be_refused=("lxc",)).__enter__()
    assert failure.type is hosts.HostsFailed


@pytest.mark.parametrize("name, reason", [
    ("Containers::test_real::test_x[docker]", "docker does not start on this machine"),
    ("Containers::test_real::test_x[docker]", "this machine refuses sshd: namespaces"),
    ("Ways::test_ways::test_x[podman]", ""),
    ("Namespaces::test_real::test_x", "not today"),
    ("Become::test_x", "this machine refuses docker: namespaces"),
])
def test_a_skip_for_any_other_reason_is_unexpected(name, reason):
    expected = skips.patterns(ROOT / "Tests" / "expected-skips.txt")
    assert skips.unexpected([(name, reason)], expected) == [f"{name}: {reason}"]
