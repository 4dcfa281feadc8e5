"""The operations list, put_many and get_many: trees of files, many in a message."""
import fcntl
import hashlib
import json
import os
import stat

import pytest

from support.controller import NODE, wire
from support.files import begin_trees, refused, trees


def entry(kind, path, content=b'', mode='0644', mtime=10**18, **more):
    return dict(more, kind=kind, path=str(path), mode=mode, mtime=mtime, sha256=hashlib.sha256(content).hexdigest())


def put_many(agent, entries, contents=(), **call):
    return trees(agent, 'put_many', dict(call, entries=entries), *contents)[0]['errors']


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / 'top'
    (top / 'inner' / 'empty').mkdir(parents=True)
    (top / 'inner' / u'gr\u00fc\u00df').write_bytes(b'within')
    (top / 'z').write_bytes(b'last')
    (top / 'link').symlink_to('inner')
    os.mkfifo(str(top / 'pipe'))
    return top


# -- list --

def test_a_directory_is_listed_before_what_it_holds(agent, tree):
    listing = trees(agent, 'list', {'paths': [str(tree)], 'recursive': True})[0]
    assert listing['roots'] == [str(tree)]
    assert [(e[1], e[2], e[6]) for e in listing['entries']] == [
        ('', 'directory', ''), ('inner', 'directory', ''), ('inner/empty', 'directory', ''), (u'inner/gr\u00fc\u00df', 'file', ''),
        ('link', 'link', 'inner'), ('pipe', 'other', ''), ('z', 'file', '')]
    size, mode, mtime = listing['entries'][-1][3:6]
    status = (tree / 'z').stat()
    assert (size, int(mode, 8)) == (4, stat.S_IMODE(status.st_mode)) and abs(mtime - status.st_mtime_ns) < 1000


def test_places_are_listed_by_themselves(agent, tree):
    places = [str(tree), str(tree / 'none'), str(tree / 'z' / 'below'), '~', str(tree / 'link')]
    listing = trees(agent, 'list', {'paths': places})[0]
    assert [(e[0], e[2]) for e in listing['entries']] == [
        (0, 'directory'), (1, 'missing'), (2, 'missing'), (3, 'directory'), (4, 'directory')]
    assert listing['roots'][3] == os.path.expanduser('~')


def test_a_name_that_json_cannot_hold_is_told(agent, tmp_path):
    with open(os.path.join(str(tmp_path).encode(), b'\xff'), 'wb'):
        pass
    (tmp_path / 'good').write_bytes(b'')
    listing = trees(agent, 'list', {'paths': [str(tmp_path)], 'recursive': True})[0]
    assert [(e[2], e[6]) for e in listing['entries']] == [
        ('directory', ''), ('file', ''), ('error', 'its name is not UTF-8')]


# -- put_many --

def test_a_tree_comes_in_one_message(agent, tmp_path):
    top = tmp_path / 'top'
    errors = put_many(agent, [
        entry('directory', top, mode='0555'), entry('directory', top / 'inner', mode='0755'),
        entry('file', top / 'inner' / 'file', b'content', mode='0600'), entry('file', top / 'empty'),
        entry('link', top / 'link', target='inner/file')], [b'content', b''], preserve=True)
    assert errors == []
    assert (top / 'inner' / 'file').read_bytes() == b'content' and (top / 'empty').read_bytes() == b''
    status = (top / 'inner' / 'file').stat()
    assert stat.S_IMODE(status.st_mode) == 0o600 and abs(status.st_mtime_ns - 10**18) < 1000
    assert os.readlink(str(top / 'link')) == 'inner/file'
    assert stat.S_IMODE(top.stat().st_mode) == 0o755, 'what goes in can be written'
    assert put_many(agent, [entry('finish', top, mode='0555')]) == []
    assert stat.S_IMODE(top.stat().st_mode) == 0o555 and abs(top.stat().st_mtime_ns - 10**18) < 1000
    assert sorted(os.listdir(str(top))) == ['empty', 'inner', 'link']


def test_what_cannot_be_written_is_told_and_the_rest_is_written(agent, tmp_path):
    (tmp_path / 'directory').mkdir()
    (tmp_path / 'old').write_bytes(b'old')
    wrong = entry('file', tmp_path / 'old', b'one')
    errors = put_many(agent, [
        entry('file', tmp_path / 'none' / 'file', b'x'), entry('file', tmp_path / 'directory', b'x'), wrong,
        entry('directory', tmp_path / 'old'), entry('link', tmp_path / 'directory', target='x'),
        entry('file', tmp_path / 'good', b'good')], [b'x', b'x', b'two', b'good'])
    assert [os.path.relpath(e['path'], str(tmp_path)) for e in errors] == [
        'none/file', 'directory', 'old', 'old', 'directory']
    assert 'not what was sent' in errors[2]['message']
    assert (tmp_path / 'good').read_bytes() == b'good' and (tmp_path / 'old').read_bytes() == b'old'
    assert sorted(os.listdir(str(tmp_path))) == ['directory', 'good', 'old']


