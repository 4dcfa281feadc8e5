"""One play on hosts behind hosts: ssh, accounts and containers in one chain, each named in the inventory or on the way."""
import hashlib
import random
import socket
from pathlib import Path

import pytest
from chains import account, box, by_key, by_password, by_rule, root
from plays import play

#: More than fits a call, and nothing that compresses.
CONTENT = random.Random(1).randbytes(300_000)

TASKS = [
    {"name": "who", "command": "sh -c 'id -un; hostname'"},
    {"name": "copy", "copy": {"src": "{{ playbook_dir }}/content", "dest": "/tmp/{{ tag }}-{{ inventory_hostname }}", "mode": "0640"}},
    {"name": "sum", "stat": {"path": "/tmp/{{ tag }}-{{ inventory_hostname }}", "checksum_algorithm": "sha256"}},
    {"name": "fetch", "fetch": {"src": "/tmp/{{ tag }}-{{ inventory_hostname }}", "dest": "{{ playbook_dir }}/fetched/", "flat": True}},
    {"name": "remove", "file": {"path": "/tmp/{{ tag }}-{{ inventory_hostname }}", "state": "absent"}},
]


def inventory(hosts) -> dict[str, dict]:
    return {
        # ssh, doas, ssh, sudo, ssh, sudo, docker, su
        "gate": by_rule(hosts, 1),
        "edge": by_key(hosts, 2, mitogen_via="doas:root@gate"),
        "inside": by_password(hosts, 3, mitogen_via="sudo:root@edge"),
        "root": account("mitogen_sudo", "root", ansible_password=hosts.login_password, mitogen_via="inside"),
        "docker": box(hosts, "docker", mitogen_via="root"),
        "docker-app": account("mitogen_su", "app", mitogen_via="docker"),
        # ssh, sudo by the host's own become method, lxc, su
        "lxc": box(hosts, "lxc", mitogen_via="root@gate"),
        "lxc-app": account("mitogen_su", "app", mitogen_via="lxc"),
        # ssh, su, ssh
        "third": by_password(hosts, 4, mitogen_via=f"su:{hosts.other}@desk"),
        "desk": root(hosts, 5),
        # a host outside the inventory, as ansible.cfg says how to log in
        "behind-stranger": account("mitogen_su", hosts.other, mitogen_via="root@127.0.0.6"),
        "circle": root(hosts, 7, mitogen_via="round"),
        "round": root(hosts, 8, mitogen_via="sudo:root@circle"),
        "lost": root(hosts, 9, mitogen_via="nowhere"),
        "lost-account": root(hosts, 9, mitogen_via="sudo:root@nowhere"),
    }


#: Host of the inventory -> account, and whether it is a container.
PLACES = {
    "gate": ("rule", False), "edge": ("login", False), "inside": ("login", False), "root": ("root", False), "docker": ("root", True),
    "docker-app": ("app", True), "lxc": ("root", True), "lxc-app": ("app", True), "third": ("login", False), "desk": ("root", False),
    "behind-stranger": ("other", False),
}


@pytest.fixture(scope="module")
def outcome(hosts, venv, tmp_path_factory):
    folder = tmp_path_factory.mktemp("play")
    (folder / "content").write_bytes(CONTENT)
    everything = {name: variables | {"tag": f"mitogen-chains-{hosts.login}"} for name, variables in inventory(hosts).items()}
    # A machine that is busy with other tests may need more than the ten seconds that Ansible gives an opening.
    return play(hosts, folder, venv, everything, TASKS, ANSIBLE_TIMEOUT="60", ANSIBLE_REMOTE_PORT=str(hosts.port),
                ANSIBLE_PRIVATE_KEY_FILE=str(hosts.key), ANSIBLE_SSH_COMMON_ARGS=hosts.ssh_arguments)


@pytest.mark.parametrize("host", PLACES)
def test_a_chain_ends_at_its_account_and_machine(hosts, outcome, host):
    user, is_container = PLACES[host]
    result = outcome.result(host, "who")
    assert result["event"] == "ok", (result, outcome.output)
    user = getattr(hosts, user, user)
    assert result["stdout_lines"] == [user, hosts.values["APP"] if is_container else socket.gethostname()]


@pytest.mark.parametrize("host", PLACES)
def test_files_arrive_whole_and_come_back(hosts, outcome, host):
    user = PLACES[host][0]
    assert outcome.result(host, "copy")["changed"]
    found = outcome.result(host, "sum")["stat"]
    assert found["checksum"] == hashlib.sha256(CONTENT).hexdigest()
    assert (found["pw_name"], found["mode"]) == (getattr(hosts, user, user), "0640")
    assert Path(outcome.result(host, "fetch")["dest"]).read_bytes() == CONTENT
    assert outcome.result(host, "remove")["changed"]


@pytest.mark.parametrize("host, said", [
    ("circle", "mitogen_via goes in a circle: circle through round through circle"),
    ("round", "mitogen_via goes in a circle: round through circle through round"),
    ("lost", 'mitogen_via of lost is "nowhere", which is not in the inventory'),
    ("lost-account", 'mitogen_via of lost-account is "nowhere", which is not in the inventory'),
])
def test_what_leads_nowhere_is_refused_by_name(outcome, host, said):
    result = outcome.result(host, "who")
    assert result["event"] in ("failed", "unreachable") and said in result["msg"], result
