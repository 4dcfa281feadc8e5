"""The operations exec, put, get, tmp and remove."""
import hashlib
import json
import os
import stat

import pytest

from support import core, pythons
from support.controller import NODE, Controller, RemoteError, wire
from support.files import FILES, files, get, put, refused
from support.processes import gone

EXEC = core.part('exec')
BIG = os.urandom(1000000)


def execute(agent, call, stdin=b'', secrets=None):
    agent.supply(EXEC)
    stream = agent.request({'op': 'exec', 'part': EXEC[0].hex()}, json.dumps(call).encode(), stdin,
                           json.dumps(secrets or {}).encode())
    meta, out, err = agent.answer(stream)
    return json.loads(meta.decode())['rc'], out, err


# -- exec --

def test_a_command_gets_stdin_and_gives_output(agent):
    assert execute(agent, {'command': 'cat; echo err >&2; exit 3'}, b'in' * 200000) == (3, b'in' * 200000, b'err\n')


def test_argv_directory_and_environment(agent):
    call = {'argv': ['sh', '-c', 'pwd; echo $A; echo ${HOME-unset}; echo "$1"', 'x', u'gr\u00fc\u00df'],
            'cwd': '/usr', 'environment': {'A': u'\u00e4', 'HOME': None}}
    assert execute(agent, call)[1].decode('utf-8') == u'/usr\n\u00e4\nunset\ngr\u00fc\u00df\n'


@pytest.mark.parametrize('call,rc', [
    ({'argv': ['/no/such']}, 127), ({'argv': ['/etc/passwd']}, 126), ({'command': 'kill -9 $$'}, 137)])
def test_codes_are_those_of_a_shell(agent, call, rc):
    assert execute(agent, call)[0] == rc


