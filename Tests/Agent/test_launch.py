"""Nodes behind a node: launch plans carried out by the agent."""
import json
import os
import pwd
import subprocess
import sys

import pytest

from support import hops
from support.controller import NODE, RemoteError, wire
from support.processes import alive, gone, tree
from support.programs import Program

WHO = Program('import os\nprint(os.getuid())')
ASK = ('import os, sys, subprocess\n'
       'tty = open("/dev/tty", "r+b", 0)\n'
       'tty.write(b"Password: ")\n'
       'ok = tty.readline().strip() == b"sesame"\n'
       'if not ok:\n    tty.write(b"\\r\\nSorry.\\r\\nPassword: ")\n    ok = tty.readline().strip() == b"sesame"\n'
       'os.execvp(sys.argv[1], sys.argv[1:]) if ok else sys.exit(1)\n')
WAIT = ['sh', '-c', 'exec sleep 600']
RULES = [{'match': 'contains', 'text': 'password:', 'then': {'send': 'become_password'}}]


def asking(**more):
    """A stand-in for sudo: it asks on the terminal."""
    return hops.local(argv=[sys.executable, '-c', ASK, {'bootstrap': 'argv'}], stdio='tty_beside', prompts=RULES,
                      description='asking on web1', **more)


@pytest.mark.parametrize('stdio', ['pipes', 'socketpair', 'tty_beside', 'prompt_stderr', 'tty'])
def test_every_shape_carries_a_link(agent, stdio):
    hello = hops.opened(agent, 20, hops.local(stdio=stdio))
    assert hello['pid'] != agent.process.pid
    agent.supply(*WHO.blobs, node=20)
    everything = bytes(bytearray(range(256))) * 800
    echo = Program('import sys\ngetattr(sys.stdout, "buffer", sys.stdout).write(arguments)')
    agent.supply(*echo.blobs, node=20)
    call = agent.request({'op': 'run', 'program': echo.name}, b'{}', everything, node=20)
    assert agent.answer(call, node=20)[1] == everything
    assert hops.close(agent, 20)['code'] == 'closed'
    assert gone(hello['pid'])


def test_requests_may_follow_an_open_at_once(agent):
    opening = hops.start(agent, 20, hops.local(), deflate=True)
    agent.supply(*WHO.blobs, node=20)
    call = agent.request({'op': 'run', 'program': WHO.name}, b'{}', b'', node=20)
    assert agent.answer(call, node=20)[1] == b'%d\n' % os.getuid()
    agent.answer(opening)


def test_a_hop_behind_a_hop(modern_agent):
    agent = modern_agent
    hops.opened(agent, 20, hops.local())
    agent.send(NODE, 0, wire.ROUTE, json.dumps({'child': 30, 'via': 20}).encode())
    agent.supply(hops.LAUNCH, node=20)
    hello = json.dumps({'mitogen': 1, 'features': [], 'node': 30, 'deflate': False}).encode()
    opening = agent.request(
        {'op': 'open', 'child': 30, 'part': hops.LAUNCH[0].hex()}, json.dumps(hops.local()).encode(), b'{}', b'', hello,
        node=20)
    agent.supply(*WHO.blobs, node=30)
    call = agent.request({'op': 'run', 'program': WHO.name}, b'{}', b'', node=30)
    assert agent.answer(call, node=30)[1] == b'%d\n' % os.getuid()
    far = json.loads(agent.answer(opening, node=20)[0].decode())['pid']
    assert hops.close(agent, 20)['state'] == 'gone'
    assert gone(far)


def test_blobs_that_a_node_holds_are_supplied_to_its_children(agent):
    hops.opened(agent, 20, hops.local())
    agent.supply(*WHO.blobs)
    agent.send(NODE, 0, wire.SUPPLY, wire.U32.pack(20) + b''.join(name for name, _ in WHO.blobs), rank=1)
    call = agent.request({'op': 'run', 'program': WHO.name}, b'{}', b'', node=20)
    assert agent.answer(call, node=20)[1] == b'%d\n' % os.getuid()


def test_what_a_node_must_supply_and_does_not_hold_it_asks_for_first(agent):
    hops.opened(agent, 20, hops.local())
    agent.send(NODE, 0, wire.SUPPLY, wire.U32.pack(20) + b''.join(name for name, _ in WHO.blobs), rank=1)
    needed = agent.wait(lambda f: f[2] == wire.NEED)
    assert needed[0] == NODE and needed[4] == b''.join(name for name, _ in WHO.blobs)
    agent.supply(*WHO.blobs)
    call = agent.request({'op': 'run', 'program': WHO.name}, b'{}', b'', node=20)
    assert agent.answer(call, node=20)[1] == b'%d\n' % os.getuid()


def test_the_password_is_sent_after_its_prompt(agent):
    hops.opened(agent, 20, asking(), secrets={'become_password': 'sesame'})


