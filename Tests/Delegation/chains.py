"""Hosts of inventories that lead through each other on one machine."""
from hosts import Hosts

PYTHON = {"ansible_python_interpreter": "/usr/bin/python3"}


def by_rule(hosts: Hosts, index: int, **more) -> dict:
    """An account that doas and sudo let start Python as root, with no password."""
    return hosts.variables(index, ansible_user=hosts.rule, **PYTHON) | more


def by_key(hosts: Hosts, index: int, **more) -> dict:
    """An account that becomes others with its password. The machine before it must be able to read the key: as root."""
    return hosts.variables(index, ansible_become_password=hosts.login_password, **PYTHON) | more


def by_password(hosts: Hosts, index: int, **more) -> dict:
    """The same account, from where nobody can read the key."""
    found = by_key(hosts, index, ansible_password=hosts.login_password) | more
    del found["ansible_ssh_private_key_file"]
    return found


def root(hosts: Hosts, index: int, **more) -> dict:
    return hosts.variables(index, ansible_user="root", **PYTHON) | more


def box(hosts: Hosts, method: str, **more) -> dict:
    return hosts.container_variables(method, **PYTHON) | more


def account(method: str, user: str, **more) -> dict:
    """An account that is a host of the inventory."""
    return {"ansible_connection": method, "ansible_user": user, **PYTHON} | more
