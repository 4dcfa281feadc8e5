"""What is sent to a node before it has said a word, for its first `command`, fits into 64 KiB.

So much a sender may have on its way unanswered over most paths: what fits costs no further round trip.
"""

import os

import pytest

ansible_zip = pytest.importorskip('ansible_zip', reason='no ansible-core in this environment')

from probe import ROOT, Probe  # noqa: E402

LIMIT = 65536
# As NewStyleRunner.swift joins them.
HALF = [os.path.join(ROOT, 'Plugins', 'Runner', 'NewStyle', name) for name in ('importer.py', 'new_style.py')]


@pytest.fixture(scope='module')
def probe():
    probe = Probe()
    yield probe
    probe.close()


def flight(probe, module):
    answer = probe.ask(op='flight', half=HALF, module={
        'name': 'ansible.modules.' + module, 'path': os.path.join(ansible_zip.ANSIBLE, 'modules', module + '.py'),
        'ansible': ansible_zip.ANSIBLE, 'version': ansible_zip.VERSION, 'utils': [], 'collections': []})
    assert 'error' not in answer, answer
    answer['total'] = answer['core'] + answer['hello'] + answer['bundle']
    print('ansible-core %s, %s: %s' % (ansible_zip.VERSION, module, ', '.join(
        '%s %s' % (name, round(answer[name], 1)) for name in sorted(answer))))
    return answer


def test_the_first_flight_of_command_is_below_64_kib(probe):
    found = flight(probe, 'command')
    assert found['total'] <= LIMIT
    assert found['core'] <= 14 * 1024


def test_lzma_is_worth_its_price(probe):
    found = flight(probe, 'setup')
    assert found['bundle'] < 0.9 * found['zlib']
