"""Several hosts' tasks in one worker: who goes together, and that nothing of one is another's."""
import json
import re

import pytest


@pytest.mark.parametrize('workers, processors, setting, size', [
    (20, 2, '', 10), (5, 2, '', 3), (5, 8, '', 1), (2, 2, '', 1), (1, 1, '', 1), (500, 2, '', 16), (50, 0, '', 16),
    (20, 2, '1', 1), (20, 2, '4', 4), (3, 8, '4', 3), (20, 2, '0', 10), (20, 2, 'many', 10),
])
def test_hosts_go_together_where_processors_are_fewer(series, workers, processors, setting, size):
    assert series.ask('crew_size', workers, processors, setting) == size


@pytest.mark.parametrize('task, shares', [
    ({'command': 'true'}, True),
    ({'debug': {'msg': '{{ x }}'}}, True),
    ({'ansible.builtin.copy': {'content': 'x', 'dest': '/x'}}, True),
    ({'find': {'paths': '/'}}, True),
    ({'command': 'true', 'loop': [1, 2], 'become': True, 'when': 'x'}, True),
    ({'command': 'true', 'with_items': [1, 2]}, True),
    ({'command': 'true', 'with_url': 'http://localhost/'}, False),
    ({'command': 'true', 'loop': [1, 2], 'loop_control': {'pause': 1}}, False),
    ({'command': 'true', 'until': 'x'}, False),
    ({'command': 'true', 'retries': 3}, False),
    ({'command': 'true', 'async': 5}, False),
    ({'command': 'true', 'timeout': 5}, False),
    ({'command': 'true', 'delegate_to': 'other'}, False),
    ({'command': 'true', 'throttle': 1}, False),
    ({'pause': {'seconds': 1}}, False),
    ({'wait_for_connection': {}}, False),
    ({'add_host': {'name': 'x'}}, False),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else '')
def test_what_may_wait_for_more_than_the_router_has_a_worker_of_its_own(series, task, shares):
    assert series.ask('may_share', task) is shares


@pytest.mark.parametrize('variables, shares', [
    ({}, True), ({'ansible_facts_modules': ['setup', 'package_facts']}, False), ({'ansible_facts_modules': ['smart']}, True),
])
def test_facts_are_gathered_together_unless_several_modules_do_it(series, variables, shares):
    for name in ('gather_facts', 'ansible.builtin.gather_facts'):
        assert series.ask('may_share', {name: {}}, variables) is shares


def test_a_name_means_what_it_means_in_the_tasks_collections(series, tmp_path):
    """One that is Ansible's own in one role is somebody else's action in another."""
    actions = tmp_path / 'ansible_collections' / 'acme' / 'site' / 'plugins' / 'action'
    actions.mkdir(parents=True)
    (actions / 'copy.py').write_text('from ansible.plugins.action import ActionBase\n\n\nclass ActionModule(ActionBase):\n    pass\n')
    task = {'copy': {'content': 'x', 'dest': '/x'}}
    assert series.ask('may_share', task, collections=tmp_path) is True
    assert series.ask('may_share', dict(task, collections=['acme.site']), collections=tmp_path) is False


@pytest.mark.parametrize('names', [['web1', 'web2', 'web3'], ['web1']])
def test_hosts_for_which_no_process_can_be_started_have_failed(series, names):
    assert series.ask('without_process', names) == [[1, False]] * len(names)


@pytest.mark.parametrize('variables, keyword, ours', [
    ({}, 'ssh', True), ({}, 'local', True), ({}, 'smart', True), ({}, 'winrm', False),
    ({'ansible_connection': 'winrm'}, 'ssh', False), ({'ansible_connection': 'local'}, 'winrm', True),
    ({'ansible_connection': '{{ x }}'}, 'ssh', False),
])
def test_so_has_what_another_connection_leads_to(series, variables, keyword, ours):
    assert series.ask('shares_connection', variables, keyword) is ours


PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - command: echo {{ inventory_hostname }} of {{ number_of }}
      register: said
    - debug: {msg: "{{ said.stdout }} in {{ lookup('pipe', 'echo $PPID') }}, not {{ hostvars['host1'].said.stdout }}"}
"""


def crowd(run, count=7):
    hosts = {f'host{i}': {'ansible_connection': 'local', 'number_of': i} for i in range(1, count + 1)}
    (run.folder / 'inventory.json').write_text(json.dumps({'all': {'hosts': hosts}}))
    (run.folder / 'play.yml').write_text(PLAY)
    return 'ansible-playbook', '-i', 'inventory.json', 'play.yml'


@pytest.mark.each_series
def test_hosts_share_a_worker_and_nothing_else(run, series):
    done = run(series, *crowd(run), ANSIBLE_FORKS='6', MITOGEN_HOSTS_PER_WORKER='3')
    assert done.returncode == 0, done.text
    told = re.findall(r'"msg": "(host\d) of (\d) in (\d+), not host1 of 1"', done.stdout)
    assert sorted((name, number) for name, number, _ in told) == [(f'host{i}', str(i)) for i in range(1, 8)], done.text
    processes = [process for _, _, process in told]
    # The router keeps for each link what its last request has used.
    assert len({request['link'] for request in run.requests() if request['header']['op'] == 'run'}) == 7
    # Those that found all places taken went before they were three.
    assert len(set(processes)) <= 5 and max(map(processes.count, processes)) == 3


def test_each_has_its_own_if_so_wished(run, series):
    done = run(series, *crowd(run), ANSIBLE_FORKS='6', MITOGEN_HOSTS_PER_WORKER='1')
    assert done.returncode == 0, done.text
    assert len(set(re.findall(r'in (\d+), not', done.stdout))) == 7


def test_a_worker_that_ends_is_noticed(run, series):
    """As with stock: the run ends, whichever of its hosts it was."""
    command = crowd(run)
    (run.folder / 'filter_plugins').mkdir()
    (run.folder / 'filter_plugins' / 'ends.py').write_text(
        'import os\n\n\nclass FilterModule(object):\n    def filters(self):\n'
        '        return {"ends": lambda number: os._exit(3) if number == 5 else number}\n')
    (run.folder / 'play.yml').write_text(PLAY + '    - debug: {msg: "{{ number_of | ends }}"}\n')
    done = run(series, *command, ANSIBLE_FORKS='6', MITOGEN_HOSTS_PER_WORKER='3')
    assert done.returncode != 0 and 'dead state' in done.text, done.text
