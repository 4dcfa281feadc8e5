"""A playbook on containers of each kind, with ansible-core alone."""
import json
import os
import subprocess

import pytest

import paths
import sides
import venvs
from conftest import host_of

KINDS = ("docker", "podman", "lxc", "lxd", "machinectl")
#: 200 KB: more than fits a call.
LARGE = "0123456789abcdef" * 12500
TASKS = [
    {"name": "who", "shell": "echo $(hostname) $(id -un)"},
    {"name": "raw", "raw": "echo $(hostname) $(id -un)"},
    {"name": "copy", "copy": {"content": LARGE, "dest": "/tmp/mitogen-{{ inventory_hostname }}", "mode": "0640"}},
    {"name": "fetch", "fetch": {"src": "/tmp/mitogen-{{ inventory_hostname }}", "dest": "{{ playbook_dir }}/fetched/", "flat": True}},
    {"name": "remove", "file": {"path": "/tmp/mitogen-{{ inventory_hostname }}", "state": "absent"}},
]


def play(hosts, folder, inventory, words=()):
    """What each host said to each task: (host, task) -> result."""
    (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": inventory}}))
    (folder / "playbook.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": TASKS}]))
    venv = venvs.for_series(venvs.DEFAULT_SERIES)
    environment = sides.ours(venv).environment(folder)
    environment |= {"LXD_DIR": hosts.values.get("LXD_DIR", ""), "ANSIBLE_FORKS": "20", "RECORD_TO": str(folder / "records")}
    environment["ANSIBLE_CALLBACK_PLUGINS"] += f":{paths.TESTS / 'Comparison' / 'callback_plugins'}"
    environment["ANSIBLE_CALLBACKS_ENABLED"] += ",record"
    command = [*words, venv.tool("ansible-playbook"), "-i", str(folder / "inventory.json"), str(folder / "playbook.json")]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, timeout=120)
    assert done.returncode == 0 and "[WARNING]" not in done.stdout + done.stderr, done.stdout + done.stderr
    lines = [json.loads(line) for line in (folder / "records").read_text().splitlines()]
    return {(line["host"], line["task"].partition(" (")[0]): line["result"] for line in lines}


@pytest.fixture(scope="module")
def records(hosts, tmp_path_factory):
    python = {"ansible_python_interpreter": "/usr/bin/python3"}
    inventory = {}
    for kind in filter(lambda kind: host_of(kind) not in hosts.refused, KINDS):
        inventory |= {kind: hosts.setns_variables(kind, **python), f"{kind}-app": hosts.setns_variables(kind, ansible_user="app", **python)}
    machines = {name: inventory.pop(name) for name in ("machinectl", "machinectl-app") if name in inventory}
    found = play(hosts, tmp_path_factory.mktemp("play"), inventory) if inventory else {}
    if machines:
        machines["machine"] = {"ansible_connection": "machinectl", "ansible_host": hosts.values["MACHINE"], "ansible_user": "app"} | python
        # Podman, where there is another /run, takes it for one after a restart, and its containers for ended.
        found |= play(hosts, tmp_path_factory.mktemp("play"), machines, hosts.in_machined)
    return found


@pytest.mark.parametrize("host", [*KINDS, *(f"{kind}-app" for kind in KINDS), "machine"])
def test_a_playbook_is_inside(host, records, hosts):
    kind = host.partition("-")[0]
    hosts.require(host_of(kind))
    name = hosts.values["MACHINE" if kind in ("machine", "machinectl") else "APP"]
    account = "app" if host.endswith("-app") or host == "machine" else "root"
    assert records[host, "who"]["stdout"] == f"{name} {account}"
    assert records[host, "raw"]["stdout_lines"] == [f"{name} {account}"]
    assert (records[host, "copy"]["owner"], records[host, "copy"]["mode"]) == (account, "0640")
    with open(records[host, "fetch"]["dest"]) as fetched:
        assert fetched.read() == LARGE
    assert records[host, "remove"]["changed"] and not os.path.exists(f"/tmp/mitogen-{host}")
