"""What modules leave behind in an executor: the next task finds it as it was, and the log says what was put back.

The judge is a probe: what it sees after a module that misbehaves is what it saw before.
"""
import json
import os

import pytest

from support import pythons
from support.controller import Controller, wire
from support.processes import gone
from support.programs import Program

IMPORTS = '''
import atexit, decimal, gc, json, locale, logging, os, random, resource, signal, socket, string, subprocess, sys, tempfile, threading, time, warnings
try:
    import builtins
except ImportError:
    import __builtin__ as builtins
'''
PROBE = Program(IMPORTS + '''
um = os.umask(0)
os.umask(um)
status = open('/proc/self/status').read()
print(json.dumps(dict(
    environment=sorted(os.environ.items()), umask=um, directory=os.getcwd(), argv=sys.argv, path=sys.path,
    handlers=[str(signal.getsignal(n)) for n in range(1, signal.NSIG)], pending=signal.alarm(0),
    blocked=[line for line in status.splitlines() if line.startswith(('SigBlk', 'SigIgn', 'SigCgt'))],
    locale=locale.setlocale(locale.LC_ALL, None), limits=[resource.getrlimit(n) for n in range(16)],
    recursion=sys.getrecursionlimit(), collecting=gc.isenabled(), thresholds=gc.get_threshold(),
    timeout=socket.getdefaulttimeout(), folder=tempfile.tempdir, precision=decimal.getcontext().prec,
    builtins=sorted(vars(builtins)), open=str(builtins.open).split(' at ')[0], modules='left' in sys.modules,
    loggers=len(logging.root.handlers), level=logging.root.level, filters=[str(f[:2]) for f in warnings.filters],
    hook=sys.excepthook is sys.__excepthook__, letters=string.digits, popen=subprocess.Popen.__init__.__name__,
    threads=threading.active_count(), zone=time.tzname, trace=sys.gettrace() is None, seed=decimal.Decimal is not None,
    streams=[s.fileno() for s in (sys.stdin, sys.stdout, sys.stderr)], letter=getattr(string, 'left', None),
    members=sorted(vars(subprocess)), fds=len(os.listdir('/proc/self/fd')), wakeup=signal.set_wakeup_fd(-1))))
''', 'probe')
WHO = Program('import os\nprint(os.getpid())', 'who')

#: What a module does, and what is told of it. It can be put back.
PUT_BACK = {
    'builtin': ('builtins.open = lambda *a: None', 'open'),
    'new builtin': ('builtins.left = 1', 'left'),
    'function': ('subprocess.call = len', 'subprocess.call'),
    'method': ('subprocess.Popen.__init__ = lambda self: None', 'subprocess.Popen.__init__'),
    'constant': ('string.digits = "9"', 'string.digits'),
    'new name': ('string.left = 1', 'string.left'),
    'removed name': ('del string.digits', 'string.digits'),
    'module': ('import types\nsys.modules["left"] = types.ModuleType("left")', 'module left'),
    'replaced module': ('sys.modules["string"] = sys.modules["json"]', 'module string'),
    'removed module': ('del sys.modules["string"]', 'module string'),
    'environment': ('os.environ["LEFT"] = "behind"\nos.environ.pop("PATH")', 'environment'),
    'replaced environment': ('os.environ = {}', 'environ'),
    'umask': ('os.umask(0o77)', 'umask'),
    'directory': ('os.chdir("/usr")', 'working directory'),
    'deleted directory': ('d = tempfile.mkdtemp()\nos.chdir(d)\nos.rmdir(d)', 'working directory'),
    'signal handler': ('signal.signal(signal.SIGUSR1, signal.SIG_IGN)', 'handler of signal 10'),
    'file': ('os.open("/etc/passwd", os.O_RDONLY)', 'descriptors'),
    'alarm': ('signal.alarm(100)', None),
    'locale': ('locale.setlocale(locale.LC_ALL, "C.UTF-8" if locale.setlocale(locale.LC_ALL) != "C.UTF-8" else "POSIX")', None),
    'soft limit': ('resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1]))', 'limits'),
    'search path': ('sys.path.insert(0, "/left")', 'sys.path'),
    'arguments': ('sys.argv.append("left")', None),
    'exit handler': ('atexit.register(lambda: None)', None),
    'warnings': ('warnings.simplefilter("error")', 'warnings.filters'),
    'socket timeout': ('socket.setdefaulttimeout(9)', 'socket timeout'),
    'temporary folder': ('tempfile.tempdir = "/left"', None),
    'decimal': ('decimal.getcontext().prec = 3', 'decimal context'),
    'recursion': ('sys.setrecursionlimit(5000)', 'recursion limit'),
    'collection': ('gc.disable()\ngc.set_threshold(1, 1, 1)', 'garbage collection'),
    'logging': ('logging.basicConfig(level=10)\nlogging.getLogger("left").addHandler(logging.NullHandler())', None),
    'level name': ('logging.addLevelName(5, "LEFT")', None),
    'hook': ('sys.excepthook = len', 'sys.excepthook'),
    'trace': ('sys.settrace(lambda *a: None)', None),
    'stdout': ('sys.stdout = open(os.devnull, "w")', 'sys.stdout'),
    'time zone': ('os.environ["TZ"] = "Asia/Tokyo"\ntime.tzset()', 'environment'),
}

