"""An agent whose controller goes, and an agent that is killed: nothing of ours remains."""
import json
import os
import signal

import pytest

from support import core, pythons
from support.controller import Controller, wire
from support.processes import alive, become, gone, tree
from support.programs import Program

FILES = core.part('files')
EXEC = core.part('exec')
BUSY = Program('import os, subprocess\np = subprocess.Popen(["sleep", "600"])\nprint(p.pid)\np.wait()')
DETACHED = Program(
    'import os\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    os.execvp("sleep", ["sleep", "600"])\nprint(pid)')


@pytest.fixture(params=pythons.FEW, ids=pythons.FEW_NAMES)
def busy(request):
    """An agent with a private directory, a module that waits for `sleep`, a command, and something detached."""
    agent = Controller(request.param)
    agent.supply(FILES, EXEC, *BUSY.blobs)
    stream = agent.request({'op': 'tmp', 'part': FILES[0].hex()}, b'{"candidates":["/tmp"]}')
    agent.directory = json.loads(agent.answer(stream)[0].decode())['path']
    agent.detached = int(agent.run(DETACHED)[1])
    agent.start(BUSY)
    agent.request({'op': 'exec', 'part': EXEC[0].hex()}, b'{"argv":["sleep","600"]}', b'')
    sleeps = []

    def both_sleep():
        sleeps[:] = [p for p in tree(agent.process.pid) if name_of(p) == 'sleep' and p != agent.detached]
        return len(sleeps) == 2
    assert become(both_sleep)
    agent.ours = [p for p in tree(agent.process.pid) if p != agent.detached]
    yield agent
    assert alive(agent.detached), 'what a module detached lives on'
    os.kill(agent.detached, signal.SIGKILL)
    agent.end()


def name_of(pid):
    try:
        with open('/proc/%d/comm' % pid) as f:
            return f.read().strip()
    except IOError:
        return None


def nothing_remains(agent):
    assert all([gone(pid, 5) for pid in agent.ours]), [(p, name_of(p)) for p in agent.ours if alive(p)]
    assert not os.path.exists(agent.directory)


def test_the_end_of_the_link_ends_all(busy):
    busy.close()
    nothing_remains(busy)


def test_a_killed_agent_leaves_nothing(busy):
    busy.process.kill()
    nothing_remains(busy)


def test_hangup_and_terminate_are_ignored(busy):
    busy.process.send_signal(signal.SIGHUP)
    busy.process.send_signal(signal.SIGTERM)
    busy.send(0, 0, wire.PING, b'still there?')
    assert busy.wait(lambda f: f[2] == wire.PONG)[4] == b'still there?'
    busy.close()
    nothing_remains(busy)


def test_a_killed_fork_server_ends_the_agent(busy):
    server = [p for p in tree(busy.process.pid) if os.getsid(p) == p and name_of(p).startswith('python')]
    os.kill(min(server), signal.SIGKILL)
    goodbye = json.loads(busy.wait(lambda f: f[2] == wire.GOODBYE)[4].decode())
    assert goodbye['code'] == 'internal'
    busy.wait_closed()
    nothing_remains(busy)


def test_a_stopped_agent_cleans_up_when_it_continues(busy):
    busy.process.send_signal(signal.SIGSTOP)
    busy.link.close()
    assert all([alive(p) for p in busy.ours])
    busy.process.send_signal(signal.SIGCONT)
    nothing_remains(busy)


def test_silence_of_the_controller_ends_the_agent():
    agent = Controller(hello={'keepalive': {'interval': 0.2, 'count': 3}})
    agent.wait(lambda f: f[2] == wire.PING)
    agent.wait(lambda f: f[2] == wire.PING)
    agent.wait_closed(5)
    assert gone(agent.process.pid)
    agent.end()


def test_a_controller_that_answers_pings_is_kept():
    agent = Controller(hello={'keepalive': {'interval': 0.1, 'count': 3}})
    for _ in range(6):
        ping = agent.wait(lambda f: f[2] == wire.PING)
        agent.send(0, 0, wire.PONG, ping[4])
    assert agent.process.poll() is None
    agent.end()


def test_nothing_behind_the_marker_ends_the_first_stage():
    agent = Controller(start=False)
    agent._await_marker()
    assert agent.close() == 1
    agent.end()
