"""The new-style runner's Python half, on every ansible-core at hand, in executors that are used again.

MITOGEN_TEST_VENVS names virtual environments with ansible-core, as tools/test sets it (SERIES=FOLDER, separated by colons); without it
the tests' own interpreter has one, or ANSIBLE_CORES is a pattern of folders that hold a package `ansible`.
"""
import glob
import json
import os
import re
import sys
import sysconfig
import textwrap

import pytest

from support import pythons
from support.ansible_program import AnsibleProgram, arguments
from support.controller import Controller, wire

MODULE = 'ansible.modules.probe'
HEAD = 'from ansible.module_utils.basic import AnsibleModule\n'


def cores():
    patterns = [os.path.join(word.partition('=')[2], 'lib', 'python3*', 'site-packages')
                for word in os.environ.get('MITOGEN_TEST_VENVS', '').split(':') if word]
    patterns = patterns or [os.environ.get('ANSIBLE_CORES') or sysconfig.get_path('purelib')]
    found = []
    for folder in [folder for pattern in patterns for folder in glob.glob(pattern)]:
        if not os.path.exists(os.path.join(folder, 'ansible', 'release.py')):
            continue
        with open(os.path.join(folder, 'ansible', 'release.py')) as f:
            found.append((re.search(r"__version__ = '([\d.]+)", f.read()).group(1), folder))
    assert found, 'no ansible-core in %s' % patterns
    return sorted(found)


CORES = cores()
NEWEST = CORES[-1]


def probe(source, core=None, head=HEAD):
    version, folder = core or NEWEST
    return AnsibleProgram(folder, version, MODULE, {
        'ansible/modules/probe.py': (head + textwrap.dedent(source)).encode()})


@pytest.fixture(scope='module')
def agent():
    controller = Controller()
    yield controller
    controller.end()


def result(agent, program, rc=0, **values):
    values.setdefault('_ansible_tracebacks_for', []) if NEWEST[0] >= '2.19' else None
    meta, out, err = agent.run(program, arguments(**values))
    assert meta == {'rc': rc}, (out, err)
    return json.loads(out.decode()) if out.strip() else err.decode()


@pytest.mark.parametrize('core', CORES, ids=[version for version, _ in CORES])
@pytest.mark.parametrize('python', pythons.EVERY, ids=pythons.NAMES)
def test_command_runs_everywhere(python, core):
    version, folder = core
    oldest = {'2.16': (2, 7), '2.17': (3, 7), '2.18': (3, 8), '2.19': (3, 8), '2.20': (3, 9), '2.21': (3, 9)}
    agent = Controller(python)
    supported = tuple(agent.hello['version']) >= oldest[version[:4]] and agent.hello['version'] < [3, 15]
    values = {'_ansible_tracebacks_for': []} if version >= '2.19' else {}
    program = AnsibleProgram(folder, version)
    for word in ('one', 'two', 'three') if supported else ():
        meta, out, err = agent.run(program, arguments(_raw_params='echo ' + word, **values))
        assert meta == {'rc': 0}, (out, err)
        assert json.loads(out.decode())['stdout'] == word
    if supported:
        relative = probe('AnsibleModule({}).exit_json(package=__package__)', core, 'from ..module_utils.basic import AnsibleModule\n')
        meta, out, err = agent.run(relative, arguments(**values))
        assert meta == {'rc': 0} and json.loads(out.decode())['package'] == 'ansible.modules', (out, err)
    else:
        meta, _, _ = agent.run(program, arguments(_raw_params='true', **values))
        assert meta['rc'] == 1
    assert not [f for f in agent.frames if f[2] == wire.LOG and b'"error"' in f[4]]
    agent.end()


@pytest.mark.parametrize('core', CORES, ids=[version for version, _ in CORES])
def test_a_command_is_started_without_a_fork_of_the_interpreter(core):
    source = '''
    import os, subprocess
    forks = []
    os.register_at_fork(before=lambda: forks.append(1))
    module = AnsibleModule({})
    seen = [module.run_command(['sh', '-c', 'kill -PIPE $$'])[0], len(forks)]
    seen += [module.run_command('umask', use_unsafe_shell=True, umask=0o27)[1].strip(), len(forks)]
    subprocess.run(['true'], preexec_fn=lambda: os.write(2, b'called'))
    module.exit_json(seen=seen, forks=len(forks))
    '''
    agent = Controller()
    values = {'_ansible_tracebacks_for': []} if core[0] >= '2.19' else {}
    for each in ('AnsibleModule({}).exit_json()', source):
        meta, out, err = agent.run(probe(each, core), arguments(**values))
        assert meta == {'rc': 0}, (out, err)
    # Signals are as in a program that any Python starts; and what there is to do before it is done.
    assert json.loads(out.decode())['seen'] == [-13, 0, '0027', 1] and err == b'called' and json.loads(out.decode())['forks'] == 2
    agent.end()


