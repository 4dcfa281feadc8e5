"""The Python halves of the runners that start a process, under every Python."""
import json
import os
import shutil
import stat
import subprocess

import pytest

from support import pythons
from support.controller import Controller, RemoteError
from support.processes import become, gone, tree
from support.programs import Program
from support.scripts import Script, run, start


@pytest.fixture(scope='module', params=pythons.EVERY, ids=pythons.NAMES)
def agent(request):
    controller = Controller(request.param)
    yield controller
    controller.end()


@pytest.fixture(scope='module')
def native(tmp_path_factory):
    """A program that says the names that it was started by, and what is in the file that its argument names."""
    folder = tmp_path_factory.mktemp('native')
    source = folder / 'native.c'
    source.write_text('''
        #include <stdio.h>
        #include <unistd.h>
        int main(int count, char **words) {
          char text[4096], path[4096];
          FILE *file = fopen(words[1], "r");
          text[file ? fread(text, 1, sizeof text - 1, file) : 0] = 0;
          path[readlink("/proc/self/exe", path, sizeof path - 1)] = 0;
          printf("%s\\n%s\\n%s\\n", words[0], path, text);
          return 4;
        }''')
    compiler = shutil.which('clang') or shutil.which('cc')
    subprocess.run([compiler, '-o', str(folder / 'native'), str(source)], check=True)
    return (folder / 'native').read_bytes()


def private(agent):
    """The node's private directory."""
    return os.path.dirname(os.path.dirname(run(agent, Script('old-style', b'#!/bin/sh\necho "$0"\n'))[1].decode().strip()))


def test_old_style_reads_words_from_a_file_beside_it(agent):
    script = Script('old-style', b'#!/bin/sh\n. "$1"\necho "$word"; basename "$0"; ls "$(dirname "$0")"\n', 'thing.sh')
    meta, out, err = run(agent, script, b"word='a b' other=c ")
    assert (meta, err) == ({'rc': 0}, b'')
    assert out.decode().split('\n') == ['a b', 'AnsiballZ_thing.sh', 'AnsiballZ_thing.sh', 'args', '']


def test_nothing_of_a_task_is_left(agent):
    run(agent, Script('want-json', b'#!/bin/sh\nmkdir "$(dirname "$0")/more"; touch "$(dirname "$0")/more/x"\n'), b'{}')
    # The answer comes before the executor tidies up.
    folder = private(agent)
    assert become(lambda: not [name for name in os.listdir(folder) if name.startswith('ansible-module-')])


def test_files_are_for_the_account_alone(agent):
    script = Script('want-json', b'#!/bin/sh\nstat -c %a "$0" "$1" "$(dirname "$0")"\n')
    assert run(agent, script, b'{}')[1].split() == [b'700', b'600', b'700']


def test_want_json_gets_the_arguments_as_they_came(agent):
    arguments = json.dumps({'word': u'stra\xdfe "quoted"\n'}).encode()
    meta, out, _ = run(agent, Script('want-json', b'#!/bin/sh\ncat "$1"\n'), arguments)
    assert (meta, out) == ({'rc': 0}, arguments)


def test_json_args_are_in_the_text(agent):
    source = (b'#!/usr/bin/python\nimport json\nprint("""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>""")\n'
              b'print("<<ANSIBLE_VERSION>>")\nprint("<<INCLUDE_ANSIBLE_MODULE_COMPLEX_ARGS>>".decode())\n'
              b'print("<<SELINUX_SPECIAL_FILESYSTEMS>>")\nprint("syslog.LOG_USER")\nimport sys\nprint(len(sys.argv))\n')
    arguments = json.dumps({'a': [1, None], '_ansible_selinux_special_fs': ['nfs', 'vboxsf'],
                            '_ansible_syslog_facility': 'LOG_DAEMON'}).encode()
    meta, out, err = run(agent, Script('json-args', source), arguments, interpreter=[None])
    assert (meta, err) == ({'rc': 0}, b'')
    text = arguments.decode()
    assert out.decode().splitlines() == [text, '2.19.0', text, 'nfs,vboxsf', 'syslog.LOG_DAEMON', '1']


def test_the_first_line_says_what_executes_it(agent):
    script = Script('old-style', b'#!/usr/bin/other -x\nhead -n 2 "$0"\n')
    assert run(agent, script, interpreter=['/bin/sh', '-e'])[1] == b'#!/bin/sh -e\nhead -n 2 "$0"\n'
    assert run(agent, script, coding=True)[1] == b'#!/bin/sh\n# -*- coding: utf-8 -*-\n'
    script = Script('old-style', b'#!/usr/bin/python\nimport sys\nprint(open(sys.argv[0]).readline())\nprint(sys.version_info[0])\n')
    meta, out, _ = run(agent, script, interpreter=[None])
    assert out.decode().split() == ['#!' + agent.hello['python'], str(agent.hello['version'][0])]


