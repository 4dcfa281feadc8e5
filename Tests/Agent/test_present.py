"""What a node has of a large file before it comes: what an earlier try left, the file in the place, another from the same source."""
import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import time

import pytest

from support.controller import NODE, Controller, wire
from support.files import FILES, KEY, begin_put, files, go_on, names, put, refused, send, sum_of

BIG = os.urandom(700000)
PARTIAL = '.file.%s.mitogen-part' % KEY
# Bytes from which on what came is left for other nodes.
WORTH_KEEPING = 4194304


@pytest.fixture
def place(tmp_path):
    """A file with old content."""
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    return path


# -- a transfer that was cut off --

def cut_off(agent, place, data, size):
    stream, told = begin_put(agent, place, len(data))
    assert told == {'have': 0, 'sha256': sum_of(b'')}
    agent.send(NODE, stream, wire.DATA, bytes(8), rank=3)
    for at in range(0, size, 65536):
        agent.send(NODE, stream, wire.DATA, data[at:min(at + 65536, size)], rank=3)
    agent.send(NODE, stream, wire.CANCEL)
    assert refused(agent.answer, stream) == 'cancelled'
    assert names(place) == [PARTIAL, 'file'] and place.read_bytes() == b'old'


def test_the_next_try_goes_on_where_one_was_cut_off(agent, place):
    cut_off(agent, place, BIG, 200000)
    stream, told = begin_put(agent, place, len(BIG))
    assert told == {'have': 200000, 'sha256': sum_of(BIG[:200000])}
    assert go_on(agent, stream, BIG, 200000)['sha256'] == sum_of(BIG)
    assert place.read_bytes() == BIG and names(place) == ['file']


def test_a_try_of_another_source_begins_anew(agent, place):
    cut_off(agent, place, BIG, 200000)
    other = os.urandom(150000)
    stream, told = begin_put(agent, place, len(other))
    assert told['have'] == 200000
    assert go_on(agent, stream, other, 0)['sha256'] == sum_of(other)
    assert place.read_bytes() == other and names(place) == ['file']


def test_what_a_killed_node_left_is_gone_on_with(place):
    first, second = Controller(), Controller()
    stream, _ = begin_put(first, place, len(BIG))
    first.send(NODE, stream, wire.DATA, bytes(8), rank=3)
    first.send(NODE, stream, wire.DATA, BIG[:131072], rank=3)
    first.wait(lambda f: f[1] == stream and f[2] == wire.CREDIT)
    busy, told = begin_put(second, place, len(BIG))
    assert told['have'] == 0, 'another writes it'
    second.send(NODE, busy, wire.CANCEL)
    assert refused(second.answer, busy) == 'cancelled' and names(place) == [PARTIAL, 'file']
    first.process.kill()
    first.process.wait()
    stream, told = begin_put(second, place, len(BIG))
    assert told == {'have': 131072, 'sha256': sum_of(BIG[:131072])}
    go_on(second, stream, BIG, 131072)
    assert place.read_bytes() == BIG and names(place) == ['file']
    first.end()
    second.end()


def test_a_beginning_that_nobody_was_told_of_is_refused(agent, place):
    cut_off(agent, place, BIG, 200000)
    stream, _ = begin_put(agent, place, len(BIG))
    agent.send(NODE, stream, wire.DATA, (100000).to_bytes(8, 'big'), rank=3)
    assert refused(agent.answer, stream) == 'protocol'
    assert place.read_bytes() == b'old'


def test_a_part_that_is_not_ours_is_let_be(agent, place):
    (place.parent / PARTIAL).write_bytes(BIG[:1000])
    os.chown(str(place.parent / PARTIAL), 65534, 65534)
    stream, told = begin_put(agent, place, len(BIG))
    assert told['have'] == 0
    go_on(agent, stream, BIG, 0)
    assert place.read_bytes() == BIG and names(place) == [PARTIAL, 'file']


@pytest.mark.parametrize('age,replaced,size,stays', [
    (80000, False, WORTH_KEEPING, True), (90000, False, WORTH_KEEPING, False), (0, True, WORTH_KEEPING, False), (80000, False, WORTH_KEEPING - 1, False)],
                         ids=['of today', 'of yesterday', 'of a file that came otherwise', 'a small one'])
def test_a_part_that_is_worth_it_is_kept_for_a_day_and_until_its_place_gets_another(agent, place, tmp_path, age, replaced, size, stays):
    partial = place.parent / PARTIAL
    partial.touch()
    os.truncate(str(partial), size)
    if not replaced:
        place.unlink()
    when = partial.stat().st_mtime_ns - (age or 1000) * 10**9
    os.utime(str(partial), ns=(when, when))
    put(agent, place.parent / 'other', b'')
    assert partial.exists() == stays


