"""`vacate` waits for what is left of nodes in an account."""
import json
import os
import subprocess
import sys

import pytest

from support import core
from support.controller import NODE, wire

#: As long as nobody closes its stdin.
LEFT = 'import sys  # os.write(1,b"MI"b"TO:0123456789abcdef;")\nprint("here", flush=True)\nsys.stdin.read()'


def ask(agent, account):
    name, part = core.part('vacate')
    agent.supply((name, part))
    return agent.request({'op': 'vacate', 'part': name.hex()}, json.dumps({'account': account}).encode())


def is_answered(agent, stream):
    """Whether an answer is there once the agent has answered a later request."""
    later = agent.request({'op': 'nothing'})
    agent.wait(lambda frame: frame[:3] == (NODE, later, wire.ERROR))
    return bool([frame for frame in agent.frames if frame[:2] == (NODE, stream)])


@pytest.mark.skipif(os.geteuid() != 0, reason='starts a process in another account')
def test_it_answers_when_the_last_process_of_ours_there_has_ended(modern_agent):
    left = subprocess.Popen(['/usr/bin/setpriv', '--reuid=65534', '--clear-groups', '/usr/bin/python3', '-c', LEFT],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert left.stdout.readline() == b'here\n'
    stream = ask(modern_agent, 'nobody')
    assert not is_answered(modern_agent, stream)
    left.communicate()
    assert modern_agent.answer(stream) == [b'{}']


def test_an_account_that_is_not_there_or_is_its_own_needs_no_wait(modern_agent):
    for account in ('no-such-account', subprocess.check_output(['id', '-un']).decode().strip()):
        stream = ask(modern_agent, account)
        assert modern_agent.answer(stream, seconds=2) == [b'{}']
