"""Opening a node behind the agent, as the router asks for it."""
import json

from . import core
from .controller import NODE, wire

LAUNCH = core.part('launch')
ENTER = core.part('enter')


def local(**more):
    """A launch plan for a node on this machine."""
    plan = {'argv': [{'bootstrap': 'argv'}], 'stdio': 'socketpair', 'interpreter': 'direct', 'description': 'local',
            'timeout': 10}
    plan.update(more)
    return plan


def start(agent, child, plan, secrets=None, python=None, keepalive=None, deflate=False):
    """Sends `open`, or `enter` for a plan that enters, and returns its stream."""
    op, part = ('enter', ENTER) if plan.get('enter') else ('open', LAUNCH)
    agent.supply(part)
    hello = {'mitogen': 1, 'features': [], 'node': child, 'deflate': deflate, 'log': 'debug',
             'keepalive': keepalive or {'interval': 30, 'count': 10}}
    header = {'op': op, 'child': child, 'part': part[0].hex(), 'python': python}
    return agent.request(
        header, json.dumps(plan).encode(), json.dumps(secrets or {}).encode(), b'', json.dumps(hello).encode())


def opened(agent, child, plan, **options):
    """The child's HELLO."""
    return json.loads(agent.answer(start(agent, child, plan, **options))[0].decode())


def ended(agent, child):
    """What the agent reports of the end of a child."""
    def fits(frame):
        return frame[:3] == (NODE, 0, wire.CHILD) and json.loads(frame[4].decode())['child'] == child
    return json.loads(agent.wait(fits)[4].decode())


def close(agent, child):
    agent.send(NODE, 0, wire.CLOSE, json.dumps({'child': child}).encode())
    return ended(agent, child)