def test_of_what_is_read_only_the_rest_is_sent_where_the_beginning_is_the_same(agent, tmp_path):
    path = tmp_path / 'source'
    path.write_bytes(BIG)

    def get_from(have, digest):
        header = {'op': 'get', 'part': FILES[0].hex(), 'have': have, 'sha256': digest}
        agent.supply(FILES)
        stream = agent.request(header, json.dumps({'path': str(path)}).encode(), rank=3)
        meta, content = agent.answer(stream)
        pieces = [f[4] for f in agent.frames if f[1] == stream and f[2] == wire.DATA]
        assert json.loads(meta.decode())['sha256'] == sum_of(BIG)
        return int.from_bytes(pieces[0], 'big'), b''.join(pieces[1:]) + content

    assert get_from(300000, sum_of(BIG[:300000])) == (300000, BIG[300000:])
    assert get_from(699999, sum_of(BIG[:699999])) == (699999, BIG[699999:])
    assert get_from(len(BIG), sum_of(BIG)) == (len(BIG), b'')
    assert get_from(300000, sum_of(b'other')) == (0, BIG)
    assert get_from(800000, sum_of(BIG)) == (0, BIG)


RACE = """
import os, sys
sys.path.insert(0, sys.argv[1])
from support import core
scope = {'__name__': 'agent'}
exec(compile(core.source('core') + core.source('files'), 'agent', 'exec'), scope)
place, partial = sys.argv[2].encode(), sys.argv[3].encode()
scope['swept'].add(os.path.dirname(place))
lock = scope['lock']
def lock_late(fd):
    scope['lock'] = lock
    os.rename(partial, place)
    return lock(fd)
scope['lock'] = lock_late
file = scope['HiddenFile'](place, sys.argv[4])
print(file.can_stay, file.have)
file.discard()
"""


def test_a_part_that_was_just_put_in_its_place_is_not_gone_on_with(place):
    """Who opened it before that, and has it locked after, would write into the new file."""
    (place.parent / PARTIAL).write_bytes(BIG)
    here = os.path.dirname(os.path.abspath(__file__))
    seen = subprocess.run([sys.executable, '-c', RACE, here, str(place), str(place.parent / PARTIAL), KEY], stdout=subprocess.PIPE)
    assert seen.stdout == b'False 0\n'
    assert place.read_bytes() == BIG and names(place) == ['file']


# -- the file in the place --

def test_a_file_that_is_there_is_not_sent(agent, place):
    place.write_bytes(BIG)
    place.chmod(0o604)
    before = place.stat()
    stream, told = begin_put(agent, place, len(BIG))
    assert told == {'have': len(BIG), 'sha256': sum_of(BIG)}
    assert go_on(agent, stream, BIG, len(BIG))['sha256'] == sum_of(BIG)
    after = place.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, before.st_mtime_ns, before.st_mode)
    assert place.read_bytes() == BIG and names(place) == ['file']


def test_it_gets_the_mode_and_the_time(agent, place):
    place.write_bytes(BIG)
    stream, _ = begin_put(agent, place, len(BIG), mode='0711', mtime=10**18)
    go_on(agent, stream, BIG, len(BIG))
    status = place.stat()
    assert stat.S_IMODE(status.st_mode) == 0o711 and abs(status.st_mtime_ns - 10**18) < 1000


@pytest.fixture
def unprivileged():
    """An agent of an account without rights, and a folder of its."""
    with tempfile.TemporaryDirectory(prefix='mitogen-present-') as name:
        folder = pathlib.Path(name)
        python = folder / 'python'
        python.write_text('#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 "$@"\n')
        python.chmod(0o755)
        os.chown(name, 65534, 65534)
        agent = Controller(str(python), directory='/')
        yield agent, folder
        agent.end()


@pytest.mark.parametrize('call,stands', [({}, True), ({'mode': '0640'}, False), ({'mtime': 10**18}, False)], ids=['as it is', 'mode', 'time'])
def test_one_of_another_account_is_replaced_where_only_its_owner_may_set_what_is_asked(unprivileged, call, stands):
    agent, folder = unprivileged
    place = folder / 'file'
    place.write_bytes(BIG)
    before = place.stat()
    stream, told = begin_put(agent, place, len(BIG), **call)
    assert told == {'have': len(BIG), 'sha256': sum_of(BIG)}, 'it is not sent again'
    go_on(agent, stream, BIG, len(BIG))
    after = place.stat()
    assert (after.st_ino == before.st_ino) == stands and after.st_uid == (0 if stands else 65534)
    assert place.read_bytes() == BIG and names(place) == ['file', 'python']
    assert 'mode' not in call or stat.S_IMODE(after.st_mode) == 0o640
    assert 'mtime' not in call or after.st_mtime_ns == 10**18


