"""Fixtures of the suites of Ansible's side.

The suites run in one Python, and look at every ansible-core that MITOGEN_TEST_VENVS names (SERIES=FOLDER, separated
by colons), each through its own interpreter: `inside.py` for what is asked of its modules, its commands for runs.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INTEGRATION = ROOT / 'Integration' / 'Ansible'
FAKE_ROUTER = HERE / 'fake_router.py'

sys.path.insert(0, str(HERE))
sys.path.insert(0, str(INTEGRATION))
sys.path.insert(0, str(ROOT / 'tools' / 'lib'))

from venvs import DEFAULT_SERIES  # noqa: E402


def venvs():
    named = os.environ.get('MITOGEN_TEST_VENVS', '')
    found = dict(entry.split('=', 1) for entry in named.split(':') if entry)
    if not found:
        found = {'this': sys.prefix}
    return found


def pytest_configure(config):
    config.addinivalue_line('markers', 'each_series: runs Ansible with each series, not with the default one only')


def pytest_generate_tests(metafunc):
    if 'series' not in metafunc.fixturenames:
        return
    found = [Series(*item) for item in sorted(venvs().items())]
    # To ask costs little, to run Ansible much: with each series only what a change of Ansible's would break first.
    runs = 'run' in metafunc.fixturenames and not metafunc.definition.get_closest_marker('each_series')
    if runs and not os.environ.get('MITOGEN_TEST_MATRIX'):
        found = [series for series in found if series.name == DEFAULT_SERIES] or found
    metafunc.parametrize('series', found, ids=lambda series: series.name, scope='session')


class Series:
    """One ansible-core to test with."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        #: Collections there -> the interpreter that answers with them.
        self._inside = {}

    def command(self, name):
        return os.path.join(self.folder, 'bin', name)

    def ask(self, question, *arguments, collections=''):
        """What a function of inside.py answers in this ansible-core's interpreter.

        :param collections: a folder of them, for what Ansible is to know beside ansible-core's own.
        """
        if collections not in self._inside:
            self._inside[collections] = subprocess.Popen(
                [self.command('python'), str(HERE / 'inside.py')], text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections)) if collections else None)
        inside = self._inside[collections]
        inside.stdin.write(json.dumps([question, *arguments]) + '\n')
        inside.stdin.flush()
        answer = json.loads(inside.stdout.readline())
        if 'error' in answer:
            raise AssertionError(answer['error'])
        return answer['answer']


class Run:
    """A command of Ansible's with our callback enabled and the fake router."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / 'requests'
        plugins = INTEGRATION / 'plugins'
        keep = {name: value for name, value in os.environ.items() if not name.startswith(('ANSIBLE_', 'MITOGEN_'))}
        self.environment = dict(
            keep, ANSIBLE_HOME=str(folder / 'home'), ANSIBLE_NOCOLOR='1', ANSIBLE_LOCALHOST_WARNING='0',
            ANSIBLE_CALLBACK_PLUGINS=str(plugins / 'callback'), ANSIBLE_CALLBACKS_ENABLED='mitogen',
            ANSIBLE_STRATEGY_PLUGINS=str(plugins / 'strategy'), ANSIBLE_PYTHON_INTERPRETER=sys.executable,
            MITOGEN_ROUTER_BINARY=str(FAKE_ROUTER), FAKE_ROUTER_LOG=str(self.log), TMPDIR=str(folder),
            PATH=os.path.dirname(sys.executable) + ':/usr/sbin:/usr/bin:/sbin:/bin')

    def __call__(self, series, command, *arguments, **environment):
        self.log.unlink(missing_ok=True)
        done = subprocess.run(
            [series.command(command), *arguments], capture_output=True, text=True, cwd=self.folder, timeout=120,
            env=dict(self.environment, **environment))
        done.text = done.stdout + done.stderr
        return done

    def play(self, series, tasks, *arguments, strategy=None, **environment):
        """Runs tasks (YAML, indented by nothing) on the host `web1`."""
        playbook = '- hosts: all\n  gather_facts: false\n'
        if strategy:
            playbook += '  strategy: %s\n' % strategy
        playbook += '  tasks:\n' + ''.join('    %s\n' % line for line in tasks.strip('\n').splitlines())
        (self.folder / 'play.yml').write_text(playbook)
        return self(series, 'ansible-playbook', '-i', 'web1,', '-e', 'ansible_connection=local', 'play.yml', '-v',
                    *arguments, **environment)

    def requests(self):
        """What the fake router was asked: a list of {header, hops, call, link}."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def operations(self):
        return [request['header']['op'] for request in self.requests()]


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)
