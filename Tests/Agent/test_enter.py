"""Nodes in containers, whose namespaces the agent enters itself. Root only (Tests/expected-skips.txt)."""
import json
import os
import pathlib
import shutil
import tempfile

import pytest

from support import hops
from support.container import SCRIPT, Container
from support.controller import NODE, Controller, RemoteError, wire
from support.processes import gone, tree
from support.programs import Program

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason='not as root')

LOOK = Program('''
import json, os, socket
print(json.dumps([socket.gethostname(), os.getcwd(), os.getuid(), os.getgid(), sorted(os.getgroups()),
                  os.path.exists('/etc/shadow'), os.environ.get('PATH'), os.environ.get('HOME'), os.environ.get('USER'),
                  os.environ.get('ADDED'), os.environ.get('OUTSIDE')]))
''')
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']


@pytest.fixture
def box(tmp_path):
    with Container(tmp_path) as container:
        yield container


def inside(container, user='0', **more):
    enter = {'pid': container if isinstance(container, int) else container.leader, 'user': user}
    return hops.local(interpreter='discover', description='setns into docker container box', enter=enter, **more)


def looked(agent, child):
    agent.supply(*LOOK.blobs, node=child)
    return json.loads(agent.answer(agent.request({'op': 'run', 'program': LOOK.name}, b'{}', b'', node=child), node=child)[1].decode())


def refused(agent, plan, python=None):
    with pytest.raises(RemoteError) as e:
        hops.opened(agent, 99, plan, python=python)
    assert str(e.value).startswith('setns into docker container box: ')
    return e.value.code, str(e.value)[len('setns into docker container box: '):]


def left_at_a_shell(agent, plan, python=None):
    """Why the node in there is none, and its shell stays: code and message."""
    notice = hops.opened(agent, 99, plan, python=python)
    assert notice['shell'] is True and notice['message'].startswith('setns into docker container box: ')
    stream = agent.request({'op': 'shell', 'child': 99, 'part': hops.ENTER[0].hex()})
    agent.send(NODE, stream, wire.END, b'', rank=1)
    assert agent.answer(stream) == [b'{}']
    return notice['code'], notice['message'][len('setns into docker container box: '):]


def test_a_node_is_inside_with_nothing_of_ours(agent, box):
    hello = hops.opened(agent, 20, inside(box))
    # Its numbers are those of its own PID namespace.
    assert hello['pid'] < 20 and hello['python'] == '/usr/bin/python3' and hello['user'] == 'root'
    assert looked(agent, 20) == ['inside', '/', 0, 0, [], False, PATH, '/root', 'root', None, None]
    assert len(box.processes()) > 1
    assert hops.close(agent, 20)['code'] == 'closed'
    assert box.is_empty()


def test_account_and_environment_are_those_of_the_container(agent, box):
    plan = inside(box, 'app', environment={'ADDED': 'a=b', 'HOME': '/srv', 'PATH': '/usr/bin'}, directory='/srv')
    assert hops.opened(agent, 20, plan)['user'] == 'app'
    assert looked(agent, 20) == ['inside', '/srv', 7301, 7302, [7310, 7312], False, '/usr/bin', '/srv', 'app', 'a=b', None]


def test_a_number_needs_no_account(agent, box):
    hello = hops.opened(agent, 20, inside(box, '4711:web'))
    assert (hello['uid'], hello['user']) == (4711, '4711')
    assert looked(agent, 20)[2:5] == [4711, 7310, []]


def test_nothing_of_it_outlives_a_killed_agent(agent, box):
    hops.opened(agent, 20, inside(box))
    # Between the agent and what is inside there is one that has joined and waits.
    below = [pid for pid in tree(agent.process.pid) if pid != agent.process.pid]
    assert set(below) & set(box.processes())
    os.kill(agent.process.pid, 9)
    assert all(gone(pid) for pid in below)
    assert box.is_empty()


def test_a_node_ends_with_its_container(agent, box):
    hops.opened(agent, 20, inside(box))
    box.end()
    assert hops.ended(agent, 20)['code'] == 'node_lost'
    assert refused(agent, inside(box)) == ('unreachable', 'its first process, %d, has ended' % box.leader)


def test_what_stands_in_the_way_is_said(agent, box):
    assert refused(agent, inside(box, 'nobody')) == ('unreachable', 'there is no user "nobody" in its /etc/passwd')
    assert refused(agent, inside(box, 'app:wheel')) == ('unreachable', 'there is no group "wheel" in its /etc/group')
    assert refused(agent, inside(os.getpid()))[1] == 'process %d is none of its: it is in our own namespaces' % os.getpid()
    code, message = left_at_a_shell(agent, inside(box), python=['/nowhere/python'])
    assert (code, message) == ('no_python', 'could not start /nowhere/python: No such file or directory')
    assert box.is_empty()


def test_no_python_in_it(agent, tmp_path):
    with Container(tmp_path, 'bare') as bare:
        assert left_at_a_shell(agent, inside(bare)) == ('no_python', 'no Python was found; looked for: python3, python, /usr/bin/python3')
        assert bare.is_empty()


def test_a_user_namespace_is_entered_last(agent, tmp_path):
    with Container(tmp_path, 'user') as container:
        assert hops.opened(agent, 20, inside(container))['uid'] == 0
        assert refused(agent, inside(container, 'app')) == ('unreachable', 'user "app" cannot be become in it: Invalid argument')


@pytest.fixture
def open_folder():
    """Where an account without rights may go as well."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='mitogen-namespaces-'))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(str(folder))


def test_without_root_its_owner_enters_and_nobody_else(open_folder):
    """Where there is no right to the others before the user namespace is joined."""
    script = shutil.copy(SCRIPT, str(open_folder / 'container.sh'))
    python = open_folder / 'python'
    python.write_text('#!/bin/sh\nexec %s /usr/bin/python3 "$@"\n' % ' '.join(NOBODY))
    python.chmod(0o755)
    folders = [open_folder / name for name in ('owned', 'other')]
    for folder in folders:
        folder.mkdir()
    os.chown(str(folders[0]), 65534, 65534)
    agent = Controller(str(python), directory='/')
    try:
        with Container(folders[0], 'user', words=NOBODY, script=script) as owned, Container(folders[1]) as other:
            assert hops.opened(agent, 20, inside(owned))['uid'] == 0
            code, message = refused(agent, inside(other))
            assert code == 'unreachable'
            assert message == 'the namespaces of process %d cannot be entered: Permission denied' % other.leader
    finally:
        agent.end()
