"""Methods that ansible-core alone has no plugin for: their options come from what the libraries declare."""
import json

NAMES = {
    'docker': 'docker', 'community.docker.docker': 'docker', 'community.general.docker': 'docker',
    'podman': 'podman', 'containers.podman.podman': 'podman', 'buildah': 'buildah', 'containers.podman.buildah': 'buildah',
    'lxc': 'lxc', 'community.general.lxc': 'lxc', 'lxd': 'lxd', 'community.general.lxd': 'lxd',
    'incus': 'incus', 'community.general.incus': 'incus', 'jail': 'jail', 'community.general.jail': 'jail',
    'setns': 'setns', 'machinectl': 'machinectl', 'kubectl': 'kubectl', 'kubernetes.core.kubectl': 'kubectl',
}


def ask(series, *questions, **environment):
    """Each question is a name, variables and task keys; the last two may be left out."""
    asked = [[question[0], dict({'inventory_hostname': 'web1'}, **(question[1:2] or [{}])[0]), (question[2:3] or [{}])[0]]
             for question in questions]
    return series.ask('declared_routes', asked, environment)


def options(answer):
    (hop,) = answer['hops']
    return hop['options']


def test_a_method_goes_by_its_names(series):
    for (name, method), answer in zip(NAMES.items(), ask(series, *[[name] for name in NAMES])):
        (hop,) = answer['hops']
        assert (hop['method'], hop['name'], hop['options']) == (method, 'web1', {'remote_addr': 'web1'}), name


def test_variables_keywords_and_the_environment_set_options(series):
    docker, setns, podman, named, limit, keyword = ask(
        series,
        ['docker', {'ansible_host': 'app', 'ansible_docker_extra_args': '-H x', 'mitogen_docker_path': '/d',
                    'ansible_docker_extra_env': {'A': '1'}, 'ansible_docker_privileged': 'yes'}, {'remote_user': 'deploy'}],
        ['setns', {'mitogen_kind': 'lxc', 'mitogen_lxc_info_path': 'lxc-info -P /srv', 'ansible_host': 'app', 'ansible_user': 'u:g'}],
        ['podman', {'ansible_host': 'app'}], ['podman', {'ansible_host': 'app', 'ansible_podman_host': 'other'}],
        ['docker', {'ansible_timeout': 33}], ['lxd', {}, {'timeout': 44}],
        ANSIBLE_DOCKER_WORKING_DIR='/srv', ANSIBLE_REMOTE_USER='nobody')
    assert options(docker) == {'remote_addr': 'app', 'remote_user': 'deploy', 'docker_extra_args': '-H x', 'extra_env': {'A': '1'},
                               'mitogen_docker_path': '/d', 'privileged': True, 'working_dir': '/srv'}
    assert options(setns) == {'mitogen_kind': 'lxc', 'mitogen_lxc_info_path': 'lxc-info -P /srv', 'remote_addr': 'app', 'remote_user': 'u:g'}
    assert options(podman)['remote_addr'] == 'app' and options(named)['remote_addr'] == 'other'
    assert [answer['hops'][0]['timeout'] for answer in (limit, keyword)] == [33, 44]


def test_where_one_enters_as_root_root_is_logged_in(series):
    names = ['docker', 'podman', 'setns', 'lxc', 'lxd', 'incus', 'jail', 'machinectl']
    assert [answer['login_user'] for answer in ask(series, *[[name] for name in names])] == [None] * 3 + ['root'] * 5


def test_what_ours_cannot_do_is_the_collections(series):
    answers = ask(series, ['kubectl'], ['kubectl', {'ansible_kubectl_token': 'hush'}], ['kubectl', {'ansible_kubectl_password': 'hush'}],
                  ['buildah'], ['buildah', {'ansible_buildah_auto_commit': True}])
    assert [answer['passes_through'] for answer in answers] == [False, True, True, False, True]
    assert 'hush' not in json.dumps([dict(hop, secrets=None) for answer in answers for hop in answer['hops']])


def test_all_other_names_are_ansibles(series):
    assert ask(series, ['paramiko_ssh'], ['community.general.machinectl'], ['nobody.has.this']) == [None] * 3
