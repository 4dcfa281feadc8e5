"""`synchronize` where ssh alone does not lead: real rsync, both ways."""
import pytest
import venvs
from chains import box, by_key, root
from plays import play

FILES = {"page": b"a page\n", "folder/data": bytes(range(256)) * 4096, "folder/none": b""}

PUSH = {"ansible.posix.synchronize": {"src": "{{ playbook_dir }}/tree/", "dest": "/tmp/{{ tag }}/", "owner": False, "group": False}}
TASKS = [
    {"name": "push"} | PUSH,
    {"name": "push again"} | PUSH,
    {"name": "owner", "stat": {"path": "/tmp/{{ tag }}/folder/data"}},
    {"name": "add", "copy": {"content": "{{ inventory_hostname }}", "dest": "/tmp/{{ tag }}/added"}},
    {"name": "pull", "ansible.posix.synchronize": {
        "mode": "pull", "src": "/tmp/{{ tag }}/", "dest": "{{ playbook_dir }}/back-{{ inventory_hostname }}/", "owner": False, "group": False}},
    {"name": "remove", "file": {"path": "/tmp/{{ tag }}", "state": "absent"}},
]
#: Host -> the account that the files belong to.
OWNERS = {"login": "login", "sudo": "other", "su": "other", "docker": "root", "docker-app": "app", "docker-su": "app", "lxc": "root"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("play")
    for name, content in FILES.items():
        (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def outcome(hosts, venv, folder):
    becomes = {"ansible_become": True, "ansible_become_user": hosts.other}
    inventory = {
        "login": by_key(hosts, 2, mitogen_via="bastion"),
        "sudo": by_key(hosts, 3, mitogen_via="bastion") | becomes,
        "su": by_key(hosts, 4, mitogen_via="bastion") | becomes | {
            "ansible_become_method": "su", "ansible_become_password": hosts.values["OTHER_PASSWORD"]},
        "docker": box(hosts, "docker", mitogen_via="bastion"),
        "docker-app": box(hosts, "docker", mitogen_via="bastion", ansible_user="app"),
        "docker-su": box(hosts, "docker", mitogen_via="bastion", ansible_become=True, ansible_become_user="app", ansible_become_method="su"),
        "lxc": box(hosts, "lxc", mitogen_via="bastion"),
    }
    inventory = {name: variables | {"tag": f"mitogen-sync-{hosts.login}-{name}"} for name, variables in inventory.items()}
    between = {"bastion": root(hosts, 1)}
    tasks = [task | {"when": "inventory_hostname != 'bastion'"} for task in TASKS]
    return play(hosts, folder, venv, inventory | between, tasks, ANSIBLE_TIMEOUT="60", ANSIBLE_COLLECTIONS_PATH=str(venvs.collections()))


@pytest.mark.parametrize("host", OWNERS)
def test_a_tree_goes_and_comes_back(hosts, outcome, folder, host):
    for task in ("push", "pull"):
        result = outcome.result(host, task)
        assert result["event"] == "ok" and result["changed"], (result, outcome.output)
    assert not outcome.result(host, "push again")["changed"]
    assert outcome.result(host, "owner")["stat"]["pw_name"] == getattr(hosts, OWNERS[host], OWNERS[host])
    back = folder / f"back-{host}"
    found = {str(path.relative_to(back)): path.read_bytes() for path in back.rglob("*") if path.is_file()}
    assert found == FILES | {"added": host.encode()}


def test_no_password_is_in_a_result(hosts, outcome):
    assert outcome.records
    assert not [secret for secret in (hosts.login_password, hosts.values["OTHER_PASSWORD"]) if secret in str(outcome.records) + outcome.output]