def test_nothing_of_one_task_is_seen_by_the_next(agent):
    source = '''
    import atexit, locale, logging, os, socket, sys, tempfile, warnings
    import ansible.module_utils.basic as basic
    from ansible.module_utils.common import warnings as ours
    from ansible.module_utils.common.text import converters
    seen = dict(
        arguments=list(sys.argv[1:]), environment=os.environ.get('LEFT'), marks=getattr(basic, 'MARK', None),
        deep=basic.FILE_COMMON_ARGUMENTS['mode'].get('mark'), tempdir=tempfile.tempdir, path='/left' in sys.path,
        timeout=socket.getdefaulttimeout(), handlers=len(logging.root.handlers), main=globals().get('mark'),
        hook=sys.excepthook is sys.__excepthook__, filters=len([f for f in warnings.filters if f[0] == 'error']),
        warned=len(ours.get_warning_messages()), pid=os.getpid(), name=__name__, utils=getattr(converters, 'MARK', None))
    mark = basic.MARK = converters.MARK = basic.FILE_COMMON_ARGUMENTS['mode']['mark'] = True
    os.environ['LEFT'] = 'behind'
    tempfile.tempdir = '/left'
    sys.path.append('/left')
    sys.argv.append('left')
    sys.excepthook = lambda *a: None
    socket.setdefaulttimeout(9)
    logging.root.addHandler(logging.StreamHandler())
    warnings.simplefilter('error')
    AnsibleModule({}).warn('a warning')
    AnsibleModule({}).exit_json(**seen)
    '''
    result(agent, probe(source))  # imports what the fork server has not yet
    first, second = result(agent, probe(source)), result(agent, probe(source))
    first['warnings'] = second.setdefault('warnings', first.get('warnings'))
    assert first == second
    assert first['environment'] is None and first['handlers'] == 0 and first['name'] == '__main__'
    assert first['timeout'] is None and first['tempdir'] is None and first['hook'] is True


USES_DISTRO = '''
    import os, sys, types
    from ansible.module_utils import distro
    from ansible.module_utils.common.sys_info import get_distribution
    before = type(distro).__name__, isinstance(distro, types.ModuleType), distro.__name__, getattr(distro, 'MARK', None)
    import ansible.module_utils.distro._distro
    same = sys.modules['ansible.module_utils.distro._distro']
    from ansible.module_utils.distro import LinuxDistribution
    distro.MARK = distro._distro.mark = True
    AnsibleModule({}).exit_json(
        before=before, after=type(distro).__name__, same=same is distro is sys.modules['ansible.module_utils.distro'],
        own=LinuxDistribution is vars(same)['LinuxDistribution'] and 'id' in dir(same), name=get_distribution(),
        file=distro.__file__, pid=os.getpid())
'''


def test_a_late_file_is_waited_for_when_it_is_used():
    agent = Controller()
    program = AnsibleProgram(NEWEST[1], NEWEST[0])
    agent.supply(*program.needed)
    values = {'_ansible_tracebacks_for': []} if NEWEST[0] >= '2.19' else {}
    stream = agent.start(program, arguments(_raw_params='echo one', **values))
    assert json.loads(agent.result(stream)[1].decode())['stdout'] == 'one'
    user = probe(USES_DISTRO)
    agent.supply(*user.needed)
    first, second = [agent.start(user, arguments(**values)) for _ in range(2)]
    assert not agent.answered(first, 0.5)
    agent.supply(*user.late)
    results = [json.loads(agent.result(stream)[1].decode()) for stream in (first, second)]
    results.append(result(agent, probe(USES_DISTRO + '    # another\n')))
    for each in results:
        assert each['after'] == 'module' and each['same'] and each['own'] and each['name']
        assert each['before'] in (
            ['Late', True, 'ansible.module_utils.distro._distro', None], ['module', True, 'distro', None])
    assert not [f for f in agent.frames if f[2] in (wire.NEED, wire.LOG) and b'"debug"' not in f[4]]
    agent.end()


