"""Calls in executors: what a module may do without costing more than its executor."""
import lzma
import os
import signal

import pytest

from support.controller import NODE, Controller, RemoteError, wire
from support.processes import alive, become, children, gone
from support.programs import Program

WHO = Program('import os\nprint(os.getpid())')


def executor(agent):
    meta, out, _ = agent.run(WHO)
    assert meta == {'rc': 0}
    return int(out)


def still_serves(agent):
    assert executor(agent) > 0


def test_hello_says_who_answers(agent):
    assert agent.hello['mitogen'] == 1
    assert agent.hello['pid'] == agent.process.pid
    assert agent.hello['user'] == 'root' or agent.hello['uid'] != 0
    assert os.path.basename(agent.hello['python']).startswith('python')


def test_output_and_code_come_back(agent):
    program = Program('import sys\nsys.stdout.write("out")\nsys.stderr.write("err")\nrc = 7')
    assert agent.run(program) == ({'rc': 7}, b'out', b'err')


def test_arguments_arrive_untouched(agent):
    program = Program('import sys\ngetattr(sys.stdout, "buffer", sys.stdout).write(arguments)')
    arguments = bytes(bytearray(range(256))) * 700
    assert agent.run(program, arguments) == ({'rc': 0}, arguments, b'')


def test_what_cannot_be_deflated_arrives(agent):
    meta, out, err = agent.run(Program('import os\nfor _ in range(7):\n    os.write(1, os.urandom(60000))'))
    assert (meta, len(out), err) == ({'rc': 0}, 420000, b'')


def test_an_executor_is_used_again_and_is_not_the_agent(agent):
    pids = [executor(agent) for _ in range(3)]
    assert len(set(pids)) == 1
    assert pids[0] != agent.process.pid


def test_calls_run_at_the_same_time(agent):
    agent.supply(*WHO.blobs)
    wait = Program('import os\nfd = os.open(arguments, os.O_RDONLY)\nos.read(fd, 1)\nos.close(fd)')
    agent.supply(*wait.blobs)
    pipe = os.path.join('/tmp', 'agent-test-%d' % os.getpid())
    os.mkfifo(pipe)
    try:
        first = agent.start(wait, pipe.encode())
        still_serves(agent)
        os.close(os.open(pipe, os.O_WRONLY))
        assert agent.result(first)[0] == {'rc': 0}
    finally:
        os.unlink(pipe)


def test_the_call_sets_directory_and_environment_for_itself_only(agent):
    program = Program('import os\nprint(os.getcwd() + " " + os.environ.get("COLOUR", "none"))')
    before = agent.run(program)[1]
    assert agent.run(program, call={'cwd': '/usr', 'environment': {'COLOUR': 'blue'}})[1] == b'/usr blue\n'
    assert agent.run(program)[1] == before
    assert before.endswith(b' none\n')


def test_what_a_task_changes_in_its_process_is_put_back(agent):
    change = Program(
        'import os, signal, sys\nos.environ["LEFT"] = "behind"\nos.chdir("/usr")\nos.umask(0)\n'
        'signal.signal(signal.SIGUSR1, lambda *a: None)\nsys.stdout = open(os.devnull, "w")\nsignal.alarm(100)\n')
    look = Program(
        'import os, signal, sys\num = os.umask(0)\nos.umask(um)\n'
        'print([os.environ.get("LEFT"), os.getcwd(), um, signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL,'
        ' signal.alarm(0), os.getpid()])')
    agent.run(look)  # imports what the fork server has not yet
    before = agent.run(look)[1]
    agent.run(change)
    assert agent.run(look)[1] == before


def test_isolation_takes_an_executor_that_nothing_has_run_in(agent):
    first = executor(agent)
    agent.supply(*WHO.blobs)
    second = int(agent.result(agent.start(WHO, call={'isolation': 'fork'}))[1])
    assert second != first
    assert gone(second)
    assert executor(agent) == first


@pytest.mark.parametrize('end,rc,said', [
    ('import os\nos._exit(3)', 3, b'with code 3'),
    ('import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)', 139, b'signal 11'),
    ('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)', 137, b'signal 9'),
    ('import os\nos.closerange(0, 100)', 0, b''),
    ('import os\nos.closerange(3, 100)', 0, b''),
    ('raise SystemExit(5)', 5, b''),
    ('raise ValueError("no")', 1, b'ValueError: no'),
    ('raise KeyboardInterrupt', 1, b'KeyboardInterrupt'),
], ids=['exit', 'crash', 'killed', 'closes all', 'closes the link', 'SystemExit', 'exception', 'interrupt'])
def test_a_module_that_ends_in_its_own_way_has_a_result(agent, end, rc, said):
    meta, out, err = agent.run(Program('import sys\nprint("before")\nsys.stdout.flush()\n' + end))
    assert (meta['rc'], out) == (rc, b'before\n')
    assert said in err
    still_serves(agent)


