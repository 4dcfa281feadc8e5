"""Where packages of authors are built, and what with."""
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools" / "lib"))

import paths  # noqa: E402

#: A whole build or examination, in seconds; far above what any takes.
TIME_LIMIT = 1800
#: Swift builds all packages of authors here: PluginKit once, then each one's own few files. SwiftPM lets one build at a time into it.
SCRATCH = paths.CACHE / "authors"


def environment(folder: Path) -> dict[str, str]:
    """A user's, with this release of mitogen on the PATH and none of its variables set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MITOGEN_", "PYTEST_", "PYTHON"))}
    return kept | {"HOME": str(folder), "PATH": f"{paths.RELEASE}:{os.environ['PATH']}"}


def swift_environment(folder: Path) -> dict[str, str]:
    # What SwiftPM has fetched for this package it need not fetch again.
    return environment(folder) | {"HOME": os.environ.get("HOME", str(folder)), "SCRATCH": str(SCRATCH), "MITOGEN_SOURCE": str(REPOSITORY)}


def make(package: Path, *words: str, swift: bool = False) -> subprocess.CompletedProcess:
    values = swift_environment(package.parent) if swift else environment(package.parent)
    return subprocess.run(["make", *words], cwd=package, env=values, capture_output=True, text=True, timeout=TIME_LIMIT)
