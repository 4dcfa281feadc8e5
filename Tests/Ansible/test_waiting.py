"""The main process waits for results, and looks after its workers seldom."""
import re

import pytest

#: Says at the end how often a strategy has looked whether its workers live, and for a free place.
COUNTING = '''
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.plugins.callback import CallbackBase

looked = []
has_dead_workers = TaskQueueManager.has_dead_workers


def counted(manager):
    looked.append(1)
    return has_dead_workers(manager)


TaskQueueManager.has_dead_workers = counted


class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, 'aggregate', 'counting'

    def v2_playbook_on_stats(self, stats):
        self._display.display('looked %d times' % len(looked))
'''


@pytest.mark.parametrize('strategy', [None, 'mitogen_free'])
@pytest.mark.each_series
def test_a_task_that_takes_its_time_is_waited_for(run, series, strategy):
    folder = run.folder / 'callback_plugins'
    folder.mkdir()
    (folder / 'counting.py').write_text(COUNTING)
    done = run.play(series, '- command: sleep 1\n- command: echo next', strategy=strategy, ANSIBLE_CALLBACKS_ENABLED='mitogen,counting')
    assert done.returncode == 0 and '"stdout": "next"' in done.stdout, done.text
    # Ansible's own looks some 900 times in such a second.
    assert int(re.search(r'looked (\d+) times', done.stdout)[1]) < 100


def test_more_hosts_than_places(run, series):
    hosts = ','.join(f'web{number}' for number in range(6))
    (run.folder / 'play.yml').write_text('- hosts: all\n  gather_facts: false\n  tasks: [{command: echo one}, {command: echo two}]\n')
    done = run(series, 'ansible-playbook', '-i', hosts, '-e', 'ansible_connection=local', 'play.yml', ANSIBLE_FORKS='2')
    assert done.returncode == 0 and done.stdout.count('ok=2 ') == 6, done.text


def test_a_result_wakes_who_waits_for_it(series):
    assert series.ask('waiting') == {'already there': True, 'comes': True, 'none comes': False}
