"""Every option that Ansible's ssh connection declares is honoured, or named as having no meaning."""
import json
import os
import re
import subprocess
import sys

import pytest

import paths

#: Set by Ansible's own code, not by the variables that are written there.
NOT_VARIABLES = re.compile(r"delegated_vars\[")
README = paths.REPOSITORY / "Plugins" / "Connection" / "SSH" / "README.md"
DECLARED = "import json, yaml; from ansible.plugins.connection import ssh; print(json.dumps(yaml.safe_load(ssh.DOCUMENTATION)['options']))"


def series() -> dict[str, str]:
    named = os.environ.get("MITOGEN_TEST_VENVS", "")
    found = dict(entry.split("=", 1) for entry in named.split(":") if entry)
    return {name: f"{folder}/bin/python" for name, folder in found.items()} or {"this": sys.executable}


def ansibles_options(python: str) -> dict[str, dict]:
    return json.loads(subprocess.run([python, "-c", DECLARED], check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="module")
def ours() -> dict[str, dict]:
    shown = subprocess.run([str(paths.MITOGEN), "plugins", "show", "ssh", "--json"], check=True, capture_output=True, text=True).stdout
    return {option["name"]: option for option in json.loads(shown)[0]["declaration"]["options"]}


def table() -> set[str]:
    """The options that the README's table names."""
    rows = [line for line in README.read_text().splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


@pytest.mark.parametrize("python", series().values(), ids=series())
def test_each_is_in_the_table(python):
    assert set(ansibles_options(python)) <= table()


@pytest.mark.parametrize("python", series().values(), ids=series())
def test_ours_are_set_by_what_sets_ansibles(python, ours):
    for name, option in ansibles_options(python).items():
        if name not in ours:
            continue
        theirs = {entry["name"] for entry in option.get("vars", [])}
        assert {v for v in theirs if not NOT_VARIABLES.match(v)} <= set(ours[name].get("vars", [])), name
        assert {entry["name"] for entry in option.get("env", [])} <= set(ours[name].get("env", [])), name
        ini = {(entry["section"], entry["key"]) for entry in option.get("ini", [])}
        assert ini <= {(entry["section"], entry["key"]) for entry in ours[name].get("ini", [])}, name


def test_the_table_names_nothing_that_is_not_there(ours):
    ansibles = set().union(*(ansibles_options(python) for python in series().values()))
    assert set(ours) - {name for name in ours if name.startswith("mitogen_ssh_")} <= table()
    # scp_if_ssh went with ansible-core 2.17, some came with 2.19.
    later = {"password_mechanism", "private_key", "private_key_passphrase", "verbosity", "scp_if_ssh"}
    assert table() - {"mitogen_ssh_debug_level"} <= ansibles | set(ours) | later
