"""Libraries of a later ABI with this host, which is the older one: each row of ABI.md's table, from the manifest to the playbook."""
import json
import subprocess

import pytest
import venvs
from places import REPOSITORY, TIME_LIMIT, environment

import paths

SOURCES = REPOSITORY / "Tests" / "PluginABI"
INCLUDE = REPOSITORY / "Core" / "PluginABI" / "include"


class Site:
    """A folder with one library."""

    def __init__(self, folder):
        self.folder = folder
        self.library = folder / "plugins" / "libAcme.so"
        self.library.parent.mkdir()

    def compile(self, source: str, *flags: str):
        subprocess.run(["cc", "-std=gnu11", "-shared", "-fPIC", "-O1", f"-I{INCLUDE}", *flags, "-o", str(self.library), str(SOURCES / source)], check=True)

    def manifest(self, **more):
        """As the later release would have written it."""
        declaration = {"description": "Later.", "options": []}
        plugin = {"name": "acme", "kind": "connection", "version": "1", "features": [], "declaration": declaration}
        self.library.with_suffix(".manifest.json").write_text(
            json.dumps({"mitogen_manifest": 1, "library": self.library.name, "version": "1", "abi": "1.9", "plugins": [plugin]} | more))

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.folder) | {"MITOGEN_PLUGIN_PATH": str(self.library.parent), "ANSIBLE_NOCOLOR": "1"}

    def mitogen(self, *words) -> str:
        done = subprocess.run([str(paths.MITOGEN), *map(str, words)], env=self.environment, capture_output=True, text=True, timeout=TIME_LIMIT)
        return done.stdout + done.stderr

    def play(self, **variables: str) -> str:
        """What Ansible says of a host with these variables."""
        words = " ".join(f"{name}={value}" for name, value in variables.items())
        (self.folder / "hosts").write_text(f"cell1 ansible_python_interpreter=/usr/bin/python3 {words}\n")
        venv = venvs.for_series(venvs.DEFAULT_SERIES)
        values = self.environment
        values["PATH"] = f"{self.folder}:{venv.path / 'bin'}:{values['PATH']}"
        command = 'eval "$(mitogen ansible-config --env)" && exec ansible cell1 -i hosts -m command -a "printenv LATER"'
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=values, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIME_LIMIT)
        return done.stdout + done.stderr


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_it_works_with_what_both_know(site):
    """Grown structs, a kind, an operation, arguments and keys of JSON that nobody here has heard of."""
    site.compile("newer.c")
    site.library.with_suffix(".manifest.json").write_text(site.mitogen("plugins", "manifest", site.library))
    (site.folder / "later").write_text('#!/bin/sh\nshift 3\nLATER=yes exec /bin/sh -c "$1"\n')
    (site.folder / "later").chmod(0o755)
    # It says that it changes the account.
    said = site.play(ansible_connection="local", ansible_become="true", ansible_become_method="later", ansible_become_user="operator")
    assert "CHANGED" in said and "\nyes" in said, said


def test_a_kind_that_is_not_known_is_listed_and_left_aside(site):
    site.compile("newer.c")
    site.library.with_suffix(".manifest.json").write_text(site.mitogen("plugins", "manifest", site.library))
    rows = {line.split()[0]: line.split() for line in site.mitogen("plugins", "list").splitlines() if line}
    assert rows["dancer"][1] == "77" and rows["later"][1] == "connection"


#: A row of the table: how the library is built, and what is said by the router.
ROWS = [
    ("a required argument that is not known", "-DMISTAKE=UNKNOWN_REQUIRED", 'operation plan of acme: expected arguments out of'),
    ("a required argument that is not known, by its name", "-DMISTAKE=UNKNOWN_REQUIRED", 'found "wallet", which is required and not known here'),
    ("a required operation without an entry", "-DMISTAKE=NO_PLAN", "operation plan of acme: expected an entry with id 100, found none"),
    ("another major number", "-DMISTAKE=OTHER_ABI", "ABI: expected 1.x, found 2.0"),
    ("structs smaller than 1.0's", "-DMISTAKE=SHORT_PLUGIN", "size of mitogen_plugin: expected 40 or more, found 8"),
]


@pytest.mark.parametrize("flag, words", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_cannot_be_used_is_told_by_the_host_that_wanted_it(site, flag, words):
    site.compile("hostile.c", flag)
    site.manifest()
    said = site.play(ansible_connection="acme")
    assert "cell1 | FAILED" in said and words in said, said


def test_a_manifest_of_a_later_form_is_refused_with_both_numbers(site):
    site.compile("minimal.c")
    site.manifest(mitogen_manifest=2)
    assert "form of the manifest: expected at most 1, found 2; install a newer mitogen" in site.mitogen("plugins", "why", "acme")


def test_keys_of_a_manifest_that_are_not_known_are_left_aside(site):
    site.compile("hostile.c", "-DMISTAKE=NONE")
    site.manifest(signature="none yet")
    assert "acme 1: available" in site.mitogen("plugins", "why", "acme")
