"""What ships links: no Foundation (ICU alone is 40 MB), and of each plugin one symbol."""
import re
import subprocess

import pytest

from conftest import MITOGEN, REPOSITORY

LIBRARIES = sorted(MITOGEN.parent.glob("libMitogen*.so"))
#: libFoundationEssentials is allowed: JSON.
FORBIDDEN = {"libFoundation.so", "libFoundationInternationalization.so", "lib_FoundationICU.so", "libFoundationNetworking.so", "libFoundationXML.so"}


def needed(path):
    text = subprocess.run(["readelf", "-d", str(path)], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*?)\]", text))


@pytest.mark.parametrize("path", [MITOGEN, *LIBRARIES], ids=lambda path: path.name)
def test_no_foundation_is_linked(path):
    found = needed(path)
    assert "libswiftCore.so" in found
    assert not found & FORBIDDEN


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.name)
def test_a_plugin_exports_its_entry_and_nothing_else(path):
    text = subprocess.run(["nm", "-D", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in text.splitlines()] == ["mitogen_library_v1"]


def test_the_plugins_of_this_release_are_there():
    """One library for each folder that has a plugin; what several share is linked into each."""
    sources = [*REPOSITORY.glob("Plugins/Connection/*/*Connection.swift"), *REPOSITORY.glob("Plugins/Runner/*/*Runner.swift")]
    assert {path.name for path in LIBRARIES} == {f"libMitogen{source.parent.name}.so" for source in sources}
