"""`mitogen plugins check`: libraries that are in order pass, and each mistake has a verdict of its own."""
import os
import subprocess
from pathlib import Path

import paths
import pytest
from conftest import SOURCES, TIME_LIMIT, check, mitogen

OURS = sorted(paths.RELEASE.glob("libMitogen*.so"))

#: A mistake of hostile.c, what the verdict is about, and a part of what it says.
MISTAKES = [
    ("WRONG_MAGIC", "loading", "found 0x1234"),
    ("OTHER_ABI", "loading", "found 2.0"),
    ("SHORT_LIBRARY", "loading", "size of mitogen_library: expected 48 or more, found 16"),
    ("SHORT_PLUGIN", "loading", "size of mitogen_plugin: expected 40 or more, found 8"),
    ("SHORT_OPERATION", "loading", "size of mitogen_operation: expected 24 or more, found 16"),
    ("SHORT_ENTRY", "loading", "size of a plugin's entry: expected 40 or more, found 8"),
    ("NULL_TABLE", "loading", "expected a table, found NULL"),
    ("NO_PLUGINS", "loading", "expected 1 to 256, found 0"),
    ("BAD_NAME", "loading", 'found "../acme"'),
    ("NO_PLAN", "loading", "an entry with id 100"),
    ("ENDLESS_OPERATIONS", "loading", "at most 1024"),
    ("CONSTRUCTOR_CRASHES", "loading", "ended by SIGSEGV"),
    ("OPEN_FAILS", "operation describe of acme", "found 42"),
    ("NO_DESCRIPTION", "operation describe of acme", "there is no description"),
    ("NULL_FUNCTION", "plan with no option set of acme", "expected a function, found NULL"),
    ("UNKNOWN_REQUIRED", "plan with no option set of acme", '"wallet", which is required'),
    ("BAD_SIGNATURE", "plan with no option set of acme", 'a result of type "int"'),
    ("STRANGE_RESULT", "plan with no option set of acme", "found 77"),
    ("NOT_JSON", "plan with no option set of acme", "expected JSON"),
    ("NO_BOOTSTRAP", "plan with no option set of acme", "one bootstrap element, found 0"),
    ("MUTE_REFUSAL", "plan with no option set of acme", "a refusal that says why"),
    ("TOO_MUCH", "plan with no option set of acme", "wrote more than"),
    ("STALE_REPLY", "plan with no option set of acme", "after its call had returned"),
    ("FICKLE", "plan with no option set of acme", "another at the second call"),
    ("STRANGE_SLOT", "plan with no option set of acme", "found the slot pin"),
    ("CRASH", "plan with no option set of acme", "ended by SIGSEGV"),
    ("ABORT", "plan with no option set of acme", "acme: assertion failed: moon is full"),
    ("EXIT", "plan with no option set of acme", "ended with status 0"),
    ("CLOSES_DESCRIPTORS", "plan with no option set of acme", "expected an answer"),
    ("READS_BEYOND", "plan with no option set of acme", "ended by SIGSEGV"),
    ("WRITES_INPUT", "plan with no option set of acme", "ended by SIGSEGV"),
    ("KEEPS_INPUT", "plan with no option set of acme", "ended by SIGSEGV"),
    ("NEEDS_OPTIONAL", "plan without what is optional of acme", "ended by SIGSEGV"),
    ("ONE_THREAD", "plan on two threads of acme", "found "),
    ("ONE_HOST", "a later host of acme", "found 43"),
    ("PASSES_ON_BYTES", "plan for invalid UTF-8 of acme", "expected UTF-8"),
]


@pytest.mark.parametrize("library", OURS, ids=lambda path: path.stem)
def test_the_libraries_of_this_release_pass(library):
    verdicts = check(library)
    assert verdicts.failures == [] and verdicts.status == 0


@pytest.mark.parametrize("mistake, item, words", MISTAKES, ids=[mistake for mistake, _, _ in MISTAKES])
def test_each_mistake_is_a_verdict(workshop, mistake, item, words):
    verdicts = check(workshop.hostile(mistake))
    assert verdicts.status == 1
    found = [line for line in verdicts.failures if line.startswith(item + ": ")]
    assert found and words in found[0], verdicts.failures


def test_the_control_of_the_mistakes_passes(workshop):
    verdicts = check(workshop.hostile("NONE"))
    assert verdicts.failures == [] and verdicts.status == 0


@pytest.mark.parametrize("mistake, item", [("HANG", "plan with no option set of acme"), ("CONSTRUCTOR_HANGS", "loading")])
def test_a_hang_is_ended_at_the_deadline(workshop, mistake, item):
    verdicts = check(workshop.hostile(mistake), "--deadline", "0.3")
    assert f"{item}: expected an answer within 0.3 s, found none" in verdicts.failures


def test_a_library_that_breaks_one_trial_is_tried_further(workshop):
    verdicts = check(workshop.hostile("READS_BEYOND"))
    assert "ok    plan for no bytes of acme: answered" in verdicts


def test_what_a_later_library_has_more_is_noted(workshop):
    library = workshop.compile(SOURCES / "newer.c")
    workshop.manifest(library)
    verdicts = check(library)
    assert "note  loading: dancer, of kind 77 is not known to ABI 1.0, and left aside" in verdicts
    assert "note  loading: operation 5000 of later is not known to ABI 1.0, and left aside" in verdicts
    # It counts its calls into its plans.
    assert verdicts.failures and all("another at the second call" in line for line in verdicts.failures)


def test_one_symbol_is_exported_and_no_other(workshop):
    other = workshop.folder / "other.c"
    other.write_text("int acme_counter;\n")
    library = workshop.compile(SOURCES / "minimal.c", other)
    workshop.manifest(library)
    verdicts = check(library)
    assert verdicts.status == 1
    assert verdicts.failures == [
        "exports: expected mitogen_library_v1 alone, found also acme_counter; link it with a version script, or hide them"]