def test_code_signal_and_streams_are_its_own(agent):
    assert run(agent, Script('old-style', b'#!/bin/sh\necho out; echo err >&2; exit 3\n')) == ({'rc': 3}, b'out\n', b'err\n')
    assert run(agent, Script('old-style', b'#!/bin/sh\necho out; echo err >&2\n'), merge=True) == ({'rc': 0}, b'out\nerr\n', b'')
    assert run(agent, Script('old-style', b'#!/bin/sh\nkill -9 $$\n'))[0] == {'rc': 137}
    assert run(agent, Script('old-style', b'#!/bin/sh\ncat; echo end\n'))[1] == b'end\n'


def test_signals_are_as_a_shell_gives_them(agent):
    # Python ignores SIGPIPE; a program that inherits that sees errors in place of its end.
    script = Script('old-style', b'#!/bin/sh\n(yes; echo $? >&2) | head -n 1\ngrep ^SigIgn /proc/self/status\n')
    meta, out, err = run(agent, script)
    assert out.split()[0] == b'y' and int(out.split()[-1], 16) & (1 << 12) == 0


def test_an_interpreter_that_is_missing_is_said_as_the_shell_says_it(agent):
    meta, out, err = run(agent, Script('want-json', b'#!/no/such\n'), b'{}', interpreter=['/no/such'])
    assert (meta, out, err) == ({'rc': 127}, b'', b'/bin/sh: 1: /no/such: not found\n')
    meta, out, err = run(agent, Script('want-json', b'#!/etc/passwd\n'), b'{}', interpreter=['/etc/passwd'])
    assert meta == {'rc': 126} and err.startswith(b'/bin/sh: 1: /etc/passwd: ')


def test_a_program_is_executed_from_memory_where_the_system_can(agent, native):
    script = Script('binary', native, 'native')
    seen = [run(agent, script, b'{"word": 1}', binary=True) for _ in range(2)]
    for meta, out, err in seen:
        name, path, text = out.decode().splitlines()
        assert (meta, err, text) == ({'rc': 4}, b'', '{"word": 1}')
        assert os.path.basename(name) == 'AnsiballZ_native'
        if agent.hello['version'] >= [3, 8]:
            assert path == '/memfd:module (deleted)'
        else:
            assert os.path.basename(path).startswith('program-')
    left = [name for name in os.listdir(private(agent)) if not name.startswith('ansible-module-')]
    assert len(left) == (0 if agent.hello['version'] >= [3, 8] else 1)


def test_an_executor_that_keeps_a_program_is_used_again(agent, native):
    who = Program('import os\nprint(os.getpid())')
    first = agent.run(who)[1]
    for number in range(3):
        run(agent, Script('binary', native + b'%d' % number, 'native'), b'{}', binary=True)
    assert agent.run(who)[1] == first


def test_what_an_interpreter_must_open_by_name_is_on_disk(agent):
    script = Script('binary', b'#!/bin/sh\necho "$0"; exit 5 # \x00\n', 'odd')
    meta, out, err = run(agent, script, b'{}', binary=True)
    assert (meta, err) == ({'rc': 5}, b'') and b'/program-' in out


def test_the_environment_and_the_directory_of_the_call_hold(agent):
    script = Script('old-style', b'#!/bin/sh\npwd; echo "$WORD"\n')
    assert run(agent, script, cwd='/usr', environment={'WORD': 'w'})[1] == b'/usr\nw\n'
    assert run(agent, script)[1].endswith(b'\n\n')


def test_a_call_that_takes_too_long_ends_what_it_started(agent):
    stream = start(agent, Script('old-style', b'#!/bin/sh\nexec sleep 1000\n'), timeout=1)
    assert become(lambda: sleeping(agent))
    found = sleeping(agent)
    with pytest.raises(RemoteError):
        agent.answer(stream)
    assert all(gone(pid) for pid in found)
    assert run(agent, Script('old-style', b'#!/bin/sh\necho on\n'))[1] == b'on\n'


def sleeping(agent):
    return [pid for pid in tree(agent.process.pid) if command(pid) == 'sleep 1000 ']


def command(pid):
    try:
        with open('/proc/%d/cmdline' % pid) as f:
            return f.read().replace('\0', ' ')
    except (IOError, OSError):
        return ''


def test_without_a_place_for_files_it_says_so(tmp_path):
    agent = Controller(environment=dict(os.environ, TMPDIR='', TEMP='', TMP=''))
    # In a place of its own: another test's node may have chosen already.
    blocked = tmp_path / 'file'
    blocked.write_text('')
    stream = start(agent, Script('old-style', b'#!/bin/sh\necho "$0"\n'), directory=[str(blocked)])
    meta, out, _ = agent.result(stream)
    assert meta == {'rc': 0} and not out.decode().startswith(str(blocked))
    assert stat.S_IMODE(os.stat(os.path.dirname(os.path.dirname(out.decode().strip()))).st_mode) == 0o700
    agent.end()
