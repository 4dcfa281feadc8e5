"""A target whose agent breaks the rules gets nowhere: its link ends, and only that."""
import os

import pytest

import hostile_ssh
from conftest import LOCAL, MITOGEN, REPOSITORY, RouterError, Running, hop

STAND_IN = str(REPOSITORY / "Tests" / "EndToEnd" / "hostile_ssh.py")


def hostile(scene, record):
    # The scene goes through the environment of the router, which the stand-in inherits.
    os.environ["HOSTILE_SCENE"] = scene
    os.environ["HOSTILE_RECORD"] = str(record)
    # A short silence is enough to fail a scene that the router let pass.
    return hop("ssh", "evil", options={"host": "evil", "ssh_executable": STAND_IN}, keepalive={"interval": 2, "count": 2})


def kinds(record):
    return [int(line.split()[0]) for line in record.read_text().splitlines()] if record.exists() else []


@pytest.mark.parametrize("scene", sorted(hostile_ssh.SCENES))
def test_a_broken_rule_ends_that_link_and_no_other(scene, tmp_path):
    evil = hostile(scene, tmp_path / "record")
    router = Running(tmp_path)
    try:
        assert router.exec([LOCAL], ["echo", "before"])[1] == b"before\n"
        with pytest.raises(RouterError) as caught:
            router.exec([evil], ["true"])
        assert caught.value.code in ("protocol", "node_lost"), caught.value
        assert "evil" in str(caught.value)
        assert router.exec([LOCAL], ["echo", "after"])[1] == b"after\n"
        assert router.process.poll() is None
    finally:
        router.end()


@pytest.mark.parametrize("scene", sorted(hostile_ssh.HARMLESS))
def test_what_is_merely_odd_brings_nothing_about(scene, tmp_path):
    record = tmp_path / "record"
    evil = hostile(scene, record)
    router = Running(tmp_path)
    try:
        assert router.exec([evil], ["true"])[0] == 0
        assert router.exec([LOCAL], ["echo", "after"])[1] == b"after\n"
        blobs = kinds(record).count(hostile_ssh.BLOBS)
        # The bundle that the request itself brought, and what comes behind the first; none in answer to NEED.
        assert blobs == 2, kinds(record)
    finally:
        router.end()


def test_the_release_is_built():
    assert MITOGEN.exists(), "run tools/build"
