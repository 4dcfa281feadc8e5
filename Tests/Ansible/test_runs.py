"""Ansible's own commands with Mitogen switched on, against the fake router."""
import json
import os
import subprocess

import pytest

#: One of each of what the two tiers do.
TIERS = """
- command: echo module
- wants_json: {word: x}
- command: whoami
  become: true
  become_user: nobody
"""

TASKS = """
- command: echo {{ item }}
  loop: [a, b]
- shell: echo $WORD
  environment: {WORD: spoken}
- copy: {content: "hello\\n", dest: "{{ playbook_dir }}/copied"}
- copy: {src: "{{ playbook_dir }}/large", dest: "{{ playbook_dir }}/copied.large"}
- fetch: {src: "{{ playbook_dir }}/copied.large", dest: "{{ playbook_dir }}/fetched", flat: true}
- raw: echo raw
- command: echo later
  async: 20
  poll: 1
""" + TIERS


@pytest.mark.each_series
def test_an_ad_hoc_command(run, series):
    done = run(series, 'ansible', 'localhost', '-m', 'ping')
    assert done.returncode == 0, done.text
    assert '"ping": "pong"' in done.stdout and run.operations() == ['run']


def module_that_wants_json(folder):
    (folder / 'library').mkdir()
    (folder / 'library' / 'wants_json').write_text(
        '#!/bin/sh\n# WANT_JSON\necho \'{"changed": false, "word": "said"}\'\n')


def assert_both_tiers_were_used(run, done, before):
    """:param before: the modules that ran before those of TIERS."""
    assert done.returncode == 0, done.text
    assert '"stdout": "module"' in done.stdout and '"word": "said"' in done.stdout
    requests = run.requests()
    modules = [r['header']['module']['name'] for r in requests if r['header']['op'] == 'run']
    # What is not new-style, and what runs asynchronously, comes through the connection.
    assert 'wants_json' not in modules and modules[-2:] == ['ansible.legacy.command'] * 2
    assert modules[:len(before)] == before and 'exec' in run.operations()
    assert [hop['method'] for hop in requests[-1]['hops']] == ['local', 'sudo']
    assert requests[-1]['hops'][1]['options']['become_user'] == 'nobody'


@pytest.mark.each_series
def test_a_playbook(run, series):
    module_that_wants_json(run.folder)
    (run.folder / 'large').write_bytes(os.urandom(300000))
    done = run.play(series, TASKS)
    assert_both_tiers_were_used(run, done, ['ansible.legacy.command'] * 3)
    assert '"stdout": "spoken"' in done.stdout
    assert (run.folder / 'copied').read_text() == 'hello\n'
    assert (run.folder / 'fetched').read_bytes() == (run.folder / 'large').read_bytes()


@pytest.mark.each_series
@pytest.mark.parametrize('strategy', ['mitogen_linear', 'mitogen_free', 'mitogen_host_pinned', 'mitogen'])
def test_a_strategy_needs_no_callback(run, series, strategy):
    """What it switches on is the same: that it is on, in both tiers, is what to see."""
    module_that_wants_json(run.folder)
    done = run.play(series, TIERS, strategy=strategy, ANSIBLE_CALLBACKS_ENABLED='timer')
    assert_both_tiers_were_used(run, done, ['ansible.legacy.command'] * 2)


def test_a_module_is_one_round_trip(run, series):
    done = run.play(series, '- command: "true"')
    assert done.returncode == 0, done.text
    assert run.operations() == ['run']


def test_a_large_file_is_read_by_the_router_and_a_small_one_is_not(run, series):
    (run.folder / 'large').write_bytes(b'x' * 126977)
    (run.folder / 'small').write_bytes(b'x' * 126976)
    done = run.play(series, """
- copy: {src: "{{ playbook_dir }}/large", dest: "{{ playbook_dir }}/1"}
- copy: {src: "{{ playbook_dir }}/small", dest: "{{ playbook_dir }}/2"}
""")
    assert done.returncode == 0, done.text
    puts = [r['header'] for r in run.requests() if r['header']['op'] == 'put']
    assert ['source' in put for put in puts] == [True, False]
    assert run.operations().count('remove') == 2


def batches(run):
    """The modules of batches, in order."""
    headers = [request['header'] for request in run.requests()]
    return [header['module']['name'].rpartition('.')[2] for header in headers if header.get('through') == 'batch']


@pytest.mark.each_series
def test_the_files_of_a_folder_go_together(run, series):
    for number in range(6):
        path = run.folder / 'tree' / str(number % 3) / f'{number}.conf'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    task = '- copy: {src: "{{ playbook_dir }}/tree/", dest: "{{ playbook_dir }}/copied"}\n'
    done = run.play(series, task)
    assert done.returncode == 0, done.text
    assert sorted(p.read_text() for p in (run.folder / 'copied').rglob('*.conf')) == sorted(str(n) for n in range(6))
    # ansible-core up to 2.20 makes the folders again that its files have made.
    assert batches(run)[:2] == ['stat', 'copy'] and batches(run)[2:] in ([], ['file'])
    assert len(run.operations()) <= 8
    done = run.play(series, task)
    assert done.returncode == 0 and 'changed=0' in done.stdout, done.text
    assert batches(run)[:2] == ['stat', 'file'] and batches(run)[2:] in ([], ['file'])


def test_a_file_too_large_for_a_call_goes_alone(run, series):
    (run.folder / 'tree').mkdir()
    for name, size in (('small', 3), ('edge', 126976), ('large', 126977)):
        (run.folder / 'tree' / name).write_bytes(name[:1].encode() * size)
    done = run.play(series, '- copy: {src: "{{ playbook_dir }}/tree/", dest: "{{ playbook_dir }}/copied"}')
    assert done.returncode == 0, done.text
    copied = {path.name: path.read_bytes() for path in (run.folder / 'copied').iterdir()}
    assert copied == {path.name: path.read_bytes() for path in (run.folder / 'tree').iterdir()}
    assert batches(run) == ['stat', 'copy'] and run.operations().count('put') == 1


