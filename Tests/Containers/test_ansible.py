"""What playbooks say, as they say it with the collections: short names and full ones, accounts, files, become, delegation."""
import json
import os
from pathlib import Path

import pytest

import venvs
from plays import every_host, play, variables
from targets import FULL_NAMES, REAL, STOOD_IN, host_of, standing

METHODS = (*REAL, *STOOD_IN)
#: 200 KB: more than fits a call.
LARGE = "0123456789abcdef" * 12500

TASKS = [
    {"name": "command", "shell": "id -un; cut -d: -f1 /etc/passwd"},
    {"name": "raw", "raw": "echo $((6 * 7)) && id -un"},
    {"name": "copy", "copy": {"content": LARGE, "dest": "/tmp/mitogen-{{ inventory_hostname }}", "mode": "0640"}},
    {"name": "fetch", "fetch": {"src": "/tmp/mitogen-{{ inventory_hostname }}", "dest": "{{ playbook_dir }}/fetched/", "flat": True}},
    {"name": "remove", "file": {"path": "/tmp/mitogen-{{ inventory_hostname }}", "state": "absent"}},
    {"name": "become", "command": "id -un", "become": True, "become_user": "app", "become_method": "su",
     "when": "inventory_hostname in ['docker-short', 'lxd-full']"},
    {"name": "delegated", "command": "hostname", "delegate_to": "lxc-short", "when": "inventory_hostname == 'docker-full' and 'lxc-short' in hostvars"},
    {"name": "facts", "setup": {"gather_subset": ["!all"]}, "when": "inventory_hostname == 'podman-full'"},
    {"meta": "reset_connection"},
]


def other_series():
    """The oldest and the newest ansible-core of those that tools/test made environments for."""
    named = sorted(entry.split("=")[0] for entry in os.environ.get("MITOGEN_TEST_VENVS", "").split(":") if entry)
    return sorted({*named[:1], *named[-1:]} - {venvs.DEFAULT_SERIES}) or [venvs.DEFAULT_SERIES]


@pytest.fixture(scope="module")
def venv():
    return venvs.for_series(venvs.DEFAULT_SERIES)


@pytest.fixture(scope="module")
def outcome(hosts, venv, tmp_path_factory):
    """One run with every method, by every name."""
    return play(hosts, tmp_path_factory.mktemp("play"), venv, every_host(hosts), TASKS)


def test_nothing_failed(outcome):
    assert outcome.status == 0, outcome.output
    assert "[WARNING]" not in outcome.output and "DEPRECAT" not in outcome.output, outcome.output


@pytest.mark.parametrize("series", other_series())
def test_another_ansible_core_says_the_same(hosts, outcome, series, tmp_path):
    few = {host: variables for host, variables in every_host(hosts).items() if host in ("docker-short", "docker-full", "lxc-short", "lxd-full", "podman-app")}
    other = play(hosts, tmp_path, venvs.for_series(series), few, TASKS)
    assert other.status == 0 and "[WARNING]" not in other.output, other.output
    for host in few:
        for task in ("command", "raw", "become", "delegated"):
            said, expected = other.result(host, task), outcome.result(host, task)
            assert [said.get(key) for key in ("stdout", "event")] == [expected.get(key) for key in ("stdout", "event")]


@pytest.mark.parametrize("name", ["short", "full"])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_goes_by_both_of_its_names(hosts, outcome, method, name):
    hosts.require(host_of(method))
    host = f"{method}-{name}"
    account, *accounts = outcome.result(host, "command")["stdout_lines"]
    # A stand-in runs its commands on this machine.
    assert account == "root" and (accounts == ["root", "app"]) is (method in REAL), accounts
    assert outcome.result(host, "raw")["stdout_lines"] == ["42", "root"]
    assert outcome.result(host, "copy")["mode"] == "0640"
    assert Path(outcome.result(host, "fetch")["dest"]).read_text() == LARGE


@pytest.mark.parametrize("method", REAL)
def test_ansible_user_is_the_account_in_the_container(hosts, outcome, method):
    hosts.require(host_of(method))
    host = f"{method}-app"
    assert outcome.result(host, "command")["stdout_lines"][0] == "app"
    assert outcome.result(host, "raw")["stdout_lines"] == ["42", "app"]
    assert outcome.result(host, "copy")["owner"] == "app"


@pytest.mark.parametrize("method", ["docker", "lxd"])
def test_become(outcome, hosts, method):
    hosts.require(method)
    assert outcome.result({"docker": "docker-short", "lxd": "lxd-full"}[method], "become")["stdout"] == "app"


