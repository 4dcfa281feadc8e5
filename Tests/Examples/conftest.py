"""The examples for authors, each built outside mitogen's own package as a stranger would build it."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Authoring")]

from places import REPOSITORY, make  # noqa: E402

EXAMPLES = REPOSITORY / "Plugins" / "Examples"
#: Folder -> its library, and what the library adds.
LIBRARIES = {
    "chroot": ("libChroot.so", {"chroot"}), "console": ("libConsole.so", {"console"}), "lua": ("libLua.so", {"lua"}),
    "site": ("libSite.so", {"site", "site-account", "site-script"}), "ticket": ("libTicket.so", {"ticket"}),
}
PROGRAMS = HERE / "programs"


class Workshop:
    """Copies of the examples' folders, which nothing leads from to mitogen's sources."""

    def __init__(self, folder: Path):
        self.folder = folder
        #: Where all libraries come to lie, as `make install` puts them.
        self.plugins = folder / "plugins"
        self.built: dict[str, subprocess.CompletedProcess] = {}
        for name in LIBRARIES:
            shutil.copytree(EXAMPLES / name, folder / name, ignore=shutil.ignore_patterns("build", ".build"))
            self.built[name] = make(folder / name, "all", "install", f"PLUGINS={self.plugins}", swift=(folder / name / "Package.swift").exists())

    def library(self, name: str) -> Path:
        assert self.built[name].returncode == 0, self.built[name].stdout + self.built[name].stderr
        return self.plugins / LIBRARIES[name][0]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("examples"))
