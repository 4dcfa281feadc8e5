"""What one task changes in /etc the next ones see, as under stock Ansible: in a mount namespace, where /etc is a copy."""
import shutil

import pytest
import results
from conftest import run

import sides
import venvs
from etc_copy import copy_etc


@pytest.fixture
def etc(hosts):
    """A function that gives a fresh copy of /etc, and the words before a command that is to see it."""
    def fresh() -> list[str]:
        folder = hosts.state / "etc"
        shutil.rmtree(folder, ignore_errors=True)
        copy_etc(folder)
        (folder / "environment").write_text("MITOGEN_KEPT=first\n")
        (folder / "localtime").unlink(missing_ok=True)
        (folder / "localtime").symlink_to("/usr/share/zoneinfo/UTC")
        # as most distributions have it
        with open(folder / "pam.d" / "sudo", "a") as file:
            file.write("session required pam_env.so readenv=1 user_readenv=1\n")
        return ["unshare", "-m", "sh", "-c", f'mount --make-rprivate / && mount --bind {folder} /etc && exec "$@"', "sh"]

    return fresh


def test_tasks_see_what_earlier_ones_have_changed(hosts, etc):
    inventory = {"here": {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3", "ansible_become_user": hosts.other}}
    venv = venvs.for_series(venvs.DEFAULT_SERIES)
    stock, stock_said = run(sides.stock(venv), hosts, "surroundings", inventory, etc())
    ours, said = run(sides.ours(venv), hosts, "surroundings", inventory, etc())
    assert any(record["task"].startswith("the end") for record in stock), stock_said[-2000:]
    seen = [record["result"]["environment"] for record in stock if "environment" in record["result"] and "account" in record["task"]]
    values = [each["MITOGEN_NEW"] for each in seen]
    assert values[:7] == [None, "new value", "again", None, "own", f"/home/{hosts.other}/own", None], "stock's sudo reads no environment files"
    found = results.compare(stock, ours)
    assert not found, "\n".join([*found, said[-1000:]])
