"""Virtual environments, one for each ansible-core series, made once and kept in .cache/venvs.

A series says which interpreters its controller accepts; the first of them that this machine has is taken, from pyenv or from the
PATH. An environment is finished when its stamp says what was asked for: anything else is made anew.
"""
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import locks
import paths

#: ansible-core series -> the controller's interpreters that it supports, the preferred one first.
SERIES = {
    "2.16": ("3.11", "3.12", "3.10"),
    "2.17": ("3.11", "3.12", "3.10"),
    "2.18": ("3.12", "3.11", "3.13"),
    "2.19": ("3.12", "3.11", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
#: What `.venv` gets: the newest series in full support that also runs on Debian 12's own Python.
DEFAULT_SERIES = "2.19"
#: Peers of the benchmarks and tests.
MITOGEN_PEER = "mitogen==0.3.54"
#: Ansible's collections as one distribution, the one that goes with DEFAULT_SERIES; and what is wanted of it.
COLLECTIONS = "ansible~=12.0"
COLLECTION_FILES = re.compile(
    r"ansible_collections/(community/docker|community/general|containers/podman|kubernetes/core|ansible/posix)/"
    r"(MANIFEST.json|meta/runtime.yml|plugins/((action|become|connection|doc_fragments|module_utils|plugin_utils)/|modules/synchronize))")
PYINFRA_PEER = "pyinfra~=3.10.0"


class NoInterpreter(Exception):
    """No interpreter on this machine that a series supports."""


@functools.cache
def interpreter(version: str) -> str | None:
    """The path of CPython `version` ("3.12"), or None. pyenv's own folder is read: its shims exist for every version known."""
    found = []
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        found += sorted(Path(root).glob(f"versions/{version}.*/bin/python{version}"))
    on_path = shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin")
    found += [on_path] if on_path else []
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        found.append(getattr(sys, "_base_executable", sys.executable))
    for path in found:
        probe = subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True)
        if probe.returncode == 0:
            return str(path)
    return None


def interpreter_for(series: str) -> str:
    for version in SERIES[series]:
        if path := interpreter(version):
            return path
    raise NoInterpreter(f"ansible-core {series} needs Python {' or '.join(sorted(SERIES[series]))} on the controller, and none is here")


@dataclass(frozen=True)
class Venv:
    """A finished virtual environment."""

    path: Path

    @property
    def bin(self) -> Path:
        return self.path / "bin"

    @property
    def python(self) -> str:
        return str(self.bin / "python")

    def tool(self, name: str) -> str:
        return str(self.bin / name)

    def version(self, distribution: str) -> str:
        code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
        return subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def make(path: Path, python: str, requirements: tuple[str, ...]) -> Venv:
    """The environment at `path` with `requirements`, made if it is not there. Safe when several tools ask at the same time."""
    stamp, wanted = path / "requirements.stamp", f"{python}\n" + "\n".join(requirements) + "\n"
    if stamp.is_file() and stamp.read_text() == wanted:
        return Venv(path)
    with locks.held(path.name):
        if stamp.is_file() and stamp.read_text() == wanted:
            return Venv(path)
        print(f"  making {os.path.relpath(path, paths.REPOSITORY)}: {', '.join(requirements)}", file=sys.stderr, flush=True)
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(path)], check=True)
        subprocess.run([str(path / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *requirements], check=True)
        stamp.write_text(wanted)
    return Venv(path)


def for_series(series: str, *more: str) -> Venv:
    """ansible-core of `series`, with `more` requirements (each set is an environment of its own)."""
    name = "-".join([f"ansible-{series}", *(m.replace("==", "-").replace("~=", "-") for m in sorted(more))])
    return make(paths.CACHE / "venvs" / name, interpreter_for(series), (f"ansible-core~={series}.0", *sorted(more)))


def default() -> Venv:
    """`.venv`, with the series that most users should have."""
    return make(paths.VENV, interpreter_for(DEFAULT_SERIES), (f"ansible-core~={DEFAULT_SERIES}.0",))


def collections() -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH with the plugins of the collections that tests compare with."""
    target = paths.CACHE / "collections"
    stamp = target / "requirements.stamp"
    if stamp.is_file() and stamp.read_text() == COLLECTIONS:
        return target
    print(f"  fetching collections: {COLLECTIONS}", file=sys.stderr, flush=True)
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([default().tool("pip"), "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", folder, COLLECTIONS], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            wheel.extractall(target, [name for name in wheel.namelist() if COLLECTION_FILES.match(name)])
    stamp.write_text(COLLECTIONS)
    return target


def pyinfra() -> Venv:
    return make(paths.CACHE / "venvs" / "pyinfra", interpreter_for(DEFAULT_SERIES), (PYINFRA_PEER,))


def interpreter_of_a_target(version: str) -> str | None:
    """CPython `version` for targets: any that runs, however old."""
    root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip() if shutil.which("pyenv") else ""
    found = [*sorted(map(str, Path(root).glob(f"versions/{version}.*/bin/python{version}"))), *filter(None, [shutil.which(f"python{version}", path="/usr/bin")])]
    return found[0] if found else None
