import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', '..', 'tools', 'lib')]

from support.controller import Controller  # noqa: E402
from support import pythons  # noqa: E402


def pytest_generate_tests(metafunc):
    if 'agent' in metafunc.fixturenames and 'agent' not in vars(metafunc.module):
        every = metafunc.module.__name__ == 'test_calls'
        metafunc.parametrize('agent', pythons.EVERY if every else pythons.FEW, indirect=True,
                             ids=pythons.NAMES if every else pythons.FEW_NAMES)


@pytest.fixture
def agent(request):
    """An agent under each interpreter, or under few, closed after the test."""
    controller = Controller(request.param)
    yield controller
    controller.end()


@pytest.fixture
def modern_agent():
    controller = Controller()
    yield controller
    controller.end()