def test_behind_a_file_that_fails_none_is_copied(run, series):
    (run.folder / 'tree').mkdir()
    for number in range(5):
        (run.folder / 'tree' / str(number)).write_text('bad' if number == 2 else 'good')
    (run.folder / 'copied').mkdir()
    (run.folder / 'copied' / '4').write_text('good')
    done = run.play(series, '- copy: {src: "{{ playbook_dir }}/tree/", dest: "{{ playbook_dir }}/copied/", validate: grep -q good %s}')
    assert done.returncode == 2 and 'failed to validate' in done.stdout, done.text
    order = [entry.name for entry in os.scandir(run.folder / 'tree')]
    assert {path.name for path in (run.folder / 'copied').iterdir()} == {'4', *order[:order.index('2')]}


def test_strategies_leave_other_plays_alone(run, series):
    (run.folder / 'two.yml').write_text("""
- hosts: all
  gather_facts: false
  strategy: mitogen_linear
  tasks: [{command: "true"}]
- hosts: all
  gather_facts: false
  tasks: [{command: "true"}]
""")
    done = run(series, 'ansible-playbook', '-i', 'web1,', '-e', 'ansible_connection=local', 'two.yml',
               ANSIBLE_CALLBACKS_ENABLED='timer')
    assert done.returncode == 0, done.text
    assert run.operations() == ['run']


def test_a_callback_that_is_not_enabled_does_nothing(run, series):
    done = run.play(series, '- command: "true"', ANSIBLE_CALLBACKS_ENABLED='timer')
    assert done.returncode == 0, done.text
    assert run.requests() == []


@pytest.mark.each_series
def test_interpreter_discovery_is_part_of_the_first_task(run, series):
    done = run.play(series, '- command: "true"\n- command: "true"', ANSIBLE_PYTHON_INTERPRETER='auto')
    assert done.returncode == 0, done.text
    hops = {json.dumps(request['hops']) for request in run.requests()}
    if series.ask('by_distribution'):
        # These look at the distribution: Ansible's own probes, and with them the question whether a Python is there.
        assert run.operations()[-2:] == ['run', 'run'] and set(run.operations()[:-2]) == {'exec', 'node'}
    else:
        assert sorted(run.operations()) == ['node', 'run', 'run']
        assert len(hops) == 1, 'the second task must find the node of the first'
        assert 'is using the discovered Python interpreter at' in ' '.join(done.text.split())


@pytest.mark.each_series
def test_an_unreachable_host_is_unreachable_and_the_others_go_on(run, series):
    (run.folder / 'inventory').write_text('far ansible_host=refused.example\nnear ansible_connection=local\n')
    done = run(series, 'ansible', '-i', 'inventory', 'all', '-m', 'ping')
    assert done.returncode == 4, done.text
    assert 'far | UNREACHABLE!' in done.stdout and 'connection refused' in done.stdout
    assert 'near | SUCCESS' in done.stdout


def test_a_missing_become_password_fails_the_task(run, series):
    done = run.play(series, '- command: "true"\n  become: true\n  become_user: locked')
    assert done.returncode == 2, done.text
    assert 'Missing sudo password' in done.stdout and 'unreachable=0' in done.stdout


def test_secrets_are_in_no_output(run, series):
    (run.folder / 'secrets.yml').write_text('ansible_become_password: hush-hush\n')
    done = run.play(series, '- command: "true"\n  become: true\n  become_user: nobody', '-vvvv', '-e', '@secrets.yml')
    assert 'hush-hush' not in done.text
    asked = [request for request in run.requests() if request['hops']]
    assert asked[-1]['hops'][1]['secrets'] == {'password': 'hush-hush'}


@pytest.mark.each_series
def test_without_a_router_there_is_one_warning_and_stock_behaviour(run, series):
    done = run.play(series, '- command: "true"\n- ping:', MITOGEN_ROUTER_BINARY='/nowhere/mitogen')
    assert done.returncode == 0, done.text
    assert ' '.join(done.text.split()).count('Mitogen is not used for this run') == 1
    assert 'Traceback' not in done.text


def test_a_router_that_ends_at_once_is_reported_with_its_words(run, series):
    broken = run.folder / 'broken'
    broken.write_text('#!/bin/sh\necho libswift is missing >&2\nexit 1\n')
    broken.chmod(0o755)
    done = run.play(series, '- pause: {seconds: 1}\n- command: "true"\n- ping:', MITOGEN_ROUTER_BINARY=str(broken))
    assert done.returncode == 0, done.text
    assert 'libswift is missing' in ' '.join(done.text.split())
    assert 'Traceback' not in done.text


def test_nothing_is_left_behind(run, series):
    done = run.play(series, '- copy: {content: x, dest: "{{ playbook_dir }}/x"}')
    assert done.returncode == 0, done.text
    subprocess.run(['sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do ls -d mitogen-* 2>/dev/null || exit 0; sleep 0.2; done'],
                   cwd=run.folder, stdout=subprocess.DEVNULL)
    assert not list(run.folder.glob('mitogen-*'))


@pytest.mark.each_series
def test_reset_and_a_task_timeout(run, series):
    done = run.play(series, """
- meta: reset_connection
- command: sleep 5
  timeout: 1
  ignore_errors: true
- ping:
""")
    assert done.returncode == 0, done.text
    assert 'ignored=1' in done.stdout and run.operations() == ['reset', 'run', 'run']