def test_a_child_of_a_module_has_what_came_late(agent):
    source = '''
    import os, sys
    from ansible.module_utils import distro
    pid = os.fork()
    if pid == 0:
        os._exit(0 if distro.id() is not None else 1)
    AnsibleModule({}).exit_json(status=os.waitpid(pid, 0)[1])
    '''
    fresh = Controller()
    program = probe(source)
    fresh.supply(*program.needed)
    values = {'_ansible_tracebacks_for': []} if NEWEST[0] >= '2.19' else {}
    stream = fresh.start(program, arguments(**values))
    assert not fresh.answered(stream, 0.5)
    fresh.supply(*program.late)
    assert json.loads(fresh.result(stream)[1].decode())['status'] == 0
    fresh.end()


def test_a_respawned_interpreter_finds_the_late_file_too(agent):
    source = '''
    import subprocess, sys, __main__
    code = 'import sys; sys.path.insert(0, sys.argv[1]); import ansible.module_utils.distro._distro; print(sorted(sys.modules))'
    out = subprocess.check_output([sys.executable, '-c', code, __main__._modlib_path], close_fds=False).decode()
    AnsibleModule({}).exit_json(out=out)
    '''
    assert 'ansible.module_utils.distro._distro' in result(agent, probe(source))['out']


def test_warnings_are_those_of_this_task_only(agent):
    source = 'm = AnsibleModule(dict(word=dict()))\nm.warn(m.params["word"])\nm.exit_json()\n'
    for word in ('one', 'two'):
        warnings = json.dumps(result(agent, probe(source), word=word)['warnings'])
        assert word in warnings and ('one' in warnings) == (word == 'one')


def test_exit_handlers_and_open_files_are_those_of_an_interpreters_end(agent, tmp_path):
    source = '''
    import atexit, tempfile, threading
    def wait():
        open(%r, 'w').write('thread')
    threading.Thread(target=wait).start()
    left = open(%r, 'w')
    left.write('flushed')
    atexit.register(lambda: open(%r, 'w').write('atexit'))
    folder = tempfile.TemporaryDirectory()
    AnsibleModule({}).exit_json(folder=folder.name)
    ''' % tuple(str(tmp_path / name) for name in 'abc')
    for _ in range(2):
        folder = result(agent, probe(source))['folder']
        assert [(tmp_path / name).read_text() for name in 'abc'] == ['thread', 'flushed', 'atexit']
        assert not os.path.exists(folder)
        for name in 'abc':
            (tmp_path / name).unlink()


def test_a_module_that_does_not_exit_by_itself_has_failed(agent):
    meta, out, err = agent.run(probe('AnsibleModule({})\n'), arguments())
    assert meta == {'rc': 1}
    assert b'did not handle its own exit' in out


@pytest.mark.parametrize('source', ['raise ValueError("oh no")', 'import no_such_module', 'x ='],
                         ids=['exception', 'import', 'syntax'])
def test_an_exception_is_told_as_stock_tells_it(agent, source):
    for core in CORES[:1] + CORES[-1:]:
        meta, out, err = agent.run(probe(source + '\n', core, ''), arguments())
        assert meta == {'rc': 1}
        told = err if core[0] < '2.19' else out
        assert re.search(b'oh no|no_such_module|[Ss]yntax', told)
        if core[0] < '2.19':
            assert err.startswith(b'Traceback')
            assert b'runner' not in err or b'SyntaxError' in err, 'our own frames are not shown'


@pytest.mark.parametrize('code,rc,said', [('0', 0, ''), ('None', 0, ''), ('7', 7, ''), ('"why"', 1, 'why\n')])
def test_codes_are_those_of_an_interpreter(agent, code, rc, said):
    meta, _, err = agent.run(probe('import sys\nsys.exit(%s)\n' % code, head=''), arguments())
    assert (meta['rc'], err.decode()) == (rc, said)


def test_sources_resources_and_specs_are_found(agent):
    source = '''
    import inspect, pkgutil, sys
    from ansible.module_utils import basic
    from ansible.module_utils.common import respawn
    def here():
        pass
    AnsibleModule({}).exit_json(
        basic=len(inspect.getsource(basic)), here=inspect.getsource(here), file=__file__, package=__package__,
        spec=__spec__.name, parent=__spec__.parent,
        data=pkgutil.get_data('ansible.module_utils', 'common/respawn.py').decode()[:0] + 'read')
    '''
    got = result(agent, probe(source))
    assert got['basic'] > 1000 and got['here'].startswith('def here')
    assert got['file'].endswith('ansible/modules/probe.py')
    assert (got['package'], got['spec'], got['parent'], got['data']) == ('ansible.modules', MODULE, 'ansible.modules', 'read')