@pytest.mark.parametrize('garbage', [
    'b"garbage, and more than a header of it"', 'struct.pack(">IIIBBH", 3, 0, 0, 8, 0, 0) + b"{}x"',
    'struct.pack(">IIIBBH", 0, 0, 0, 17, 0, 0)', 'struct.pack(">IIIBBH", 0, 0, 0, 19, 0, 0) * 3',
    'b"x"', 'b"\\0\\0\\xff\\xff" * 64',
], ids=['garbage', 'LOG', 'REPLY', 'END', 'a byte', 'the beginning of a frame'])
def test_a_module_that_writes_to_the_control_socket_costs_an_executor_at_most(agent, garbage):
    source = ('import os, socket, stat, struct\n'
              'for fd in range(3, 100):\n'
              '    try:\n        if stat.S_ISSOCK(os.fstat(fd).st_mode):\n            os.write(fd, %s)\n'
              '    except OSError:\n        pass\nprint("done")' % garbage)
    meta, out, _ = agent.run(Program(source))
    # Where descriptors cannot be passed, sockets are used again: only its end frees it from the garbage.
    assert (meta['rc'], out) == (0, b'done\n') or (agent.hello['version'][0], meta['rc']) == (2, 143)
    still_serves(agent)


def test_nothing_is_imported_from_the_working_directory(tmp_path):
    for name in ('traceback', 'mmap', 'pwd', 'struct', 'fcntl', 'json', '_json', '_socket', 'encodings'):
        (tmp_path / (name + '.py')).write_text('import os\nos._exit(99)\n')
    agent = Controller(directory=str(tmp_path))
    assert agent.run(Program('import traceback, json\nprint("fine")'))[1] == b'fine\n'
    agent.end()


def test_a_module_that_forks_answers_once(agent):
    twice = Program('import os\npid = os.fork()\nos.write(1, b"child " if pid == 0 else b"parent ")\nif pid: os.waitpid(pid, 0)')
    meta, out, _ = agent.run(twice)
    assert meta == {'rc': 0}
    assert sorted(out.split()) == [b'child', b'parent']
    still_serves(agent)


def test_what_lingers_with_the_output_open_does_not_delay_the_answer(agent):
    linger = Program('import os, time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(60)\n    os._exit(0)\n'
                     'print(pid)')
    meta, out, _ = agent.run(linger)
    assert meta == {'rc': 0}
    still_serves(agent)
    assert alive(int(out))
    os.kill(int(out), signal.SIGKILL)


def test_fifty_megabytes_of_output_arrive(modern_agent):
    loud = Program('import os\npiece = b"x" * 1048576\nfor _ in range(50):\n    os.write(1, piece)')
    meta, out, _ = modern_agent.run(loud, seconds=60)
    assert meta == {'rc': 0}
    assert len(out) == 50 * 1048576
    still_serves(modern_agent)


def test_output_beyond_the_limit_is_dropped_and_said(modern_agent):
    loud = Program('import os\npiece = b"x" * 1048576\nfor _ in range(70):\n    os.write(1, piece)')
    meta, out, err = modern_agent.run(loud, seconds=60)
    assert meta == {'rc': 0}
    assert len(out) == 63 * 1048576
    assert b'bytes of output were dropped' in err


def sleeper(agent, ignore_term=False):
    """A call that started `sleep` and waits for it; (stream, pid of the sleep)."""
    ready = os.path.join('/tmp', 'agent-test-ready-%d' % os.getpid())
    os.mkfifo(ready)
    source = ('import os, signal, subprocess\n%sp = subprocess.Popen(["sleep", "600"])\n'
              'fd = os.open(%r, os.O_WRONLY)\nos.write(fd, str(p.pid).encode())\nos.close(fd)\np.wait()')
    program = Program(source % ('signal.signal(signal.SIGTERM, signal.SIG_IGN)\n' if ignore_term else '', ready))
    agent.supply(*program.blobs)
    call = {'timeout': 0.3} if ignore_term else {}
    stream = agent.start(program, call=call)
    with open(ready) as f:
        pid = int(f.read())
    os.unlink(ready)
    return stream, pid


def test_cancel_ends_the_session(agent):
    stream, pid = sleeper(agent)
    agent.send(7, stream, wire.CANCEL)
    with pytest.raises(RemoteError) as e:
        agent.answer(stream)
    assert e.value.code == 'cancelled'
    assert gone(pid)
    still_serves(agent)


