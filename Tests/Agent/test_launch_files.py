"""What a launch leaves and does not leave behind: secret files, further attempts, lines for the log."""
import glob
import json
import os

import pytest

from support import hops
from support.controller import RemoteError

LOG = [{'match': 'contains', 'text': '', 'then': {'log': True}, 'on': 'stderr'}]
CHECK = ('echo "$1" >&2; [ "$(stat -Lc %%a-%%u "$1")" = "600-$(id -u)" ] && [ "$(cat "$1")" = "sesame" ] || exit 9;'
         ' %s; shift; exec "$@"')


def reading(then):
    argv = ['sh', '-c', CHECK % then, 'sh', {'secret_file': 'key'}, {'bootstrap': 'argv'}]
    return hops.local(argv=argv, stdio='pipes', interpreter='discover', prompts=LOG, description='ssh to web1')


def logged_path(agent):
    frame = agent.logged('ssh to web1: /proc/')
    return json.loads(frame[4].decode())['text'].split(': ')[1]


def temporary_files():
    return [name for folder in ('/dev/shm', '/tmp') for name in glob.glob(folder + '/mitogen-' + '[0-9a-f]' * 16)]


def test_a_secret_file_is_there_until_python_runs(agent):
    before = temporary_files()
    hops.opened(agent, 20, reading('true'), secrets={'key': 'sesame'})
    assert not os.path.exists(logged_path(agent))
    assert temporary_files() == before


def test_a_secret_file_goes_with_a_launch_that_fails(agent):
    with pytest.raises(RemoteError) as e:
        hops.opened(agent, 20, reading('exit 3'), secrets={'key': 'sesame'})
    assert 'exit status 3' in str(e.value) and 'sesame' not in str(e.value)
    assert not os.path.exists(logged_path(agent))


def attempts(folder, successful):
    """The child fails until it has been started so often."""
    script = 'echo >>"$1"; [ $(wc -l <"$1") -ge %d ] || { echo not yet >&2; exit 255; }; shift; exec "$@"' % successful
    return ['sh', '-c', script, 'sh', str(folder / 'count'), {'bootstrap': 'argv'}]


def test_what_cannot_be_reached_is_tried_again(agent, tmp_path):
    plan = hops.local(argv=attempts(tmp_path, 2), stdio='pipes', interpreter='discover', retries=1)
    assert hops.opened(agent, 20, plan)
    assert (tmp_path / 'count').read_text() == '\n\n'
    agent.logged('the next attempt follows in 0 s')


def test_the_last_attempt_says_why(agent, tmp_path):
    plan = hops.local(argv=attempts(tmp_path, 9), stdio='pipes', interpreter='discover', retries=1)
    with pytest.raises(RemoteError) as e:
        hops.opened(agent, 20, plan)
    assert e.value.code == 'unreachable' and 'not yet' in str(e.value)
    assert (tmp_path / 'count').read_text() == '\n\n'


def test_what_is_written_beside_the_link_is_logged_as_long_as_the_node_lives(agent):
    later = 'echo now >&2; (read line <"$0"; echo "later $line" >&2) & exec "$@"'
    fifo = '/tmp/mitogen-test-%d' % os.getpid()
    os.mkfifo(fifo)
    try:
        plan = hops.local(argv=['sh', '-c', later, fifo, {'bootstrap': 'argv'}], stdio='pipes', prompts=LOG,
                          interpreter='discover', description='ssh to web1')
        hops.opened(agent, 20, plan)
        agent.logged('ssh to web1: now')
        with open(fifo, 'w') as f:
            f.write('on\n')
        agent.logged('ssh to web1: later on')
    finally:
        os.unlink(fifo)
