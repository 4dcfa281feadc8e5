import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from support.controller import Controller  # noqa: E402
from support import pythons  # noqa: E402


@pytest.fixture(params=pythons.EVERY, ids=pythons.NAMES)
def agent(request):
    """An agent under each interpreter, closed after the test."""
    controller = Controller(request.param)
    yield controller
    controller.end()


@pytest.fixture
def modern_agent():
    controller = Controller()
    yield controller
    controller.end()
