"""Ansible's own variables for ssh, from a playbook to a real server and back."""
import json
import subprocess

import pytest

import sides
import venvs
from conftest import PASSPHRASE, TIME_LIMIT
from servers import free_port


class Playbook:
    """One task on the host `web1`, by ours; `variables` are those of the inventory."""

    def __init__(self, hosts, folder):
        self.hosts, self.folder = hosts, folder
        self.variables = hosts.variables()
        del self.variables["ansible_ssh_private_key_file"]

    def run(self, **environment) -> tuple[int, str]:
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"web1": self.variables}}}))
        playbook = self.folder / "play.json"
        # `raw` goes through the connection, `command` as a module: both take the same route.
        tasks = [{"raw": "echo by raw"}, {"command": "echo by module"}]
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        side = sides.ours(venvs.default())
        command = [side.venv.tool("ansible-playbook"), "-v", "-i", str(inventory), str(playbook)]
        done = subprocess.run(command, env=side.environment(self.folder) | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=TIME_LIMIT)
        return done.returncode, done.stdout

    def works(self, **environment) -> str:
        status, output = self.run(**environment)
        assert status == 0 and "by raw" in output and "by module" in output, output
        return output


@pytest.fixture
def playbook(hosts, tmp_path):
    return Playbook(hosts, tmp_path)


def test_a_key_in_a_variable(playbook, hosts):
    playbook.variables["ansible_private_key"] = hosts.key.read_text()
    output = playbook.works()
    assert hosts.key.read_text().splitlines()[1] not in output


def test_a_key_in_a_variable_under_a_passphrase(playbook, encrypted):
    playbook.variables |= {"ansible_ssh_private_key": encrypted.read_text(), "ansible_ssh_private_key_passphrase": PASSPHRASE}
    output = playbook.works()
    assert PASSPHRASE not in output and encrypted.read_text().splitlines()[1] not in output


def test_a_smart_card(playbook, card):
    library, pin, environment = card
    arguments = playbook.variables["ansible_ssh_common_args"].replace("-o IdentitiesOnly=yes", "")
    playbook.variables |= {"ansible_ssh_pkcs11_provider": library, "ansible_password": pin, "ansible_ssh_common_args": arguments}
    assert pin not in playbook.works(**environment)


def test_a_password_that_is_not_to_be_used(playbook, hosts):
    playbook.variables |= {"ansible_password": hosts.login_password}
    playbook.works()
    playbook.variables |= {"ansible_ssh_password_mechanism": "disable"}
    status, output = playbook.run()
    assert status == 4 and "refused the login" in output, output


def test_a_host_that_cannot_be_reached_is_tried_again(playbook, hosts, tmp_path):
    """As often as `ansible_ssh_retries` says; each attempt is one start of the client."""
    wrapper = tmp_path / "ssh"
    wrapper.write_text('#!/bin/sh\necho >>"$0.count"\nexec ssh "$@"\n')
    wrapper.chmod(0o755)
    playbook.variables |= {"ansible_port": free_port(), "ansible_ssh_executable": str(wrapper), "ansible_ssh_retries": 1}
    status, output = playbook.run()
    assert status == 4 and "refused the connection" in output, output
    assert (tmp_path / "ssh.count").read_text().count("\n") == 2
