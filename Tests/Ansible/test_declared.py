"""Methods that ansible-core alone has no plugin for: their options come from what the libraries declare."""
import json

import pytest


def ask(series, name, variables=None, task_keys=None, environment=None):
    variables = dict({'inventory_hostname': 'web1'}, **(variables or {}))
    return series.ask('declared_route', name, variables, task_keys or {}, environment or {})


def hop_of(series, *question, **more):
    (hop,) = [json.loads(hop) for hop in ask(series, *question, **more)['hops']]
    return hop


@pytest.mark.parametrize('name, method, full', [
    ('docker', 'docker', 'community.docker.docker'), ('community.docker.docker', 'docker', 'community.docker.docker'),
    ('community.general.docker', 'docker', 'community.general.docker'), ('podman', 'podman', 'containers.podman.podman'),
    ('buildah', 'buildah', 'containers.podman.buildah'), ('lxc', 'lxc', 'community.general.lxc'),
    ('lxd', 'lxd', 'community.general.lxd'), ('incus', 'incus', 'community.general.incus'),
    ('jail', 'jail', 'community.general.jail'), ('kubectl', 'kubectl', 'kubernetes.core.kubectl'),
    ('ansible.legacy.docker', 'docker', 'community.docker.docker'), ('setns', 'setns', 'setns'),
    ('machinectl', 'machinectl', 'machinectl'),
])
def test_a_method_goes_by_its_names(series, name, method, full):
    answer = ask(series, name)
    (hop,) = map(json.loads, answer['hops'])
    assert (hop['method'], hop['name'], hop['options']) == (method, 'web1', {'remote_addr': 'web1'})
    assert answer['transport'] == answer['ansible_name'] == full


def test_variables_keywords_and_the_environment_set_options(series):
    hop = hop_of(series, 'docker', {'ansible_host': 'app', 'ansible_docker_extra_args': '-H x', 'mitogen_docker_path': '/d',
                                    'ansible_docker_extra_env': {'A': '1'}, 'ansible_docker_privileged': 'yes'},
                 {'remote_user': 'deploy'}, {'ANSIBLE_DOCKER_WORKING_DIR': '/srv', 'ANSIBLE_REMOTE_USER': 'nobody'})
    assert hop['options'] == {'remote_addr': 'app', 'remote_user': 'deploy', 'docker_extra_args': '-H x', 'extra_env': {'A': '1'},
                              'mitogen_docker_path': '/d', 'privileged': True, 'working_dir': '/srv'}


def test_a_container_is_entered_by_what_its_kind_names(series):
    hop = hop_of(series, 'setns', {'mitogen_kind': 'lxc', 'mitogen_lxc_info_path': 'lxc-info -P /srv', 'ansible_host': 'app', 'ansible_user': 'u:g'})
    assert hop['method'] == 'setns'
    assert hop['options'] == {'mitogen_kind': 'lxc', 'mitogen_lxc_info_path': 'lxc-info -P /srv', 'remote_addr': 'app', 'remote_user': 'u:g'}


@pytest.mark.parametrize('variables, expected', [
    ({}, 'web1'), ({'ansible_host': 'app'}, 'app'), ({'ansible_host': 'app', 'ansible_podman_host': 'other'}, 'other'),
])
def test_the_containers_name_is_the_most_particular_one(series, variables, expected):
    assert hop_of(series, 'podman', variables)['options'] == {'remote_addr': expected}


def test_the_time_limit_is_ansibles(series):
    assert hop_of(series, 'docker', {'ansible_timeout': 33})['timeout'] == 33
    assert hop_of(series, 'lxd', {}, {'timeout': 44})['timeout'] == 44


@pytest.mark.parametrize('name, login', [
    ('docker', None), ('podman', None), ('lxc', 'root'), ('lxd', 'root'), ('jail', 'root'), ('setns', None), ('machinectl', 'root'),
])
def test_where_one_enters_as_root_root_is_logged_in(series, name, login):
    assert ask(series, name)['login_user'] == login


@pytest.mark.parametrize('name, variables', [
    ('kubectl', {'ansible_kubectl_token': 'hush'}), ('kubectl', {'ansible_kubectl_kubeconfig': {'apiVersion': 'v1'}}),
    ('buildah', {'ansible_buildah_auto_commit': True}),
])
def test_what_ours_cannot_do_is_the_collections(series, name, variables):
    assert ask(series, name)['passes_through'] is False
    answer = ask(series, name, variables)
    assert answer['passes_through'] is True
    assert 'hush' not in json.dumps([dict(json.loads(hop), secrets=None) for hop in answer['hops']])


def test_a_vendors_library_needs_no_python(series, tmp_path):
    option = {'name': 'remote_addr', 'type': 'string', 'description': 'The place.', 'vars': ['inventory_hostname', 'acme_host']}
    retries = {'name': 'retries', 'type': 'int', 'description': 'How often.', 'default': 3, 'env': ['ACME_RETRIES']}
    declaration = {'description': 'Goes there.', 'aliases': ['acme.cloud.acme'], 'options': [option, retries]}
    plugin = {'name': 'acme', 'kind': 'connection', 'version': '1', 'features': [], 'declaration': declaration}
    (tmp_path / 'libAcme.manifest.json').write_text(json.dumps({'mitogen_manifest': 1, 'plugins': [plugin]}))
    (tmp_path / 'broken.manifest.json').write_text('{')
    environment = {'MITOGEN_PLUGIN_PATH': str(tmp_path), 'ACME_RETRIES': '5'}
    for name in ('acme', 'acme.cloud.acme'):
        hop = hop_of(series, name, {'acme_host': 'there'}, environment=environment)
        assert (hop['method'], hop['options']) == ('acme', {'remote_addr': 'there', 'retries': 5})


@pytest.mark.parametrize('name', ['winrm', 'community.general.machinectl', 'nobody.has.this'])
def test_all_other_names_are_ansibles(series, name):
    try:
        assert ask(series, name) is None
    except AssertionError as error:
        assert 'winrm' in str(error), error  # its own requirements may be missing
