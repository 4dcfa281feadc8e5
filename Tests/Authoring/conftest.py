"""Libraries of strangers: compiled by the system's C compiler, and tried by `mitogen plugins check`."""
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from places import REPOSITORY, TIME_LIMIT, environment, make, swift_environment  # noqa: E402, F401  (also for the tests)

import paths  # noqa: E402

SOURCES = REPOSITORY / "Tests" / "PluginABI"
INCLUDE = REPOSITORY / "Core" / "PluginABI" / "include"


@dataclass(frozen=True)
class Verdicts:
    status: int
    lines: list[str]

    @property
    def failures(self) -> list[str]:
        return [line.removeprefix("FAIL").strip() for line in self.lines if line.startswith("FAIL")]

    def __contains__(self, line: str) -> bool:
        return line in self.lines


def mitogen(*words, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(paths.MITOGEN), *map(str, words)], capture_output=True, text=True, timeout=TIME_LIMIT, **more)


def check(library, *words) -> Verdicts:
    done = mitogen("plugins", "check", library, *words)
    assert not done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert lines and all(line.startswith(("ok ", "note ", "FAIL ")) for line in lines), done.stdout
    return Verdicts(done.returncode, lines)


class Workshop:
    """A folder in which libraries are made."""

    def __init__(self, folder: Path):
        self.folder = folder

    def compile(self, *sources, flags=(), name="libAcme.so") -> Path:
        library = self.folder / name
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-pthread", f"-I{INCLUDE}", *flags, "-o", str(library),
                        *map(str, sources)], check=True)
        return library

    def manifest(self, library: Path):
        done = mitogen("plugins", "manifest", library)
        assert done.returncode == 0, done.stderr
        library.with_suffix(".manifest.json").write_text(done.stdout)

    def manifest_by_hand(self, library: Path, description="Is wrong in one way."):
        """For a library that is not loaded to make one."""
        declaration = {"description": description, "options": []}
        plugin = {"name": "acme", "kind": "connection", "version": "1", "features": [], "declaration": declaration}
        library.with_suffix(".manifest.json").write_text(
            json.dumps({"mitogen_manifest": 1, "library": library.name, "version": "1", "abi": "1.0", "plugins": [plugin]}))

    def hostile(self, mistake: str) -> Path:
        library = self.compile(SOURCES / "hostile.c", flags=[f"-DMISTAKE={mistake}"])
        self.manifest_by_hand(library, "" if mistake == "NO_DESCRIPTION" else "Is wrong in one way.")
        return library

    def case(self, **content) -> Path:
        path = self.folder / "case.json"
        path.write_text(json.dumps(dict({"plugin": "cell"}, **content)))
        return path


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


@pytest.fixture
def cell(workshop):
    """minimal.c with its manifest: a connection method called `cell`."""
    library = workshop.compile(SOURCES / "minimal.c")
    workshop.manifest(library)
    return library
