"""Which modules get an interpreter of their own."""
import os
import subprocess

import pytest
from conftest import INTEGRATION

LOOK = '''
import sys
sys.path.insert(0, sys.argv[1])
from mitogen_swift import isolation
modules = isolation.configured()
print([modules.holds(isolation.full_name(name, path)) for name, path in zip(sys.argv[2::2], sys.argv[3::2])])
'''
BUILT_IN = [
    ('dnf', '/lib/ansible/modules/dnf.py', True), ('ansible.legacy.dnf5', '/lib/ansible/modules/dnf5.py', True),
    ('ansible.builtin.dnf', '/lib/ansible/modules/dnf.py', True), ('dnf_info', '/site/library/dnf_info.py', False),
    ('firewalld', '/x/ansible_collections/ansible/posix/plugins/modules/firewalld.py', True),
    ('ipauser', '/x/ansible_collections/freeipa/ansible_freeipa/plugins/modules/ipauser.py', True),
    ('community.general.ipa_user', '/x/ansible_collections/community/general/plugins/modules/ipa_user.py', False),
    ('ansible.legacy.command', '/lib/ansible/modules/command.py', False),
    ('acme', '/site/library/acme.py', False), ('acme_disk', '/site/library/acme_disk.py', False),
]


def look(series, **environment):
    words = [word for name, path, _ in BUILT_IN for word in (name, path)]
    done = subprocess.run([series.command('python'), '-c', LOOK, str(INTEGRATION), *words],
                          env=dict(os.environ, COLUMNS='400', **environment), capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


def answers(**changed):
    return str([changed.get(name, isolated) for name, _, isolated in BUILT_IN])


def test_the_list_names_what_is_known(series):
    assert look(series) == (answers(), '')


@pytest.mark.parametrize('way', ['environment', 'ini'])
def test_a_users_file_adds_to_it(series, way, tmp_path):
    (tmp_path / 'mine').write_text('# of our own\nacme*   # all of them\n\n')
    environment = {'MITOGEN_ISOLATED_MODULES': str(tmp_path / 'mine')}
    if way == 'ini':
        (tmp_path / 'ansible.cfg').write_text('[mitogen]\nisolated_modules = mine\n')
        environment = {'ANSIBLE_CONFIG': str(tmp_path / 'ansible.cfg')}
    assert look(series, **environment) == (answers(acme=True, acme_disk=True), '')


def test_a_file_that_is_not_there_is_said(series, tmp_path):
    said, warned = look(series, MITOGEN_ISOLATED_MODULES=str(tmp_path / 'none'))
    assert said == answers()
    assert 'list of isolated modules' in ' '.join(warned.split()) and 'No such' in warned
