"""What nodes behind a node need crosses the link to that one once, and is served from its memory."""
import json
import os
import sys

import pytest

from conftest import REPOSITORY, Running, hop

ansible = pytest.importorskip("ansible", reason="no ansible-core in this environment")

from ansible.release import __version__  # noqa: E402

FOLDER = os.path.dirname(ansible.__file__)
STAND_IN = str(REPOSITORY / "Tests" / "EndToEnd" / "relay_ssh.py")
#: A request with its arguments, the order to open, and what the tree needs to know: deflated, a fraction of this.
FOR_A_FURTHER_CHILD = 3000


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setenv("RELAY_RECORD", str(tmp_path / "record"))
    return tmp_path / "record"


def test_a_further_child_costs_the_link_a_request(tmp_path, record):
    router = Running(tmp_path)
    bastion = hop("ssh", "bastion", options={"host": "bastion", "ssh_executable": STAND_IN}, python=[sys.executable])
    values = {"_raw_params": "echo here", "_ansible_version": __version__, "_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False,
              "_ansible_no_log": False, "_ansible_socket": None, "_ansible_tracebacks_for": []}
    module = {"name": "ansible.modules.command", "path": FOLDER + "/modules/command.py", "ansible": FOLDER, "version": __version__}

    def sent_for(name):
        """Bytes that have crossed the link when `command` and a transfer of a file have run on that child."""
        route = [bastion, hop("local", name, python=[sys.executable])]
        meta, out, err = router.request("run", route, b"{}", json.dumps({"ANSIBLE_MODULE_ARGS": values}).encode(), module=module)
        assert json.loads(out)["stdout"] == "here", (meta, out, err)
        assert router.request("get", route, json.dumps({"path": "/etc/hostname"}).encode())
        return int(record.read_text())

    try:
        first = sent_for("first")
        assert first > 50_000
        sent = [first] + [sent_for(f"child{number}") for number in range(4)]
        further = [after - before for before, after in zip(sent, sent[1:])]
        assert max(further) <= FOR_A_FURTHER_CHILD, (first, further)
    finally:
        router.end()
