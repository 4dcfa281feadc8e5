"""A file arrives whole, or not at all: what `put` and `get` do when something goes wrong on the way."""
import fcntl
import hashlib
import json
import os
import stat

import pytest

from support.controller import NODE, Controller, wire
from support.files import FILES, files, names, put, put_summed, refused

BIG = os.urandom(700000)
LEFT = '.file.0123456789ab.mitogen'


@pytest.fixture
def place(tmp_path):
    """A file with old content."""
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    return path


# -- what comes is what was sent --

def test_a_sum_behind_the_content_is_compared(agent, place):
    assert put_summed(agent, place, BIG)['sha256'] == hashlib.sha256(BIG).hexdigest()
    assert place.read_bytes() == BIG and names(place) == ['file']


@pytest.mark.parametrize('digest,code', [(b'x' * 32, 'integrity'), (b'', 'integrity'), (b'x' * 33, 'protocol')],
                         ids=['wrong', 'missing', 'too long'])
def test_content_with_another_sum_leaves_the_old_file(agent, place, digest, code):
    assert refused(put_summed, agent, place, BIG, digest) == code
    assert place.read_bytes() == b'old' and names(place) == ['file']


def test_a_small_file_comes_with_its_sum(agent, place):
    put(agent, place, b'new', sha256=hashlib.sha256(b'new').hexdigest())
    assert place.read_bytes() == b'new'
    assert refused(put, agent, place, b'other', sha256=hashlib.sha256(b'new').hexdigest()) == 'integrity'
    assert place.read_bytes() == b'new' and names(place) == ['file']


def test_a_source_of_another_size_than_announced_has_changed(agent, place):
    agent.supply(FILES)
    header = {'op': 'put', 'part': FILES[0].hex(), 'size': 0, 'summed': True}
    stream = agent.request(header, b'{"path":"%s","size":5}' % str(place).encode(), rank=3)
    agent.send(NODE, stream, wire.DATA, hashlib.sha256().digest(), rank=3)
    agent.send(NODE, stream, wire.END, rank=3)
    assert refused(agent.answer, stream) == 'changed'
    assert place.read_bytes() == b'old'


# -- a file that changes while it is read --

def begin_to_read(agent, path, **call):
    """Reads until the agent waits for credit."""
    agent.generous = False
    stream = files(agent, 'get', dict(call, path=str(path)))
    received = 0
    while received < wire.WINDOW:
        received += len(agent.wait(lambda f: f[1] == stream and f[2] == wire.DATA)[4])
    return stream


def read_on(agent, stream):
    agent.generous = True
    agent.send(NODE, stream, wire.CREDIT, wire.U32.pack(wire.WINDOW))
    return agent.answer(stream)


def append(path):
    with open(str(path), 'ab') as f:
        f.write(b'x')


def overwrite(path):
    with open(str(path), 'r+b') as f:
        f.write(b'x')
    # The clock of file systems is coarse.
    os.utime(str(path), (1, 1))


def replace(path):
    other = path.parent / 'other'
    other.write_bytes(BIG)
    status = path.stat()
    os.utime(str(other), ns=(status.st_mtime_ns, status.st_mtime_ns))
    other.rename(path)


@pytest.mark.parametrize('change', [append, overwrite, replace, os.unlink], ids=['longer', 'other', 'replaced', 'gone'])
def test_a_file_that_changes_while_it_is_read_is_an_error(agent, tmp_path, change):
    path = tmp_path / 'source'
    path.write_bytes(BIG)
    stream = begin_to_read(agent, path)
    change(path)
    assert refused(read_on, agent, stream) == 'changed'


def test_a_source_that_may_change_does(agent, tmp_path):
    path = tmp_path / 'source'
    path.write_bytes(BIG)
    stream = begin_to_read(agent, path, changing=True)
    append(path)
    assert json.loads(read_on(agent, stream)[0].decode())['size'] == len(BIG) + 1


def test_a_file_that_stays_is_read_to_its_end(agent, tmp_path):
    path = tmp_path / 'source'
    path.write_bytes(BIG)
    assert len(read_on(agent, begin_to_read(agent, path))) == 2


# -- what a dead run leaves --

def test_the_next_transfer_removes_what_a_killed_node_left(place):
    first = Controller()
    first.supply(FILES)
    stream = files(first, 'put', {'path': str(place), 'size': len(BIG)}, b'')
    first.send(NODE, stream, wire.DATA, BIG[:65536] * 2, rank=3)
    first.wait(lambda f: f[1] == stream and f[2] == wire.CREDIT)
    first.process.kill()
    first.process.wait()
    assert len(names(place)) == 2 and place.read_bytes() == b'old'
    second = Controller()
    put(second, place, b'new')
    assert names(place) == ['file'] and place.read_bytes() == b'new'
    first.end()
    second.end()


def test_what_a_live_run_writes_is_not_removed(agent, place):
    hidden = place.parent / LEFT
    with open(str(hidden), 'wb') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        put(agent, place, b'new')
        assert names(place) == [LEFT, 'file']


@pytest.mark.parametrize('name', ['file.0123456789ab.mitogen', '.file.0123.mitogen', '.file.0123456789ab', '.mitogen'])
def test_other_hidden_files_are_not_removed(agent, place, name):
    (place.parent / name).write_bytes(b'x')
    (place.parent / LEFT).write_bytes(b'x')
    put(agent, place, b'new')
    assert names(place) == sorted([name, 'file'])


def test_a_link_with_such_a_name_leads_nowhere(agent, place, tmp_path):
    (place.parent / LEFT).symlink_to(place)
    put(agent, tmp_path / 'second', b'new')
    assert place.read_bytes() == b'old'


# -- owner, mode, time, holes --

def test_a_new_file_takes_a_mode_less_the_umask(agent, tmp_path):
    put(agent, tmp_path / 'new', b'x', new_mode='0777')
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / 'new').stat().st_mode) == 0o777 & ~mask


def test_an_old_file_keeps_its_mode(agent, place):
    place.chmod(0o640)
    put(agent, place, b'x', new_mode='0777')
    assert stat.S_IMODE(place.stat().st_mode) == 0o640


def test_the_time_is_set(agent, place):
    put(agent, place, b'x', mtime=1234567890987654321)
    assert abs(place.stat().st_mtime_ns - 1234567890987654321) < 1000


def test_the_owner_stays(agent, place):
    os.chown(str(place), 65534, 65534)
    place.chmod(0o6711)
    put(agent, place, b'x')
    status = place.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 65534, 0o6711)


@pytest.mark.parametrize('data', [bytes(8 << 20), b'begin' + bytes(4 << 20) + b'end', BIG + bytes(4 << 20)],
                         ids=['only holes', 'within', 'at the end'])
def test_a_sparse_file_stays_sparse(agent, place, data):
    assert put_summed(agent, place, data, sparse=True)['size'] == len(data)
    assert place.read_bytes() == data
    assert place.stat().st_blocks * 512 <= len(data) - (3 << 20)
