"""Libraries as they were built by earlier releases: they go on working, and nobody builds them again."""
import hashlib
import json
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import venvs
from places import REPOSITORY, TIME_LIMIT, environment

import paths

KEPT = Path(__file__).resolve().parent / "kept"
RELEASES = sorted(path for path in KEPT.iterdir() if path.is_dir())
PROGRAMS = REPOSITORY / "Tests" / "Examples" / "programs"
LIBRARIES = {"chroot": "libChroot.so", "ticket": "libTicket.so", "shell-env": "libShellEnv.so"}


@dataclass(frozen=True)
class Release:
    """What an ABI left, ready to be loaded: its binaries, or on another machine what their sources give with their own header."""

    folder: Path
    plugins: Path

    def library(self, name: str) -> Path:
        return self.plugins / LIBRARIES[name]


def compiled(sources: Path, name: str, include: Path, library: Path):
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-fPIC", "-O2", f"-I{include}", "-shared", "-o",
                    str(library), *map(str, (sources / name).glob("*.c"))], check=True)


@pytest.fixture(scope="module", params=RELEASES, ids=lambda path: path.name)
def release(request, tmp_path_factory):
    plugins = tmp_path_factory.mktemp("kept") / "plugins"
    binaries = request.param / platform.machine()
    if binaries.exists():
        shutil.copytree(binaries, plugins)
    else:
        plugins.mkdir()
        (manifests,) = (path for path in request.param.iterdir() if path.is_dir() and path.name != "sources")
        for name, library in LIBRARIES.items():
            compiled(request.param / "sources", name, request.param / "sources", plugins / library)
            shutil.copy(manifests / f"{Path(library).stem}.manifest.json", plugins)
    return Release(request.param, plugins)


def mitogen(*words) -> subprocess.CompletedProcess:
    return subprocess.run([str(paths.MITOGEN), *map(str, words)], capture_output=True, text=True, timeout=TIME_LIMIT)


def test_there_are_some():
    assert [path.name for path in RELEASES][:1] == ["1.0"]


@pytest.mark.parametrize("folder", RELEASES, ids=lambda path: path.name)
def test_they_are_as_they_were(folder):
    said = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    found = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*")
             if path.is_file() and path.name != "SHA256SUMS"}
    assert found == said


@pytest.mark.parametrize("name", LIBRARIES)
def test_they_pass_the_harness(release, name):
    done = mitogen("plugins", "check", release.library(name), "--cases", *sorted((release.folder / "sources" / name / "cases").iterdir()))
    assert done.returncode == 0 and "note" not in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", LIBRARIES)
def test_their_manifests_are_what_this_release_would_write(release, name):
    done = mitogen("plugins", "manifest", release.library(name))
    assert json.loads(done.stdout) == json.loads(release.library(name).with_suffix(".manifest.json").read_text())


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("folder", RELEASES, ids=lambda path: path.name)
def test_their_sources_can_be_built_with_this_releases_header(folder, name, tmp_path):
    # Its own lies beside them, and is not found from there.
    compiled(folder / "sources", name, REPOSITORY / "Core" / "PluginABI" / "include", tmp_path / "lib.so")


PLAY = """
- hosts: tree
  gather_facts: false
  tasks:
    - command: printenv TREE TICKET
      become: true
      become_method: ticket
      become_user: operator
      register: printed
      changed_when: false
    - hello: {name: world}
      register: said
    - assert:
        that:
          - printed.stdout == '/\\nCHG4711 operator'
          - said.greeting == 'hello world'
"""
HELLO = """#!/bin/sh
# shell-env-module
printf '{"changed": false, "greeting": "hello %s"}\\n' "$ARG_name"
"""


def test_they_do_their_work_in_a_playbook(release, tmp_path):
    variables = {"ansible_connection": "chroot", "ansible_host": "/", "ansible_chroot_exe": f"{PROGRAMS}/enter-tree", "ansible_ticket": "CHG4711",
                 "ansible_ticket_exe": f"{PROGRAMS}/ticket-run", "ansible_become_password": "by the book",
                 "ansible_python_interpreter": "/usr/bin/python3"}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"tree": variables}}}))
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "hello").write_text(HELLO)
    venv = venvs.for_series(venvs.DEFAULT_SERIES)
    values = environment(tmp_path) | {"MITOGEN_PLUGIN_PATH": str(release.plugins)}
    values["PATH"] = f"{venv.path / 'bin'}:{values['PATH']}"
    done = subprocess.run(["bash", "-c", 'eval "$(mitogen ansible-config --env)" && exec ansible-playbook -i hosts.json play.yml'], cwd=tmp_path,
                          env=values, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == 0 and "All assertions passed" in done.stdout, done.stdout + done.stderr