def test_one_of_the_same_size_that_is_another_is_replaced(agent, place):
    place.write_bytes(BIG[::-1])
    stream, told = begin_put(agent, place, len(BIG))
    assert told == {'have': len(BIG), 'sha256': sum_of(BIG[::-1])}
    go_on(agent, stream, BIG, 0)
    assert place.read_bytes() == BIG and names(place) == ['file']


def test_one_that_is_written_meanwhile_is_told(agent, place):
    place.write_bytes(BIG)
    stream, _ = begin_put(agent, place, len(BIG))
    with open(str(place), 'ab') as file:
        file.write(b'x')
    assert refused(go_on, agent, stream, BIG, len(BIG)) == 'changed'
    assert place.read_bytes() == BIG + b'x' and names(place) == ['file']


@pytest.mark.parametrize('content', [b'', BIG[:-1], BIG + b'x'], ids=['empty', 'shorter', 'longer'])
def test_one_of_another_size_is_not_read(agent, place, content):
    place.write_bytes(content)
    assert begin_put(agent, place, len(BIG))[1]['have'] == 0


def test_what_an_earlier_try_left_comes_before_it(agent, place):
    cut_off(agent, place, BIG, 200000)
    place.write_bytes(BIG[::-1])
    assert begin_put(agent, place, len(BIG))[1]['have'] == 200000


# -- the same source in another place --

def test_content_that_came_before_is_copied(agent, place):
    stream, _ = begin_put(agent, place, len(BIG))
    go_on(agent, stream, BIG, 0)
    second = place.parent / 'second'
    stream, told = begin_put(agent, second, len(BIG))
    assert told == {'have': len(BIG), 'sha256': sum_of(BIG)}
    place.write_bytes(b'no matter now')
    go_on(agent, stream, BIG, len(BIG))
    assert second.read_bytes() == BIG and names(place) == ['file', 'second']


def test_it_is_found_where_somebody_moved_it(agent, place):
    moved = place.parent / 'moved'
    stream, _ = begin_put(agent, place, len(BIG), places=[str(place.parent), str(moved)])
    go_on(agent, stream, BIG, 0)
    place.rename(moved)
    assert begin_put(agent, place.parent / 'second', len(BIG))[1]['have'] == len(BIG)


def test_of_another_source_nothing_is_there(agent, place):
    stream, _ = begin_put(agent, place, len(BIG))
    go_on(agent, stream, BIG, 0)
    assert begin_put(agent, place.parent / 'second', len(BIG), key='ffffffffffff')[1]['have'] == 0


def test_a_copy_that_is_other_than_the_source_is_not_taken(agent, place):
    stream, _ = begin_put(agent, place, len(BIG))
    go_on(agent, stream, BIG, 0)
    place.write_bytes(BIG[::-1])
    second = place.parent / 'second'
    stream, told = begin_put(agent, second, len(BIG))
    assert told['sha256'] == sum_of(BIG[::-1])
    go_on(agent, stream, BIG, 0)
    assert second.read_bytes() == BIG and names(place) == ['file', 'second']


# -- the private directory, which goes with the node --

def test_what_comes_into_the_private_directory_is_gone_on_with_by_another_node(tmp_path):
    data = os.urandom(WORTH_KEEPING + 700000)

    def put_there(agent):
        directory = json.loads(agent.answer(files(agent, 'tmp', {'candidates': [str(tmp_path)]}))[0].decode())['path']
        return begin_put(agent, directory + '/task/source', len(data), directory=True, mode='0700') + (directory,)

    first, second = Controller(), Controller()
    stream, _, directory = put_there(first)
    first.send(NODE, stream, wire.DATA, bytes(8), rank=3)
    for at in range(0, WORTH_KEEPING, 131072):
        first.send(NODE, stream, wire.DATA, data[at:at + 131072], rank=3)
        first.wait(lambda f: f[1] == stream and f[2] == wire.CREDIT)
    first.close()
    deadline = time.monotonic() + 20
    while os.path.exists(directory):
        assert time.monotonic() < deadline
        time.sleep(0.01)  # nothing tells when an agent has cleaned up: it is looked for again
    stream, told, directory = put_there(second)
    assert told == {'have': WORTH_KEEPING, 'sha256': sum_of(data[:WORTH_KEEPING])}
    go_on(second, stream, data, WORTH_KEEPING)
    with open(directory + '/task/source', 'rb') as file:
        assert file.read() == data
    assert os.listdir(str(tmp_path)) == [os.path.basename(directory)]
    first.process.stderr.close()
    second.end()