def test_a_timeout_ends_what_ignores_TERM(agent):
    stream, pid = sleeper(agent, ignore_term=True)
    with pytest.raises(RemoteError) as e:
        agent.answer(stream)
    assert e.value.code == 'timeout'
    assert 'within 0.3 s' in str(e.value)
    assert gone(pid)
    still_serves(agent)


def test_a_timeout_spares_what_earlier_tasks_left_in_the_background(modern_agent):
    daemon = Program('import os\nos.system("sleep 600 >/dev/null 2>&1 & echo $!")')
    left = int(modern_agent.run(daemon)[1])
    started = int(open('/proc/%d/stat' % left).read().rpartition(')')[2].split()[19])
    # A later task's start is told from an earlier one's by the kernel's clock of 10 ms.
    with open('/proc/uptime') as f:
        assert become(lambda: (f.seek(0), float(f.read().split()[0]))[1] * 100 > started + 10)
    stream, pid = sleeper(modern_agent)
    modern_agent.send(7, stream, wire.CANCEL)
    with pytest.raises(RemoteError):
        modern_agent.answer(stream)
    assert gone(pid)
    assert alive(left)
    os.kill(left, signal.SIGKILL)


def test_a_spare_is_kept_ready(modern_agent):
    executor(modern_agent)
    server, = children(modern_agent.process.pid)
    assert become(lambda: len(children(server)) == 2)


def test_a_program_that_is_not_here_is_asked_for(agent):
    agent.supply(WHO.blobs[-1])
    stream = agent.start(WHO)
    frame = agent.wait(lambda f: f[2] == wire.NEED)
    wanted = set(frame[4][at:at + 32] for at in range(0, len(frame[4]), 32))
    assert wanted == set(name for name, _ in WHO.blobs[:-1])
    agent.supply(*WHO.blobs[:-1])
    assert agent.result(stream)[0] == {'rc': 0}


def test_a_blob_is_known_by_the_hash_that_it_has(agent):
    name, _ = WHO.blobs[0]
    agent.supply((name, b'something else'), *WHO.blobs[1:])
    stream = agent.start(WHO)
    assert agent.wait(lambda f: f[2] == wire.NEED)[4] == name
    agent.supply(WHO.blobs[0])
    assert agent.result(stream)[0] == {'rc': 0}


def test_what_is_missing_is_asked_for_once(agent):
    agent.supply(WHO.blobs[-1])
    streams = [agent.start(WHO) for _ in range(3)]
    agent.wait(lambda f: f[2] == wire.NEED)
    agent.supply(*WHO.blobs[:-1])
    assert [agent.result(stream)[0] for stream in streams] == [{'rc': 0}] * 3
    assert not [f for f in agent.frames if f[2] == wire.NEED]


def test_a_bundle_in_an_encoding_that_it_lacks_is_asked_for_again(agent):
    """As on a Python without LZMA; the log is only for those who look for faults."""
    agent.send(NODE, 1, wire.BLOBS, b'\3 an encoding to come', rank=1)
    agent.logged('a bundle of blobs')
    stream = agent.start(WHO)
    assert agent.wait(lambda f: f[2] == wire.NEED)[4].hex() == WHO.name
    agent.supply(*WHO.blobs)
    assert agent.result(stream)[0] == {'rc': 0}


def test_a_program_may_refer_to_blobs_of_its_bundle(agent):
    message = wire.encode_bundle([data for _, data in WHO.blobs[:-1]])[0]
    text = WHO.blobs[-1][1]
    for at, (name, _) in enumerate(WHO.blobs[:-1]):
        text = text.replace(name.hex().encode(), b'\0%04d' % at)
    assert text.count(b'\0') == 2
    message = b'\2' + lzma.compress(message[1:] + wire.U32.pack(len(text) | 1 << 31) + text, lzma.FORMAT_ALONE)
    if 'lzma' not in agent.hello['features']:
        message = b'\0' + lzma.decompress(message[1:])
    agent.send(NODE, 1, wire.BLOBS, message, rank=1)
    assert agent.result(agent.start(WHO))[0] == {'rc': 0}
    assert not [f for f in agent.frames if f[2] == wire.NEED]


def test_the_executor_finds_no_secret_and_no_link(modern_agent):
    look = Program('import os\nfds = sorted(int(n) for n in os.listdir("/proc/self/fd"))\n'
                   'print([os.readlink("/proc/self/fd/%d" % n) for n in fds if os.path.exists("/proc/self/fd/%d" % n)])\n'
                   'print(os.getsid(0) == os.getpid())')
    out = modern_agent.run(look)[1].decode().splitlines()
    kinds = eval(out[0])
    assert kinds[0] == '/dev/null'
    assert [k.split(':')[0] for k in kinds[1:4]] == ['pipe', 'pipe', 'socket']
    assert len(kinds) <= 5
    assert out[1] == 'True'
