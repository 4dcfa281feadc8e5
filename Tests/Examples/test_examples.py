"""The examples for authors: they pass the harness, and do their work in one playbook beside mitogen's own."""
import getpass
import json
import os
import subprocess

import pytest
import venvs
from conftest import EXAMPLES, HERE, LIBRARIES, PROGRAMS
from console_server import LOGIN, PASSWORD, ConsoleServer
from places import TIME_LIMIT, environment

import paths


def mitogen(workshop, *words, **more):
    values = environment(workshop.folder) | {"MITOGEN_PLUGIN_PATH": str(workshop.plugins)}
    return subprocess.run([str(paths.MITOGEN), *map(str, words)], env=values, capture_output=True, text=True, timeout=TIME_LIMIT, **more)


def test_every_example_is_tested():
    assert {path.parent.name for path in EXAMPLES.glob("*/Makefile")} == set(LIBRARIES)


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_passes_the_harness(workshop, name):
    library = workshop.library(name)
    done = mitogen(workshop, "plugins", "check", library, "--cases", *sorted((EXAMPLES / name / "cases").iterdir()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note" not in done.stdout
    assert done.stdout.count("ok    case ") == len(list((EXAMPLES / name / "cases").iterdir()))


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_exports_one_symbol(workshop, name):
    symbols = subprocess.run(["nm", "-D", "--defined-only", workshop.library(name)], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["mitogen_library_v1"]


def test_all_are_found_side_by_side(workshop):
    for name in LIBRARIES:
        workshop.library(name)
    listed = json.loads(mitogen(workshop, "plugins", "list", "--json").stdout)
    ours = {entry["name"]: entry for entry in listed if entry["file"].startswith(str(workshop.plugins))}
    assert set(ours) == set.union(*(names for _, names in LIBRARIES.values()))
    assert all(entry["state"] == "available" and entry["isolated"] for entry in ours.values())


class Run:
    """One playbook over all examples."""

    def __init__(self, workshop):
        as_root = os.geteuid() == 0
        for name in LIBRARIES:
            workshop.library(name)
        self.folder = workshop.folder / "run"
        work = self.folder / "work"
        work.mkdir(parents=True)
        folder = str(PROGRAMS)
        # The agent on the way finds programs by its own PATH, which is not this one's.
        common = {"ansible_python_interpreter": "/usr/bin/python3", "work": str(work), "site_folder": folder,
                  "ansible_ticket": "CHG4711", "ansible_ticket_exe": f"{folder}/ticket-run", "ansible_become_password": "by the book",
                  "become_own": as_root, "own_account": "nobody" if as_root else getpass.getuser()}
        with ConsoleServer(self.folder) as server:
            console = {"ansible_connection": "console", "ansible_host": "127.0.0.1", "ansible_port": server.port, "ansible_user": LOGIN.decode(),
                       "ansible_password": PASSWORD.decode(), "ansible_console_executable": f"{folder}/console", "expected_place": "ttyS7||"}
            tree = {"ansible_connection": "chroot", "ansible_host": "/", "ansible_chroot_exe": f"{folder}/enter-tree"}
            hosts = {
                "here": {"ansible_connection": "local", "expected_place": "||"},
                "switch": console,
                "tree": tree | {"expected_place": "|/|"},
                "far_tree": tree | {"mitogen_via": "switch", "expected_place": "ttyS7|/|"},
                "site1": {"ansible_connection": "site", "expected_place": "||site1 of production"},
                "locked": console | {"ansible_password": "wrong"},
                "nowhere": tree | {"ansible_host": "/nonexistent", "ansible_chroot_exe": "chroot"},
                "closed": {"ansible_connection": "local", "ansible_ticket": "CHG1", "expected_place": "||"},
            }
            self.results = self.play(workshop, {name: common | variables for name, variables in hosts.items()})

    def play(self, workshop, hosts: dict) -> subprocess.CompletedProcess:
        inventory = self.folder / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        venv = venvs.for_series(venvs.DEFAULT_SERIES)
        values = environment(self.folder) | {"MITOGEN_PLUGIN_PATH": str(workshop.plugins), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LIBRARY": str(HERE / "library")}
        values["PATH"] = f"{venv.path / 'bin'}:{values['PATH']}"
        command = f'eval "$(mitogen ansible-config --env)" && exec ansible-playbook -i {inventory} {HERE / "play.yml"}'
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env=values, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIME_LIMIT)

    def recap(self, host: str) -> dict[str, int]:
        line = next(line for line in self.results.stdout.splitlines() if line.startswith(f"{host} ") and "unreachable=" in line)
        return {key: int(value) for key, value in (pair.split("=") for pair in line.split(":", 1)[1].split())}

    def said(self, host: str) -> str:
        return "\n".join(line for line in self.results.stdout.splitlines() if f"[{host}]" in line and ("fatal" in line or "ERROR" in line))


@pytest.fixture(scope="module")
def run(workshop):
    return Run(workshop)


@pytest.mark.parametrize("host", ["here", "switch", "tree", "far_tree", "site1"])
def test_they_do_their_work_in_one_playbook(run, host):
    counts = run.recap(host)
    assert (counts["failed"], counts["unreachable"]) == (0, 0), run.results.stdout[-6000:] + run.results.stderr[-2000:]
    # The module that fails is ignored; all else came to the assertions.
    assert counts["ignored"] == 1 and counts["ok"] >= 9


@pytest.mark.parametrize("host, words", [
    ("locked", "login or password was not accepted"), ("nowhere", "there is no shell that can be executed in /nonexistent")])
def test_what_cannot_be_reached_is_told_in_the_plugins_words(run, host, words):
    assert run.recap(host)["unreachable"] == 1
    assert words in run.said(host)


def test_an_account_that_is_not_become_is_told_in_the_plugins_words(run):
    assert run.recap("closed")["failed"] == 1
    assert "the ticket is closed" in run.said("closed")
