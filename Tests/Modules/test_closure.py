"""Our closure of a module is what Ansible's own archive of it holds: same paths, same content."""

import glob
import hashlib
import json
import os

import pytest

ansible_zip = pytest.importorskip('ansible_zip', reason='no ansible-core in this environment')

import synthetic  # noqa: E402
from probe import Probe  # noqa: E402

MODULES = sorted(glob.glob(os.path.join(ansible_zip.ANSIBLE, 'modules', '*.py')))
MODULES = [path for path in MODULES if not os.path.basename(path).startswith('__')]


# A directory with an `ansible_collections` of real collections, for a long run by hand.
GIVEN = os.environ.get('MITOGEN_CLOSURE_COLLECTIONS')


@pytest.fixture(scope='session')
def collections(tmp_path_factory):
    files = dict(synthetic.COLLECTIONS)
    if os.path.exists(os.path.join(ansible_zip.ANSIBLE, 'module_utils', 'embed.py')):
        files.update(synthetic.EMBED)
    return synthetic.write(tmp_path_factory.mktemp('collections'), files)


@pytest.fixture(scope='session')
def probe(collections):
    ansible_zip.start([collections] + ([GIVEN] if GIVEN else []))
    probe = Probe()
    yield probe
    probe.close()


@pytest.fixture(scope='session')
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp('content')


KNOWN_HASHES = {}


def hashes(probe, scratch, content, is_module):
    """The names of the blobs that this content may be sent as: as it is, and stripped."""
    raw = hashlib.sha256(content).hexdigest()
    key = raw, is_module
    if key not in KNOWN_HASHES:
        path = scratch / 'content'
        path.write_bytes(content)
        found = probe.ask(op='hashes', path=str(path), isModule=is_module)
        assert found['raw'] == raw
        KNOWN_HASHES[key] = found
    return KNOWN_HASHES[key]


def prepare(probe, name, path, utils=(), collections=()):
    return probe.ask(op='prepare', module={
        'name': name, 'path': str(path), 'ansible': ansible_zip.ANSIBLE, 'version': ansible_zip.VERSION,
        'utils': [str(each) for each in utils], 'collections': [str(each) for each in collections]})


def compare(probe, scratch, name, path, utils=(), collections=()):
    """Lines that say where we differ from Ansible; empty if nowhere. None for what is not Python."""
    theirs, their_error = None, None
    try:
        theirs = ansible_zip.members(name, str(path))
        if theirs is None:
            return None
    except ansible_zip.AnsibleError as error:
        their_error = error.message
    except Exception as error:  # some refusals are plain exceptions
        their_error = str(error)
    ours = prepare(probe, name, path, utils, collections)
    if their_error is not None and 'NoneType' in their_error:
        # 2.16 and 2.18 stumble over a directory without __init__.py; that it is refused is all that can be compared.
        return [] if 'error' in ours else ['Ansible fails, we do not']
    if their_error is not None or 'error' in ours:
        return [] if ours.get('error') == their_error else ['Ansible says %r, we %r' % (their_error, ours.get('error'))]
    program = json.loads(ours['program'])
    files = program['files']
    wrong = ['we lack %s' % each for each in sorted(set(theirs) - set(files))]
    wrong += ['we add %s' % each for each in sorted(set(files) - set(theirs))]
    for each in sorted(set(files) & set(theirs)):
        expected = hashes(probe, scratch, theirs[each], each == program['entry'])
        # Resources are sent as they are, whatever they hold.
        if files[each] != expected['raw' if '/_embed/' in each or '/resources/' in each else 'stripped']:
            wrong.append('%s has other content' % each)
    if program['entry'] not in files:
        wrong.append('%s, the entry, is not there' % program['entry'])
    if set(ours['blobs']) != set(files.values()) | {program['half']}:
        wrong.append('the blobs are not those that the program names')
    return wrong


def judge_all(probe, scratch, what, paths, collections=()):
    """`paths`: [(name, path)]"""
    judged, wrong, other = 0, {}, []
    for name, path in paths:
        difference = compare(probe, scratch, name, path, collections=collections)
        if difference is None:
            other.append(name)
            continue
        judged += 1
        if difference:
            wrong[name] = difference
    print('%s: %d modules judged, %d identical, %d are not Python' % (what, judged, judged - len(wrong), len(other)))
    assert not wrong, json.dumps(wrong, indent=1)[:4000]
    return judged


def test_every_module_of_ansible_core(probe, scratch):
    paths = [(os.path.basename(path)[:-3], path) for path in MODULES]
    assert judge_all(probe, scratch, 'ansible-core ' + ansible_zip.VERSION, paths) > 40


if GIVEN:
    def test_every_module_of_the_given_collections(probe, scratch):
        paths = []
        for path in sorted(glob.glob(GIVEN + '/ansible_collections/*/*/plugins/modules/**/*.py', recursive=True)):
            if not os.path.basename(path).startswith('__'):
                parts = path[len(GIVEN):].split('/')
                paths.append(('%s.%s.%s' % (parts[2], parts[3], parts[-1][:-3]), path))
        stride = int(os.environ.get('MITOGEN_CLOSURE_STRIDE', '1'))
        assert judge_all(probe, scratch, 'collections', paths[::stride], [GIVEN]) > 0


@pytest.mark.parametrize('name, path', synthetic.modules(synthetic.COLLECTIONS, synthetic.MODULES))
def test_every_way_to_import_in_a_collection(probe, scratch, collections, name, path):
    assert compare(probe, scratch, 'ns.coll.' + name, collections / path, collections=[collections]) == []


@pytest.mark.parametrize('name, path', synthetic.modules(synthetic.EMBED, synthetic.MODULES))
def test_every_way_to_embed_a_resource(probe, scratch, collections, name, path):
    if not (collections / path).exists():
        # Before 2.21: the import that switches it on is one that nobody can find.
        synthetic.write(collections, {path: synthetic.EMBED[path]})
    assert compare(probe, scratch, 'ns.coll.' + name, collections / path, collections=[collections]) == []


@pytest.fixture(scope='session')
def playbook(tmp_path_factory):
    from ansible.plugins.loader import module_utils_loader
    top = synthetic.write(tmp_path_factory.mktemp('playbook'), synthetic.LEGACY)
    module_utils_loader.add_directory(str(top / 'module_utils'))
    return top


@pytest.mark.parametrize('name, path', synthetic.modules(synthetic.LEGACY, 'library/'))
def test_modules_beside_a_playbook_use_its_module_utils(probe, scratch, collections, playbook, name, path):
    from ansible.plugins.loader import module_utils_loader
    utils = module_utils_loader._get_paths(subdirs=False)
    assert compare(probe, scratch, name, playbook / path, utils=utils, collections=[collections]) == []