def test_a_library_without_the_entry_is_not_loaded(workshop):
    """Its constructor would not return."""
    library = workshop.compile(SOURCES / "hostile.c", flags=["-DMISTAKE=CONSTRUCTOR_HANGS", "-DENTRY=mitogen_library_v2"])
    verdicts = check(library)
    assert len(verdicts.lines) == 1 and verdicts.failures[0].startswith("exports: expected mitogen_library_v1, found mitogen_library_v2")


@pytest.mark.parametrize("content, words", [(b"", "another kind of file"), (b"#!/bin/sh\n", "another kind of file"), (b"\x7fELF\x01\x01", "another kind of file")])
def test_what_is_no_library_is_not_loaded(workshop, content, words):
    library = workshop.folder / "libAcme.so"
    library.write_bytes(content)
    verdicts = check(library)
    assert len(verdicts.lines) == 1 and verdicts.failures[0].startswith("linkage: ") and words in verdicts.failures[0]


def test_a_library_of_another_machine_is_not_loaded(workshop, cell):
    content = bytearray(cell.read_bytes())
    content[18] ^= 0x40
    cell.write_bytes(content)
    verdicts = check(cell)
    assert len(verdicts.lines) == 1 and verdicts.failures[0].startswith("linkage: machine: expected ELF machine")


def test_a_file_that_is_not_there_is_a_verdict(workshop):
    verdicts = check(workshop.folder / "libNone.so")
    assert verdicts.status == 1 and "No such file" in verdicts.failures[0]


def test_a_manifest_has_to_be_there(workshop, cell):
    cell.with_suffix(".manifest.json").unlink()
    verdicts = check(cell)
    assert len(verdicts.failures) == 1 and verdicts.failures[0].startswith("manifest: ") and "No such file" in verdicts.failures[0]


@pytest.mark.parametrize("old, new, item", [
    ('"1.2"', '"1.1"', "manifest"), ('"cell"', '"tank"', "operation describe of cell"), ('"libAcme.so"', '"libOther.so"', "manifest"),
    ("Its name.", "Another.", "operation describe of cell"), ("Enters", "Leaves", "operation describe of cell")])
def test_a_manifest_says_what_the_library_says(cell, old, new, item):
    manifest = cell.with_suffix(".manifest.json")
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new, 1))
    verdicts = check(cell)
    assert verdicts.status == 1 and verdicts.failures[0].startswith(item + ": ")
    assert "generate it again: mitogen plugins manifest" in verdicts.failures[0]


def test_no_helper_is_left_behind(workshop):
    library = workshop.hostile("HANG")
    check(library, "--deadline", "0.2")
    # A helper has the library in its memory.
    holding = [path for path in Path("/proc").glob("[0-9]*/maps") if str(library) in read(path)]
    assert holding == []


def read(path):
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""


CELL_PLAN = ["cell-enter", "blue", {"bootstrap": "argv"}]


@pytest.mark.parametrize("case", [
    {"options": {"name": "web1"}, "argv": CELL_PLAN},
    {"options": {"no": 1}, "refused": {"code": "unreachable", "message": "no cell"}},
    {"options": {"no": 1}, "refused": {}},
    {"options": {}, "steps": [{"event": {"stderr": "hello\n"}, "actions": []}, {"event": {"python": True}, "actions": [{"deliver": ""}]}]},
], ids=["a plan", "a refusal", "any refusal", "a dialogue"])
def test_a_case_that_is_met_passes(workshop, cell, case):
    verdicts = check(cell, "--cases", workshop.case(**case))
    assert verdicts.status == 0 and verdicts.lines[-1].startswith("ok    case case.json: ")


@pytest.mark.parametrize("case, words", [
    ({"options": {}, "argv": CELL_PLAN[1:]}, 'expected argv ["blue",{"bootstrap":"argv"}], found ["cell-enter","blue",{"bootstrap":"argv"}]'),
    ({"options": {"no": 1}, "argv": CELL_PLAN}, "there is no cell"),
    ({"options": {}, "refused": {}}, "expected a refusal, found answered"),
    ({"options": {"no": 1}, "refused": {"code": "become"}}, "expected the code become, found unreachable"),
    ({"options": {"no": 1}, "refused": {"message": "moon"}}, 'expected a message with "moon"'),
    ({"options": {}, "steps": [{"event": {"tty": "Password: "}, "actions": [{"answer": "password", "to": "tty"}]}]},
     "step 1: expected the answer password on tty, found nothing"),
    ({"options": {}, "plugin": "moon"}, 'expected a plugin of this library (cell), found "moon"'),
    ({"options": {}, "arv": []}, '"arv" is none of a case\'s keys'),
    ({}, "a case has either options or a source"),
], ids=["another plan", "no plan", "no refusal", "another code", "another message", "another dialogue", "another plugin", "a mistyped key", "no question"])
def test_a_case_that_is_not_met_fails(workshop, cell, case, words):
    verdicts = check(cell, "--cases", workshop.case(**case))
    assert verdicts.status == 1 and len(verdicts.failures) == 1
    assert verdicts.failures[0].startswith("case case.json: ") and words in verdicts.failures[0]


def test_help_names_what_there_is():
    text = mitogen("plugins", "check", "--help").stdout
    assert "--cases" in text and "--deadline" in text and "--live" in text


def test_a_reader_that_goes_away_is_no_crash(cell):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", f"'{paths.MITOGEN}' plugins check '{cell}' | true"], stderr=subprocess.PIPE,
                          env=os.environ, timeout=TIME_LIMIT)
    assert done.stderr == b""
