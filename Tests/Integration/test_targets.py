"""What a target is run with, of a tree of targets made up here; and the lists of real ones."""
import json
import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools" / "lib")]

import ansible_targets  # noqa: E402
from ansible_targets import INTEGRATION, TARGETS, Target  # noqa: E402


@pytest.fixture
def source(tmp_path):
    """Three targets: `script`, `role`, which wants the two others set up before, and `prepare`."""
    targets = tmp_path / "test" / "integration" / "targets"
    for name in ("script", "role", "prepare"):
        (targets / name).mkdir(parents=True)
    (targets / "script" / "runme.sh").write_text("#!/bin/sh\n")
    (targets / "script" / "aliases").write_text("context/controller\nenv/set/WORD/a/b  # one\n")
    (targets / "role" / "aliases").write_text("gather_facts/no\nsetup/once/prepare\nsetup/always/script # twice\nneeds/target/other\n")
    configuration = tmp_path / "test" / "lib" / "ansible_test" / "_data" / "ansible.cfg"
    configuration.parent.mkdir(parents=True)
    configuration.touch()
    return tmp_path


def test_a_script_is_run_in_its_folder(source):
    (step,) = Target("script", source).steps()
    assert (step.folder, step.command) == (TARGETS / "script", ["./runme.sh"])
    assert step.environment == {"ANSIBLE_PLAYBOOK_DIR": str(TARGETS / "script"), "WORD": "a/b"}


def test_all_else_is_a_role_behind_what_it_wants_set_up(source):
    steps = Target("role", source).steps()
    assert [step.command[:2] for step in steps] == [["ansible-playbook", "prepare.yml"], ["./runme.sh"], ["ansible-playbook", "role.yml"]]
    assert steps[-1].environment["ANSIBLE_ROLES_PATH"] == str(TARGETS) and steps[-1].folder == INTEGRATION


def test_facts_are_gathered_where_ansible_test_would(source):
    assert [json.loads(Target(name, source).playbook())[0]["gather_facts"] for name in ("role", "prepare")] == [False, True]


def test_a_run_is_given_all_that_its_steps_name(source, tmp_path):
    shared = tmp_path / "shared"
    Target("role", source).write(shared)
    given = {path.name for path in (shared / "integration").iterdir()}
    assert {"inventory", "integration.cfg", "role.yml", "prepare.yml"} <= given
    assert (shared / "run.sh").read_text().splitlines()[-1].endswith("ansible-playbook role.yml -i inventory")


def test_a_target_that_is_not_there_is_known_to_be_absent(source):
    assert Target("role", source).exists() and not Target("nowhere", source).exists()


def test_every_line_of_the_lists_says_why(tmp_path):
    lists = {name: ansible_targets.listed(HERE / f"{name}.txt") for name in ("targets", "known", "left-out")}
    assert [target for texts in lists.values() for target, text in texts.items() if not text] == []
    left_out = {name for names in lists["left-out"] for name in re.split(r",\s*", names)}
    assert set(lists["known"]) <= set(lists["targets"]) and not left_out & set(lists["targets"])
    assert len(lists["targets"]) >= 60