def test_a_file_without_its_content_is_told(agent, tmp_path):
    assert len(put_many(agent, [entry('file', tmp_path / 'file', b'x')])) == 1


def test_a_new_file_takes_its_mode_and_an_old_one_keeps_it(agent, tmp_path):
    (tmp_path / 'old').write_bytes(b'')
    (tmp_path / 'old').chmod(0o604)
    put_many(agent, [entry('file', tmp_path / name, b'x', mode='0755') for name in ('old', 'new')], [b'x', b'x'])
    mask = os.umask(0)
    os.umask(mask)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ('old', 'new')] == [0o604, 0o755 & ~mask]


def test_batches_are_written_in_the_order_in_which_they_came(agent, tmp_path):
    """Long ones too, beside which other requests have their turn."""
    streams = []
    for number in range(8):
        folder = tmp_path / '/'.join('d' * (number + 1))
        entries = [entry('directory', folder)] + [entry('file', folder / str(n), b'x') for n in range(100)]
        streams.append(begin_trees(agent, 'put_many', {'entries': entries}, *[b'x'] * 100))
    agent.send(0, 0, wire.PING, b'x')
    agent.wait(lambda f: f[2] == wire.PONG)
    for stream in streams:
        assert json.loads(agent.answer(stream)[0].decode()) == {'errors': []}
    assert len([f for _, _, names in os.walk(str(tmp_path)) for f in names]) == 800


def test_a_batch_that_is_cancelled_ends_between_two_files(modern_agent, tmp_path):
    agent = modern_agent
    entries = [entry('file', tmp_path / str(n), b'x') for n in range(1000)]
    stream = begin_trees(agent, 'put_many', {'entries': entries}, *[b'x'] * 1000)
    agent.send(NODE, stream, wire.CANCEL)
    assert refused(agent.answer, stream) == 'cancelled'
    count = len(os.listdir(str(tmp_path)))
    assert count < 1000
    assert put_many(agent, [entry('file', tmp_path / 'next', b'x')], [b'x']) == []
    assert len(os.listdir(str(tmp_path))) == count + 1
    assert not [name for name in os.listdir(str(tmp_path)) if name.startswith('.')]


# -- get_many --

def test_many_files_come_in_one_message(agent, tree):
    paths = [str(tree / 'z'), str(tree / 'none'), str(tree / 'inner' / u'gr\u00fc\u00df'), str(tree)]
    meta, contents = trees(agent, 'get_many', {'paths': paths})
    assert contents == [b'last', b'', b'within', b'']
    assert [f.get('sha256') for f in meta['files']] == [
        hashlib.sha256(b'last').hexdigest(), None, hashlib.sha256(b'within').hexdigest(), None]
    assert [f.get('message') for f in meta['files']] == [None, 'No such file or directory', None, 'Is a directory']


def test_a_file_that_has_grown_beyond_a_batch_is_told(agent, tmp_path):
    (tmp_path / 'file').write_bytes(bytes(126977))
    meta, contents = trees(agent, 'get_many', {'paths': [str(tmp_path / 'file')]})
    assert meta['files'][0]['message'] == 'changed while it was read' and contents == [b'']


# -- links, which cannot be locked --

def left_link(folder, partner):
    """A link in the making, and the hidden file that goes with it, as one who was killed leaves them."""
    name = '.link.0123456789ab.mitogen'
    (folder / (name + '-link')).symlink_to('new')
    if partner:
        (folder / name).write_bytes(b'')
    return folder / name


@pytest.mark.parametrize('partner', [False, True], ids=['alone', 'with its file'])
def test_a_link_that_a_killed_node_left_is_removed(agent, tmp_path, partner):
    left_link(tmp_path, partner)
    assert put_many(agent, [entry('file', tmp_path / 'file', b'x')], [b'x']) == []
    assert os.listdir(str(tmp_path)) == ['file']


def test_one_that_somebody_is_making_stays(agent, tmp_path):
    hidden = left_link(tmp_path, True)
    with open(str(hidden), 'wb') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        put_many(agent, [entry('file', tmp_path / 'file', b'x')], [b'x'])
        assert len(os.listdir(str(tmp_path))) == 3


def test_a_link_takes_the_place_of_a_file_and_of_a_link(agent, tmp_path):
    (tmp_path / 'file').write_bytes(b'old')
    (tmp_path / 'link').symlink_to('old')
    assert put_many(agent, [entry('link', tmp_path / name, target='new') for name in ('file', 'link', 'other')]) == []
    assert [os.readlink(str(tmp_path / name)) for name in ('file', 'link', 'other')] == ['new'] * 3
    assert sorted(os.listdir(str(tmp_path))) == ['file', 'link', 'other']