def test_delegation(outcome, hosts):
    hosts.require("docker", "lxc")
    assert outcome.result("docker-full", "delegated")["stdout"] == hosts.values["APP"]


def test_facts(outcome, hosts):
    hosts.require("podman")
    assert outcome.result("podman-full", "facts")["ansible_facts"]["ansible_user_id"] == "root"


@pytest.fixture(scope="module")
def wrong(hosts, venv, tmp_path_factory):
    """One run with every method, each to a container and an account that are not there."""
    inventory = {method: variables(hosts, method, ansible_host="mitogen-nowhere") for method in (*standing(hosts), *STOOD_IN)}
    inventory |= {f"{method}-account": variables(hosts, method, ansible_user="nobody-here") for method in standing(hosts)}
    return play(hosts, tmp_path_factory.mktemp("wrong"), venv, inventory, [{"name": "ping", "ping": None}])


@pytest.mark.parametrize("method", METHODS)
def test_a_container_that_is_not_there_makes_the_host_unreachable(hosts, wrong, method):
    hosts.require(host_of(method))
    result = wrong.result(method, "ping")
    assert result["unreachable"] and " to " in result["msg"] and "mitogen-nowhere" in result["msg"], result


@pytest.mark.parametrize("method", REAL)
def test_an_account_that_is_not_there_makes_the_host_unreachable(hosts, wrong, method):
    hosts.require(host_of(method))
    result = wrong.result(f"{method}-account", "ping")
    assert result["unreachable"] and "there is no account nobody-here in the container" in result["msg"], result


OWN = '''
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: docker
short_description: says what it is asked for
description: A plugin of somebody's own.
options:
  remote_addr:
    description: a name
    vars: [{name: ansible_host}]
  docker_extra_args:
    description: words
    vars: [{name: ansible_docker_extra_args}]
"""


class Connection(ConnectionBase):
    transport = 'own'

    def _connect(self):
        self._connected = True
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        return 0, 'own {0} {1}'.format(self.get_option('remote_addr'), self.get_option('docker_extra_args')).encode(), b''

    def put_file(self, in_path, out_path):
        pass

    def fetch_file(self, in_path, out_path):
        pass

    def close(self):
        pass
'''
RAW = [{"name": "raw", "raw": "echo from the container"}]


def collection(folder: Path, name: str):
    """A collection's own docker plugin, where ansible-galaxy would put it."""
    place = folder / "collections" / "ansible_collections" / Path(*name.split(".")) / "plugins" / "connection"
    place.mkdir(parents=True)
    (place / "docker.py").write_text(OWN)


@pytest.mark.parametrize("connection", ["docker", FULL_NAMES["docker"]])
def test_a_container_without_python_needs_no_plugin_of_a_collection(hosts, venv, tmp_path, connection):
    collection(tmp_path, "community.docker")
    here = variables(hosts, "docker", ansible_connection=connection)
    bare = here | {"ansible_host": hosts.values["BARE"], "ansible_python_interpreter": "auto_silent"}
    outcome = play(hosts, tmp_path, venv, {"python": here, "bare": bare}, RAW)
    assert outcome.result("python", "raw")["stdout_lines"] == ["from the container"]
    assert outcome.result("bare", "raw")["stdout_lines"] == ["from the container"]


def test_commands_need_no_python_in_a_container_and_modules_say_so(hosts, venv, tmp_path):
    bare = {name: variables(hosts, name, ansible_host=hosts.values["BARE"], ansible_python_interpreter="auto_silent") for name in ("docker", "podman")}
    outcome = play(hosts, tmp_path, venv, bare, RAW + [{"name": "module", "ping": {}}])
    for host in bare:
        assert outcome.result(host, "raw")["stdout_lines"] == ["from the container"]
        result = outcome.result(host, "module")
        assert result["event"] == "failed" and "no Python was found" in json.dumps(result), result


def test_a_plugin_of_the_users_own_is_left_alone(hosts, venv, tmp_path):
    (tmp_path / "connection_plugins").mkdir()
    (tmp_path / "connection_plugins" / "docker.py").write_text(OWN)
    collection(tmp_path, "somebody.own")
    inventory = {"adjacent": variables(hosts, "docker"), "other": variables(hosts, "docker", ansible_connection="somebody.own.docker")}
    outcome = play(hosts, tmp_path, venv, inventory, RAW, ANSIBLE_CONNECTION_PLUGINS=str(tmp_path / "connection_plugins"))
    for host in inventory:
        result = outcome.result(host, "raw")
        assert result["event"] == "ok" and result["stdout"].startswith(f"own {hosts.values['APP']}"), result