@pytest.mark.parametrize('secrets,message,hint', [
    ({'become_password': 'guess'}, 'the password was not accepted', 'Check ansible_become_password.'),
    ({}, 'needs a password, none was given', 'Set ansible_become_password.'),
])
def test_a_wrong_and_a_missing_password_are_told_apart(agent, secrets, message, hint):
    with pytest.raises(RemoteError) as e:
        hops.opened(agent, 20, asking(), secrets=secrets)
    assert e.value.code == 'authentication'
    assert message in str(e.value) and 'asking on web1' in str(e.value)
    assert e.value.hint == hint
    assert 'guess' not in str(e.value)
    hops.opened(agent, 21, hops.local())


def test_no_secret_is_in_any_argv_or_environment(modern_agent):
    hello = hops.opened(modern_agent, 20, asking(), secrets={'become_password': 'sesame'})
    for pid in tree(hello['pid']) + tree(modern_agent.process.pid):
        for name in ('cmdline', 'environ'):
            with open('/proc/%d/%s' % (pid, name), 'rb') as f:
                assert b'sesame' not in f.read().replace(ASK.encode(), b'')


@pytest.mark.parametrize('argv,code,text', [
    (['sh', '-c', 'echo "no entry" >&2; exit 3'], 'unreachable', 'exit status 3 before Python was started; last seen: no entry'),
    (['sh', '-c', 'echo "no such container" >&2; exit 1'], 'not_found', 'the container is not there'),
    (['sh', '-c', 'exit 127'], 'no_python', 'exit status 127'),
    (['no-such-program'], 'unreachable', 'could not start no-such-program'),
    (WAIT, 'timeout', 'within 0.5 s'),
])
def test_failures_say_what_and_why(agent, argv, code, text):
    plan = hops.local(argv=argv + [{'bootstrap': 'argv'}], interpreter='discover', description='docker to web1', hints=[
        {'contains': 'No such container', 'code': 'not_found', 'message': 'the container is not there', 'hint': ''}],
        timeout=0.5 if argv is WAIT else 10)
    with pytest.raises(RemoteError) as e:
        hops.opened(agent, 20, plan)
    assert e.value.code == code
    assert text in str(e.value) and 'docker to web1' in str(e.value)


def test_an_interpreter_is_looked_for(modern_agent):
    agent = modern_agent
    stream = hops.start(agent, 20, hops.local(interpreter='discover'))
    assert json.loads(agent.answer(stream)[0].decode())['version'][0] == 3


def test_where_the_parents_python_is_not_to_be_had_the_systems_is_tried(agent):
    refuse = 'case "$1" in /usr/bin/python3) exec "$@";; esac; exit 126'
    hello = hops.opened(agent, 20, hops.local(argv=['sh', '-c', refuse, 'sh', {'bootstrap': 'argv'}]))
    assert hello['python'] == '/usr/bin/python3'
    with pytest.raises(RemoteError) as e:
        hops.opened(agent, 21, hops.local(argv=['sh', '-c', 'exit 127', 'sh', {'bootstrap': 'argv'}]))
    assert e.value.code == 'no_python'


def test_an_open_can_be_cancelled(agent):
    stream = hops.start(agent, 20, hops.local(argv=WAIT + [{'bootstrap': 'shell'}]))
    agent.send(NODE, stream, wire.CANCEL)
    with pytest.raises(RemoteError) as e:
        agent.answer(stream)
    assert e.value.code == 'cancelled'


def test_a_killed_child_is_reported(agent):
    hello = hops.opened(agent, 20, hops.local(description='ssh to web1'))
    os.kill(hello['pid'], 9)
    report = hops.ended(agent, 20)
    assert report['code'] == 'node_lost'
    assert report['message'].startswith('ssh to web1: the connection was lost')
    assert hops.opened(agent, 21, hops.local())


def test_a_silent_child_is_given_up_and_cleans_up_when_it_continues(modern_agent):
    agent = modern_agent
    hello = hops.opened(agent, 20, hops.local(), keepalive={'interval': 0.2, 'count': 3})
    os.kill(hello['pid'], 19)
    assert hops.ended(agent, 20)['code'] == 'node_lost'
    os.kill(hello['pid'], 18)
    assert gone(hello['pid'])


@pytest.mark.skipif(os.getuid() != 0, reason='needs sudo without a password')
def test_sudo_to_another_account(agent):
    sudo = subprocess.run(['sh', '-c', 'command -v sudo'], stdout=subprocess.PIPE).stdout.decode().strip()
    assert sudo
    plan = hops.local(argv=[sudo, '-n', '-u', 'nobody', '--', {'bootstrap': 'argv'}], stdio='tty_beside',
                      description='sudo to nobody')
    hello = hops.opened(agent, 20, plan, python=['/usr/bin/python3'])
    assert hello['user'] == 'nobody' and hello['uid'] == pwd.getpwnam('nobody').pw_uid
    hops.close(agent, 20)
    assert gone(hello['pid'])
    assert alive(agent.process.pid)