@pytest.mark.parametrize('window,more', [(1 << 20, 1 << 20), (1 << 30, 8 << 20)], ids=['some', 'too much'])
def test_more_input_than_a_stream_begins_with_may_be_on_its_way(agent, window, more):
    agent.supply(EXEC)
    call = {'command': 'wc -c', 'stream': True, 'window': window}
    stream = agent.request({'op': 'exec', 'part': EXEC[0].hex()}, json.dumps(call).encode(), b'', b'')
    granted = wire.U32.unpack(agent.wait(lambda f: f[1] == stream and f[2] == wire.CREDIT)[4])[0]
    assert more <= granted < more + 1000
    for _ in range(more // 65536):
        agent.send(NODE, stream, wire.DATA, bytes(65536), rank=3)
    agent.send(NODE, stream, wire.END, rank=3)
    agent.answer(stream)
    assert b''.join(f[4][1:] for f in agent.frames if f[1] == stream and f[2] == wire.DATA) == b'%d\n' % more


def test_a_terminal(agent):
    rc, out, _ = execute(agent, {'command': 'test -t 0 && test -t 1 && test -t 2 && tty </dev/tty', 'tty': True})
    assert rc == 0 and out.startswith(b'/dev/')


def test_a_command_that_leaves_something_behind_ends_all_the_same(agent):
    rc, out, _ = execute(agent, {'command': 'sleep 600 & echo $!'})
    assert rc == 0
    os.kill(int(out), 9)


ASKS = 'printf "Password: " >&2; read -r p; test "$p" = sesame || { printf "Sorry\\nPassword: " >&2; read -r p; }; ' \
       'test "$p" = sesame || exit 1; echo BECOME-SUCCESS; cat'
RULES = [{'match': 'contains', 'text': 'password:', 'then': {'send': 'become'}},
         {'match': 'prefix', 'text': 'BECOME-SUCCESS', 'then': {'begin': True}}]


@pytest.mark.parametrize('tty', [False, True], ids=['pipes', 'tty'])
def test_stdin_follows_the_password(agent, tty):
    if tty:
        rc, out, _ = execute(agent, {'command': 'stty -echo; ' + ASKS.replace('; cat', '; read -r l; echo "$l"'),
                                     'prompts': RULES, 'tty': True}, b'the rest\n', {'become': 'sesame'})
        assert out.replace(b'\r', b'') == b'BECOME-SUCCESS\nthe rest\n'
    else:
        rc, out, err = execute(agent, {'command': ASKS, 'prompts': RULES}, b'the rest', {'become': 'sesame'})
        assert out == b'BECOME-SUCCESS\nthe rest'
        assert err == b'', 'the prompt is not part of the output'
    assert rc == 0


def test_stdin_follows_at_once_where_nobody_asks(agent):
    call = {'command': 'echo BECOME-SUCCESS; cat', 'prompts': RULES}
    assert execute(agent, call, b'the rest')[1] == b'BECOME-SUCCESS\nthe rest'


@pytest.mark.parametrize('secrets', [{'become': 'wrong'}, {}], ids=['wrong', 'missing'])
def test_a_password_that_is_not_accepted_ends_the_command(agent, secrets):
    call = {'command': ASKS, 'prompts': RULES}
    assert refused(execute, agent, call, b'the rest', secrets) == 'authentication'


def test_cancel_ends_a_command(agent):
    agent.supply(EXEC)
    stream = agent.request({'op': 'exec', 'part': EXEC[0].hex()},
                           b'{"command":"echo $$; sleep 600","stream":true}', b'')
    frame = agent.wait(lambda f: f[1] == stream and f[2] == wire.DATA)
    pid = int(frame[4][1:])
    agent.send(NODE, stream, wire.CANCEL)
    assert refused(agent.answer, stream) == 'cancelled'
    assert gone(pid)


def test_output_and_input_are_streamed(agent):
    agent.supply(EXEC)
    stream = agent.request({'op': 'exec', 'part': EXEC[0].hex()},
                           b'{"command":"while read -r x; do echo got $x; echo err >&2; done","stream":true}', b'')
    for word in (b'one', b'two'):
        agent.send(NODE, stream, wire.DATA, word + b'\n')
        seen = {1: b'', 2: b''}
        while seen != {1: b'got ' + word + b'\n', 2: b'err\n'}:
            data = agent.wait(lambda f: f[1] == stream and f[2] == wire.DATA)[4]
            seen[data[0]] += data[1:]
    agent.send(NODE, stream, wire.END)
    assert agent.answer(stream) == [b'{"rc":0}', b'', b'']


def test_a_stream_waits_for_credit(modern_agent):
    agent = modern_agent
    agent.supply(EXEC)
    agent.generous = False
    stream = agent.request({'op': 'exec', 'part': EXEC[0].hex()},
                           b'{"command":"head -c 5000000 /dev/zero","stream":true}', b'')
    received = []
    while sum(map(len, received)) < wire.WINDOW:
        received.append(agent.wait(lambda f: f[1] == stream and f[2] == wire.DATA)[4])
    agent.send(0, 0, wire.PING, b'x')
    agent.wait(lambda f: f[2] == wire.PONG)
    assert sum(map(len, received)) == wire.WINDOW and not agent.frames
    agent.generous = True
    agent.send(NODE, stream, wire.CREDIT, wire.U32.pack(wire.WINDOW))
    assert agent.answer(stream) == [b'{"rc":0}', b'', b'']
    received += [f[4] for f in agent.frames if f[2] == wire.DATA]
    # Where credit or a frame's limit cuts the output, what follows says again whose it is.
    assert set(data[:1] for data in received) == {b'\1'}
    assert b''.join(data[1:] for data in received) == bytes(5000000)


# -- files --

@pytest.mark.parametrize('data', [b'', b'small', BIG[:126976], BIG[:126977], BIG],
                         ids=['empty', 'small', 'inline', 'just streamed', 'streamed'])
def test_files_go_and_come_back(agent, tmp_path, data):
    path = tmp_path / 'file'
    assert put(agent, path, data, mode='0640') == {
        'path': str(path), 'sha256': hashlib.sha256(data).hexdigest(), 'size': len(data)}
    assert path.read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(str(tmp_path)) == ['file']
    meta, content = get(agent, path)
    assert abs(meta.pop('mtime') - path.stat().st_mtime_ns) < 1000
    assert (meta, content) == (
        {'size': len(data), 'sha256': hashlib.sha256(data).hexdigest(), 'mode': '0640'}, data)


def test_a_file_that_is_replaced_keeps_mode_and_link(agent, tmp_path):
    real = tmp_path / 'real'
    real.write_bytes(b'old')
    real.chmod(0o604)
    (tmp_path / 'link').symlink_to(real)
    put(agent, tmp_path / 'link', b'new')
    assert real.read_bytes() == b'new' and stat.S_IMODE(real.stat().st_mode) == 0o604
    assert (tmp_path / 'link').is_symlink()


def test_a_device_is_written_and_not_replaced(agent):
    put(agent, '/dev/null', b'nothing')
    assert stat.S_ISCHR(os.stat('/dev/null').st_mode)


def test_an_upload_that_is_given_up_leaves_nothing(agent, tmp_path):
    path = tmp_path / 'file'
    stream = files(agent, 'put', {'path': str(path), 'size': 200000}, b'')
    agent.send(NODE, stream, wire.DATA, b'x' * 1000, rank=3)
    agent.send(NODE, stream, wire.CANCEL)
    assert refused(agent.answer, stream) == 'cancelled'
    stream = files(agent, 'put', {'path': str(path), 'size': 200000}, b'')
    agent.send(NODE, stream, wire.DATA, b'x' * 1000, rank=3)
    agent.send(NODE, stream, wire.END, rank=3)
    assert refused(agent.answer, stream) == 'protocol'
    assert os.listdir(str(tmp_path)) == []


def test_errors_of_the_file_system_are_told(agent, tmp_path):
    assert refused(put, agent, tmp_path / 'no' / 'file', b'x') == 'not_found'
    assert refused(get, agent, tmp_path / 'none') == 'not_found'
    assert refused(get, agent, tmp_path) == 'file'
    assert get(agent, '/proc/version')[1].startswith(b'Linux')


def test_the_private_directory(agent, tmp_path):
    def private(candidates):
        stream = files(agent, 'tmp', {'candidates': candidates})
        return json.loads(agent.answer(stream)[0].decode())['path']
    agent.supply(FILES)
    path = private(['/proc/nowhere', '/dev/null/x', '$NO_SUCH_VARIABLE', str(tmp_path / 'made' / 'here')])
    assert os.path.dirname(path) == str(tmp_path / 'made' / 'here')
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    assert private(['/tmp']) == path, 'there is one'
    put(agent, path + '/a/b/file', b'x', directory=True)
    assert refused(put, agent, tmp_path / 'outside' / 'file', b'x', directory=True) == 'not_found'
    os.symlink(str(tmp_path), path + '/out')
    for outside in (str(tmp_path), path, path + '/', path + '/..', path + '/a/../../x', path + '/out/made'):
        assert refused(agent.answer, files(agent, 'remove', {'path': outside})) == 'file', outside
    for inside in ('/a', '/out', '/never'):
        assert agent.answer(files(agent, 'remove', {'path': path + inside})) == [b'{}']
    assert os.listdir(path) == [] and os.path.exists(str(tmp_path / 'made'))
    agent.close()
    assert gone(agent.hello['pid'])


@pytest.mark.parametrize('python', pythons.FEW, ids=pythons.FEW_NAMES)
def test_the_private_directory_is_where_programs_may_be_written_and_run(python, tmp_path):
    """In a mount namespace with file systems on which that is not so."""
    places = [tmp_path / name for name in ('noexec', 'readonly', 'good')]
    for place in places:
        place.mkdir()
    enter = tmp_path / 'python'
    enter.write_text('#!/bin/sh\nexec unshare -m sh -c \'mount --make-rprivate / && mount -t tmpfs -o noexec none %s && '
                     'mount -t tmpfs -o ro none %s && exec %s "$@"\' sh "$@"\n' % (places[0], places[1], python))
    enter.chmod(0o755)
    environment = dict(os.environ, TMPDIR=str(places[2]))
    agent = Controller(str(enter), environment=environment)
    agent.supply(FILES)
    look = {'command': 'ls -A %s %s' % tuple(places[:2])}
    stream = files(agent, 'tmp', {'candidates': [str(places[0]), str(places[1]), '/dev/null/none']})
    path = json.loads(agent.answer(stream)[0].decode())['path']
    assert os.path.dirname(path) == str(places[2]), 'the first of those that every node tries is $TMPDIR'
    assert execute(agent, look)[1].split() == [(str(place) + ':').encode() for place in places[:2]], 'nothing is left'
    agent.end()
