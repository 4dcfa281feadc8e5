"""`mitogen plugins check --live`: the play that every way in has to pass, over an author's own hosts."""
import pytest
import venvs
from conftest import REPOSITORY, Verdicts, environment, make, mitogen

import paths

ENTER = """#!/bin/sh
printf "%s's password: " "$2" > /dev/tty
read -r given < /dev/tty
[ "$given" = sesame ] || { echo 'access denied' >&2; exit 1; }
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    """A package of a connection method as it is written, with the program that it starts."""
    folder = tmp_path_factory.mktemp("live")
    assert mitogen("plugins", "new", "acme", "--kind", "connection", cwd=folder, env=environment(folder)).returncode == 0
    done = make(folder / "acme")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "acme-enter").write_text(ENTER)
    (folder / "acme-enter").chmod(0o755)
    return folder


def live(folder, inventory: str, series: str = venvs.DEFAULT_SERIES, **more: str) -> Verdicts:
    (folder / "hosts").write_text(inventory)
    values = environment(folder) | more
    values |= {"PATH": f"{venvs.for_series(series).path / 'bin'}:{values['PATH']}"}
    done = mitogen("plugins", "check", folder / "acme" / "build" / "libAcme.so", "--live", folder / "hosts", env=values, cwd=folder)
    return Verdicts(done.returncode, done.stdout.splitlines())


def said(verdicts: Verdicts, host: str) -> dict[str, str]:
    """Task -> verdict."""
    lines = [line for line in verdicts.lines if f" live {host}: " in line or f"  live {host}: " in line]
    return {line.split(f"live {host}: ", 1)[1].split(": ", 1)[0]: line.split()[0] for line in lines}


CELL = "ansible_connection=acme ansible_acme_executable={0}/acme-enter ansible_python_interpreter=/usr/bin/python3"


@pytest.mark.parametrize("series", ["2.16", "2.21"])
def test_a_way_in_that_works_passes(acme, tmp_path, series):
    verdicts = live(acme, f"cell1 ansible_password=sesame {CELL.format(acme)}\n", series, TMPDIR=str(tmp_path))
    assert verdicts.status == 0, "\n".join(verdicts.lines)
    tasks = said(verdicts, "cell1")
    assert len(tasks) == 16 and set(tasks.values()) == {"ok", "note"}
    assert [task for task, grade in tasks.items() if grade == "note"] == ["another account"]
    # And nothing is left of it.
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("mitogen-live")] == []


def test_what_does_not_work_is_a_verdict_of_its_host(acme):
    cell = CELL.format(acme)
    verdicts = live(acme, f"cell1 ansible_password=wrong {cell}\ncell2 ansible_password=sesame {cell} ansible_remote_tmp=/tmp\nother ansible_connection=local\n")
    assert verdicts.status == 1
    assert [line for line in verdicts.failures if "cell1" in line and "the password was not accepted" in line], verdicts.failures
    assert "FAIL" not in said(verdicts, "cell2").values()
    assert [line for line in verdicts.failures if line.startswith("live other: its way in is the library's: ")]


def test_an_inventory_without_hosts_is_a_failure(acme):
    verdicts = live(acme, "")
    assert verdicts.status == 1 and verdicts.failures[-1].startswith("live: expected hosts in the inventory")


def test_ansible_has_to_be_there(acme):
    values = environment(acme) | {"PATH": f"{paths.RELEASE}:/usr/sbin:/usr/bin:/sbin:/bin"}
    done = mitogen("plugins", "check", acme / "acme" / "build" / "libAcme.so", "--live", "hosts", env=values, cwd=acme)
    assert done.returncode == 1 and "ansible-playbook: No such file or directory; it has to be on the PATH" in done.stdout


def test_the_tests_of_all_ways_in_run_the_same_play():
    play = (REPOSITORY / "Tests" / "Ways" / "play.yml").read_text()
    assert "import_tasks: ../../Core/Authoring/Live/tasks.yml" in play
