"""What goes to a node before it has said HELLO, for its first `command`: on the wire, as the router sends it."""
import json
import os
import sys

import pytest

from conftest import REPOSITORY, Running, hop

ansible = pytest.importorskip("ansible", reason="no ansible-core in this environment")

from ansible.release import __version__  # noqa: E402

FOLDER = os.path.dirname(ansible.__file__)
STAND_IN = str(REPOSITORY / "Tests" / "EndToEnd" / "counting_ssh.py")
HELLO, BLOBS, REQUEST = 1, 14, 16
CALLS, BULK = 1, 2
ZLIB, LZMA = 1, 2


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTING_RECORD", str(tmp_path / "record"))
    return tmp_path / "record"


def command(tmp_path, word):
    """Runs `echo` on a new node; its answer."""
    router = Running(tmp_path)
    there = hop("ssh", "there", options={"host": "there", "ssh_executable": STAND_IN}, python=[sys.executable])
    values = {"_raw_params": "echo " + word, "_ansible_version": __version__, "_ansible_remote_tmp": "/tmp",
              "_ansible_keep_remote_files": False, "_ansible_no_log": False, "_ansible_socket": None}
    if [int(part) for part in __version__.split(".")[:2]] >= [2, 19]:
        values["_ansible_tracebacks_for"] = []
    module = {"name": "ansible.modules.command", "path": FOLDER + "/modules/command.py", "ansible": FOLDER, "version": __version__}
    try:
        meta, out, err = router.request("run", [there], b"{}", json.dumps({"ANSIBLE_MODULE_ARGS": values}).encode(), module=module)
        again = router.request("run", [there], b"{}", json.dumps({"ANSIBLE_MODULE_ARGS": values}).encode(), module=module)
        assert json.loads(again[1])["stdout"] == json.loads(out)["stdout"], again
        assert json.loads(meta) == {"rc": 0}, (out, err)
        assert not [text for text in router.logs if "error" in text[:1]], router.logs
        return json.loads(out)["stdout"]
    finally:
        router.end()


def test_it_is_below_64_kib_and_what_is_late_comes_behind_the_call(tmp_path, record):
    assert command(tmp_path, "one") == "one"
    found = json.loads(record.read_text())
    kinds = [frame[0] for frame in found["frames"]]
    assert kinds == [HELLO, BLOBS, REQUEST, BLOBS]
    hello, blobs, request, late = found["frames"]
    assert found["core"] + 32 + hello[2] + blobs[2] <= 65536
    assert (blobs[1], blobs[3]) == (CALLS, LZMA) and (late[1], late[3]) == (BULK, ZLIB)


def test_a_python_without_lzma_gets_zlib_when_it_has_said_so(tmp_path, record, monkeypatch):
    (tmp_path / "_lzma.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("COUNTING_LIBRARIES", str(tmp_path))
    assert command(tmp_path, "two") == "two"
    assert json.loads(record.read_text())["frames"][1][3] == LZMA