def test_a_module_can_respawn_under_another_interpreter(agent):
    source = '''
    import os, sys
    from ansible.module_utils.common.respawn import has_respawned, respawn_module
    if not has_respawned():
        respawn_module(%r)
    AnsibleModule(dict(word=dict())).exit_json(respawned=True, parent=os.getppid())
    ''' % sys.executable
    for _ in range(2):
        assert result(agent, probe(source), word='x')['respawned'] is True


def test_what_six_has_found_lazily_is_found_again(modern_agent):
    version, folder = [c for c in CORES if os.path.isdir(os.path.join(c[1], 'ansible', 'module_utils', 'six'))][-1]
    values = {'_ansible_tracebacks_for': []} if version >= '2.19' else {}
    program = probe('import os\nfrom ansible.module_utils.six.moves import StringIO, configparser, reduce\n'
                    'AnsibleModule({}).exit_json(pid=os.getpid(), found=StringIO("x").read())\n', (version, folder))
    results = [json.loads(modern_agent.run(program, arguments(**values))[1].decode()) for _ in range(8)]
    assert [result['found'] for result in results] == ['x'] * 8
    # Executors are used again, those of a node where no other module of this name has left descriptors open; there may be two, of which one
    # tidies up.
    pids = [result['pid'] for result in results]
    assert len(set(pids[-4:])) < 4, (pids, [frame[4] for frame in modern_agent.frames if frame[2] == wire.LOG])


def test_merged_output_is_in_the_order_of_writing(agent):
    program = probe('import sys\nprint("one")\nsys.stderr.write("two\\n")\nsys.stderr.flush()\nprint("three")\nsys.exit(0)\n', head='')
    for _ in range(2):
        assert agent.run(program, arguments(), call={'merge': True})[1:] == (b'one\ntwo\nthree\n', b'')
        assert agent.run(program, arguments())[1:] == (b'one\nthree\n', b'two\n')


def test_a_tasks_own_search_path_is_used_for_it_alone(agent, tmp_path):
    (tmp_path / 'beside.py').write_text('')
    program = probe('try:\n    import beside\nexcept ImportError:\n    beside = None\nAnsibleModule({}).exit_json(found=beside is not None)\n')
    def found(**environment):
        values = {'_ansible_tracebacks_for': []} if NEWEST[0] >= '2.19' else {}
        return json.loads(agent.run(program, arguments(**values), call={'environment': environment})[1].decode())['found']
    assert [found(), found(PYTHONPATH=str(tmp_path)), found()] == [False, True, False]


def test_other_module_utils_of_the_same_name_are_used_by_their_own_program_only(agent):
    source = HEAD + 'from ansible.module_utils.own import VALUE\nfrom ansible.module_utils.basic import SEQUENCETYPE\n' \
                    'import os\nAnsibleModule({}).exit_json(value=VALUE, pid=os.getpid())\n'
    version, folder = NEWEST
    with open(os.path.join(folder, 'ansible', 'module_utils', 'basic.py'), 'rb') as f:
        patched = f.read() + b'\nSEQUENCETYPE = "patched"\n'
    programs = [AnsibleProgram(folder, version, MODULE, dict({
        'ansible/modules/probe.py': source.replace('VALUE,', '[VALUE, str(SEQUENCETYPE)],').encode(),
        'ansible/module_utils/own.py': ('VALUE = %d\n' % n).encode()}, **more))
        for n, more in ((1, {}), (2, {}), (3, {'ansible/module_utils/basic.py': patched}))]
    for n in (0, 1, 2, 0, 2, 1):
        number, text = result(agent, programs[n])['value']
        assert number == n + 1
        assert (text == 'patched') == (n == 2)


def test_a_library_that_may_keep_state_costs_the_executor(agent, tmp_path):
    folder = tmp_path / 'site-packages'
    folder.mkdir()
    (folder / 'stateful.py').write_text('COUNT = []\n')
    source = 'import os, sys\nsys.path.insert(0, %r)\nimport stateful\nstateful.COUNT.append(1)\n' \
                    'AnsibleModule({}).exit_json(count=len(stateful.COUNT), pid=os.getpid())\n' % str(folder)
    first, second = result(agent, probe(source)), result(agent, probe(source))
    assert first['count'] == second['count'] == 1
    assert first['pid'] != second['pid']
