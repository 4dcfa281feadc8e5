"""A run that goes on as a job: what the answer says, what its file says, and what it outlives."""
import json
import os
import sys
import time

import pytest

from support import core, pythons
from support.controller import Controller
from support.processes import alive, become, gone
from support.programs import Program
from support.scripts import FILES, Script

JOB = core.part('job')


@pytest.fixture(params=pythons.FEW, ids=pythons.FEW_NAMES)
def agent(request):
    controller = Controller(request.param)
    yield controller
    controller.end()


class Task(object):
    """One job of a node; `folder` has its file and its directory."""

    def __init__(self, agent, folder, program, script=False, **job):
        self.folder = folder
        self.directory = folder / 'ansible-tmp-1'
        agent.supply(JOB, *program.blobs)
        call = {'environment': {'ANSIBLE_ASYNC_DIR': str(folder / 'jobs')}, 'job': dict({
            'id': 'j77', 'limit': 30, 'words': [False, True], 'directory': str(self.directory), 'preserve': False,
            'command': 'the module'}, **job)}
        header = {'op': 'run', 'program': program.name, 'through': JOB[0].hex()}
        if script:
            call.update(directory=[str(folder)], interpreter=['/bin/sh'])
            header.update(op='run_in_directory', part=FILES[0].hex())
        stream = agent.request(header, json.dumps(call).encode(), b'the arguments')
        self.meta, out, self.err = agent.result(stream)
        self.started = json.loads(out.decode())

    @property
    def record(self):
        with open(self.started['results_file']) as f:
            return json.load(f)

    def end(self):
        """Waits for the job's end, and returns what its file says then."""
        assert become(lambda: 'started' not in self.record, 20)
        assert become(lambda: not self.directory.exists())
        return self.record


def source(text):
    return Program('import json, os, sys, time\n' + text)


def test_the_answer_is_that_of_ansibles_wrapper(agent, tmp_path):
    gate = tmp_path / 'gate'
    os.mkfifo(str(gate))
    task = Task(agent, tmp_path, source('open(%r).read()\nprint(json.dumps({"a": arguments.decode()}))' % str(gate)))
    name = task.started['ansible_job_id']
    assert (task.meta, task.err) == ({'rc': 0}, b'')
    assert task.started == {
        'failed': False, 'started': True, 'finished': False, 'ansible_job_id': name,
        'results_file': str(tmp_path / 'jobs' / name), '_ansible_suppress_tmpdir_delete': True}
    assert name.startswith('j77.') and name[4:].isdigit()
    assert task.record == {'started': True, 'finished': False, 'ansible_job_id': name}
    assert task.directory.stat().st_mode & 0o777 == 0o700
    gate.write_text('go')
    assert task.end() == {'a': 'the arguments'}


def test_it_writes_as_its_ansible_core_does(agent, tmp_path):
    task = Task(agent, tmp_path, source('print("{}")'), words=[0, 1])
    assert [type(task.started[key]) for key in ('failed', 'started', 'finished')] == [int] * 3
    task.end()


def test_what_stands_around_the_result_is_told_apart(agent, tmp_path):
    task = Task(agent, tmp_path, source('sys.stderr.write("on stderr")\nprint("before\\n {\\"a\\": 1,\\n\\"warnings\\": \\"w\\"} \\n\\nbehind")'))
    assert task.end() == {'a': 1, 'stderr': 'on stderr', 'warnings': [
        'w', 'Module invocation had junk after the JSON data: \nbehind']}


def test_blank_lines_are_no_junk(agent, tmp_path):
    assert Task(agent, tmp_path, source('print("{}\\n\\n")')).end() == {}


@pytest.mark.parametrize('text, said', [
    ('print("nothing")', 'No start of json char found'), ('print("{nothing")', 'No end of json char found'),
    ('raise ValueError("why")', 'No start of json char found'), ('print("{nothing}")', 'Traceback')])
def test_a_module_without_a_result_is_a_failure(agent, tmp_path, text, said):
    record = Task(agent, tmp_path, source(text)).end()
    assert record['failed'] is True and said in record['msg'] and record['cmd'] == 'the module'
    assert record['ansible_job_id'].startswith('j77.')
    assert ('why' in record['stderr']) == ('why' in text)


def test_one_that_takes_too_long_is_killed_with_what_it_started(agent, tmp_path):
    pids = tmp_path / 'pids'
    os.mkfifo(str(pids))
    task = Task(agent, tmp_path, source(
        'import subprocess\nchild = subprocess.Popen(["sleep", "1000"])\n'
        'with open(%r, "w") as f:\n    f.write("%%d %%d" %% (os.getpid(), child.pid))\ntime.sleep(1000)' % str(pids)), limit=1)
    module, child = [int(word) for word in pids.read_text().split()]
    assert task.end() == {'failed': True, 'msg': 'Timeout exceeded', 'child_pid': module}
    assert gone(module) and gone(child)


def test_it_outlives_its_node_and_holds_nothing_of_it(agent, tmp_path):
    gate, pid = tmp_path / 'gate', tmp_path / 'pid'
    for path in (gate, pid):
        os.mkfifo(str(path))
    task = Task(agent, tmp_path, source(
        'with open(%r, "w") as f:\n    f.write("%%d" %% os.getpid())\nopen(%r).read()\nprint("{}")' % (str(pid), str(gate))))
    module = int(pid.read_text())
    # Waits for the fork server's end, too: that sees to what ends with the node.
    agent.end()
    assert alive(module)
    links = [os.readlink('/proc/%d/fd/%s' % (module, fd)) for fd in os.listdir('/proc/%d/fd' % module)]
    assert not [link for link in links if link.startswith('socket:')]
    gate.write_text('go')
    assert task.end() == {}


def test_its_executor_is_used_again(agent, tmp_path):
    who = Program('import os\nprint(os.getpid())')
    Task(agent, tmp_path, source('print("{}")')).end()  # imports what the fork server has not yet
    first = agent.run(who)[1]
    Task(agent, tmp_path, source('print("{}")')).end()
    assert agent.run(who)[1] == first


def test_a_script_has_its_files_in_the_tasks_directory(agent, tmp_path):
    task = Task(agent, tmp_path, Script('want-json', b'#!/bin/sh\necho "{\\"a\\": \\"$(cat "$1")\\", \\"at\\": \\"$0\\"}"\n'), script=True)
    record = task.end()
    assert record['a'] == 'the arguments' and record['at'].startswith(str(task.directory))


def test_a_directory_to_be_preserved_stays(agent, tmp_path):
    task = Task(agent, tmp_path, source('print("{}")'), preserve=True)
    assert become(lambda: task.record == {})
    assert task.directory.exists() and not task.started['_ansible_suppress_tmpdir_delete']


def test_a_folder_that_cannot_be_made_is_said(agent, tmp_path):
    (tmp_path / 'jobs').write_text('')
    task = Task(agent, tmp_path / 'jobs', source('print("{}")'))
    assert task.meta == {'rc': 1} and task.started['failed'] is True
    assert task.started['msg'].startswith('could not create directory: %s/jobs/jobs - ' % tmp_path)
