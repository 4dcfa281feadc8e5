"""The ways in: for each the inventory variables by which stock Ansible and ours reach the same account of the same host."""
from dataclasses import dataclass, field
from typing import Callable

from hosts import Hosts


@dataclass(frozen=True)
class Way:
    name: str
    #: Of the target, for ours.
    ours: Callable[[Hosts], dict]
    #: Of the same target, for stock: with the connection plugin that it has for it, or another that leads to the same place.
    stock: Callable[[Hosts], dict] | None = None
    #: Further hosts of the inventory, for ours: those on the way.
    between: Callable[[Hosts], dict] = lambda hosts: {}
    #: How the play becomes another account, and which.
    becomes_by: str = "sudo"
    becomes: Callable[[Hosts], str] = lambda hosts: hosts.other
    password: Callable[[Hosts], str | None] = lambda hosts: hosts.login_password
    #: Host scripts beyond users and sshd.
    needs: tuple[str, ...] = ()
    #: What may differ in results, and why.
    differs: dict[str, str] = field(default_factory=dict)

    def for_stock(self, hosts: Hosts) -> dict:
        return (self.stock or self.ours)(hosts) | self._becoming(hosts)

    def for_ours(self, hosts: Hosts) -> dict:
        return self.ours(hosts) | self._becoming(hosts)

    def _becoming(self, hosts: Hosts) -> dict:
        password = self.password(hosts)
        return {"becomes_by": self.becomes_by, "becomes": self.becomes(hosts)} | ({"ansible_become_password": password} if password else {})


#: Root's PATH may lead to Pythons that run for root alone.
SYSTEM_PYTHON = {"ansible_python_interpreter": "/usr/bin/python3"}


def root(hosts: Hosts, index: int = 1, **more) -> dict:
    return hosts.variables(index, ansible_user="root", **SYSTEM_PYTHON) | more


def bastion(hosts: Hosts) -> dict:
    """Root, who can read the key for the next hop: that is looked for on the bastion."""
    return {"bastion": root(hosts, 3)}


def by_password(hosts: Hosts, **more) -> dict:
    """As seen from an account that cannot read the key."""
    variables = hosts.variables(ansible_password=hosts.login_password, **more)
    del variables["ansible_ssh_private_key_file"]
    return variables


def root_by_ssh(hosts: Hosts) -> dict:
    return {"root": root(hosts, 4)}


def container(method: str, name: str = "", between=lambda hosts: {}, needs: tuple[str, ...] = (), **more) -> Way:
    """A container whose root becomes `app` by su."""
    return Way(
        name or method, lambda hosts: hosts.container_variables(method, **more), lambda hosts: hosts.container_variables(method), between,
        becomes_by="su", becomes=lambda hosts: "app", password=lambda hosts: None, needs=needs or (method,),
        differs={"ansible_facts.ansible_env.SHLVL": "stock's plugins start the shell that they wrap a command in through another one"})


SSH = [
    Way("ssh", lambda hosts: hosts.variables()),
    Way("ssh, sudo without a password", root, password=lambda hosts: None),
    Way("ssh, su", lambda hosts: hosts.variables(), becomes_by="su", password=lambda hosts: hosts.values["OTHER_PASSWORD"]),
    Way("local", lambda hosts: {"ansible_connection": "local"} | SYSTEM_PYTHON, password=lambda hosts: None),
    Way("ssh behind ssh", lambda hosts: hosts.variables(mitogen_via="bastion"), lambda hosts: hosts.variables(), bastion),
    Way("ssh behind an account of a bastion", lambda hosts: by_password(hosts, mitogen_via=f"sudo:{hosts.other}@bastion"), lambda hosts: hosts.variables(),
        lambda hosts: {"bastion": hosts.variables(3, ansible_become_password=hosts.login_password)}),
]

CONTAINERS = [container(method) for method in ("docker", "podman", "buildah", "lxc", "lxd")] + [
    container("docker", "docker behind ssh", root_by_ssh, mitogen_via="root"),
]
