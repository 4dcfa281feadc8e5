"""Fixtures: the ansible-core series that MITOGEN_TEST_VENVS names (SERIES=FOLDER, separated by colons), with the Pythons of targets."""
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools" / "lib"), str(HERE.parent / "Agent" / "support"), str(HERE)]

import venvs  # noqa: E402


def pytest_generate_tests(metafunc):
    named = os.environ.get("MITOGEN_TEST_VENVS", "")
    series = [entry.split("=", 1)[0] for entry in named.split(":") if entry] or [venvs.DEFAULT_SERIES]
    metafunc.parametrize("series", series)