#: What cannot be put back, and what is told.
LASTING = {
    'descriptor': ('os.open("/", os.O_RDONLY)', 'descriptors'),
    'closed descriptor': ('os.close(1)\nos.open(os.devnull, os.O_RDWR)', 'descriptors'),
    'thread': ('t = threading.Thread(target=time.sleep, args=(60,))\nt.daemon = True\nt.start()', 'threads'),
    'child': ('if os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)', 'children'),
    'account': ('os.setgid(65534)\nos.setuid(65534)', 'user or group'),
    'priority': ('os.nice(1)', 'priority'),
    'root': ('os.chroot("/usr")', 'root directory'),
    'library': ('import imp_left', 'imported imp_left'),
}


def retired(frame):
    return b'not used again' in frame[4]


class Veteran(object):
    """An agent whose executor has run the probe until the fork server had imported what it needs."""

    def __init__(self, python, folder):
        self.python = python
        (folder / 'imp_left.py').write_text('')
        (folder / 'ptyprocess.py').write_text('WAVE_FORMAT_PCM = 1')
        self.agent = Controller(python, environment=dict(os.environ, PYTHONPATH=str(folder)))
        pids = [None]
        while pids[-1] is None or pids[-1] != pids[-2]:
            self.pristine = self.probe()
            pids.append(self.who())
            assert len(pids) < 9, pids

    def run(self, program, **options):
        meta, out, err = self.agent.run(program, **options)
        assert meta == {'rc': 0}, err
        return out

    def probe(self):
        return json.loads(self.run(PROBE).decode())

    def who(self):
        return int(self.run(WHO))

    def said(self, module):
        """What was logged of a module until now: the next answer comes behind it."""
        self.who()
        found = [f for f in self.agent.frames if f[2] == wire.LOG and ('"%s: ' % module).encode() in f[4]]
        for frame in found:
            self.agent.frames.remove(frame)
        return [json.loads(f[4].decode()) for f in found]


@pytest.fixture(scope='module', params=pythons.FEW, ids=pythons.FEW_NAMES)
def veteran(request, tmp_path_factory):
    veteran = Veteran(request.param, tmp_path_factory.mktemp('library'))
    yield veteran
    veteran.agent.end()


@pytest.mark.parametrize('deed', PUT_BACK)
def test_what_can_be_put_back_is(veteran, deed):
    source, told = PUT_BACK[deed]
    module = deed.replace(' ', '_')
    before = veteran.who()
    veteran.run(Program(IMPORTS + source, module))
    assert veteran.probe() == veteran.pristine
    assert veteran.who() == before, veteran.said(module)
    said = veteran.said(module)
    assert [s['level'] for s in said] == ['info'] * bool(told or said)
    if told:
        assert told in said[0]['text'] and said[0]['text'].endswith('put back'), said


@pytest.mark.parametrize('deed', LASTING)
def test_what_cannot_be_put_back_costs_the_executor_and_its_module_gets_its_own(veteran, deed):
    source, told = LASTING[deed]
    module = deed.replace(' ', '_')
    before = veteran.who()
    program = Program(IMPORTS + 'print(os.getpid())\nsys.stdout.flush()\n' + source, module)
    first = int(veteran.run(program))
    assert first == before
    assert veteran.probe() == veteran.pristine
    said = veteran.said(module)
    assert len(said) == 1 and told in said[0]['text'] and 'not used again' in said[0]['text'], said
    assert gone(first)
    warm = veteran.who()
    assert warm != first
    second = int(veteran.run(program))
    assert second not in (first, warm), 'it runs in one of its own'
    assert veteran.who() == warm
    assert veteran.probe() == veteran.pristine
    assert not veteran.said(module), 'of its own executor nothing needs to be told'


def test_draws_are_others_in_each_task(veteran):
    program = Program(IMPORTS + 'print(random.random())\nrandom.seed(1)', 'draw')
    assert len(set(veteran.run(program) for _ in range(4))) == 4


@pytest.mark.parametrize('name', ['wave', 'ptyprocess'], ids=['Python\'s own', 'a library that keeps nothing'])
def test_some_modules_are_imported_where_executors_come_from(veteran, name):
    text = 'import sys\nhere = "wave" in sys.modules\nimport wave\nprint([here, wave.WAVE_FORMAT_PCM])\n'
    program = Program((text + 'wave.WAVE_FORMAT_PCM = 9\n').replace('wave', name), 'patches')
    assert veteran.run(program) == b'[False, 1]\n'
    look = Program(text.replace('wave', name), 'looks')
    assert veteran.run(look) == b'[True, 1]\n'
    assert not veteran.said('patches'), 'that is nobody\'s fault'


def test_other_module_utils_of_the_same_name_get_an_executor_of_their_own(veteran):
    def program(module, text):
        return Program('import os\nprint(os.getpid())\n', module, {'ansible/module_utils/own.py': text})
    warm = veteran.who()
    one, same, other = program('one', b'1'), program('two', b'1'), program('three', b'2')
    assert [int(veteran.run(p)) for p in (one, same)] == [warm, warm]
    assert int(veteran.run(other)) != warm
    assert int(veteran.run(one)) == warm


def test_the_comparison_is_cheap(veteran):
    """Of an executor that has the probe's modules loaded: the fastest of many, since others use this machine."""
    program = Program(IMPORTS + '''
import time
now = getattr(time, 'perf_counter', time.time)
times = []
for _ in range(200):
    start = now()
    executor._tidier.restore()
    times.append(now() - start)
print(min(times) * 1e6)
''', 'clock')
    veteran.run(program)
    microseconds = float(veteran.run(program))
    print('a comparison: %d us' % microseconds)
    assert microseconds < 1000
