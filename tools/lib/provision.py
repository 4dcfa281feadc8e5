"""What the tools set up when it is missing: Debian's packages, the Swift build, the virtual environment."""
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import locks
import paths
import venvs

#: To build and to run on this machine.
BUILD_PACKAGES = ("libffi-dev", "liblzma-dev", "zlib1g-dev", "openssh-client", "python3-venv")
#: In addition, for targets of our own on loopback; stock Ansible needs setfacl where it becomes one that is not root, the module
#: `expect` needs pexpect.
HOST_PACKAGES = ("acl", "openssh-server", "sudo", "opendoas", "rsync", "iproute2", "python3-apt", "python3-pexpect")
#: In addition, for containers: half a gigabyte, so for the tests only.
CONTAINER_PACKAGES = ("busybox-static", "docker.io", "podman", "buildah", "lxc", "lxd", "dbus", "systemd-container")
#: In addition, for the tests of quoting, of smart cards, and of modules in Lua.
TEST_PACKAGES = ("zsh", "fish", "tcsh", "softhsm2", "lua5.4")


class SetupFailed(Exception):
    """Something could not be set up; the message says what to do by hand."""


def say(text: str):
    print(text, file=sys.stderr, flush=True)


def packages(wanted: tuple[str, ...]):
    """Installs the Debian packages that are missing."""
    if not wanted:  # dpkg-query would list every package that is installed
        return
    query = subprocess.run(["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted], capture_output=True, text=True)
    installed = {line.split()[0] for line in query.stdout.splitlines() if line.endswith(" installed")}
    missing = [name for name in wanted if name not in installed]
    if not missing:
        return
    say(f"  installing {' '.join(missing)}")
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run([*root, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *command], env=environment, capture_output=True, text=True)
        if done.returncode:
            by_hand = f"apt-get install {' '.join(missing)}"
            raise SetupFailed(f"packages are missing; as root: {by_hand}\n{(done.stdout + done.stderr)[-2000:]}")


def sources_digest() -> str:
    """Names, sizes and times of all that the build reads: the same digest means that there is nothing to build."""
    digest = hashlib.sha256()
    for top in ("Package.swift", "Core", "Plugins"):
        top = paths.REPOSITORY / top
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                status = path.stat()
                digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def release_build(force: bool = False):
    """`.build/release/mitogen` with the plugins and their manifests beside it. While another tool builds, this waits for it."""
    with locks.held("build"):
        stamp, digest = paths.REPOSITORY / ".build" / "release.stamp", sources_digest()
        if not force and paths.MITOGEN.exists() and stamp.is_file() and stamp.read_text() == digest:
            return
        if not shutil.which("swift"):
            raise SetupFailed("swift is not on the PATH: install Swift 6.2 or later (swift.org/install)")
        say("  building (release)")
        done = subprocess.run(["swift", "build", "-c", "release"], cwd=paths.REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            errors = [line for line in done.stdout.splitlines() if "error:" in line] or done.stdout.splitlines()[-30:]
            raise SetupFailed("swift build -c release failed:\n" + "\n".join(errors))
        manifests(paths.RELEASE)
        stamp.write_text(digest)


def manifests(folder: Path):
    """Writes each plugin library's manifest beside it, as the library itself describes it."""
    for library in sorted(folder.glob("libMitogen*.so")):
        done = subprocess.run([str(folder / "mitogen"), "plugins", "manifest", str(library)], capture_output=True, text=True)
        if done.returncode:
            raise SetupFailed(f"mitogen plugins manifest {library.name}: {done.stderr.strip()}")
        library.with_suffix(".manifest.json").write_text(done.stdout)


def everything(hosts: bool = False, tests: bool = False, before_build: Callable[[], object] | None = None) -> venvs.Venv:
    """All that a tool needs; returns `.venv`. `before_build`: called beside the build, when all else is there."""
    packages(BUILD_PACKAGES + (HOST_PACKAGES if hosts or tests else ()) + (TEST_PACKAGES if tests else ()))

    def others() -> venvs.Venv:
        packages(CONTAINER_PACKAGES if tests else ())
        venv = venvs.default()
        if before_build:
            before_build()
        return venv

    # The build, one module after the other, keeps one processor busy; these wait for the network and the disk.
    with ThreadPoolExecutor(1) as beside:
        venv = beside.submit(others)
        release_build()
        return venv.result()
