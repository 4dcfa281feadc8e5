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
    #: How the play becomes another account, and which; none is become where there is no such method.
    becomes_by: str | None = "sudo"
    becomes: Callable[[Hosts], str] = lambda hosts: hosts.other
    password: Callable[[Hosts], str | None] = lambda hosts: hosts.login_password
    #: Host scripts beyond users and sshd.
    needs: tuple[str, ...] = ()
    #: Programs that stock's plugin finds on its PATH: name -> script.
    programs: Callable[[Hosts], dict[str, str]] = lambda hosts: {}
    #: Another way that is the same to stock, whose results are then compared with.
    like: str = ""
    #: Whether the second play runs on it too.
    thorough: bool = False
    #: What may differ in results, as TASK: PLACE, and why.
    differs: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Its name in the inventory."""
        return "-".join(["way", *"".join(c if c.isalnum() else " " for c in self.name).split()])

    def stands(self, hosts: Hosts) -> bool:
        """Whether the machine has the hosts that it needs."""
        return not any(name in hosts.refused for name in self.needs)

    def for_stock(self, hosts: Hosts) -> dict:
        return self._common(hosts) | (self.stock or self.ours)(hosts)

    def for_ours(self, hosts: Hosts) -> dict:
        return self._common(hosts) | self.ours(hosts)

    def _common(self, hosts: Hosts) -> dict:
        # A folder of its own: where one way fails, files of another account stay behind.
        common = {"work": f"/tmp/mitogen-ways-{hosts.login}-{self.host}", "becomes_by": self.becomes_by or "sudo",
                  "becomes": self.becomes(hosts) if self.becomes_by else ""}
        password = self.password(hosts)
        return common | ({"ansible_become_password": password} if password else {})


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


#: The variables of a shell that stock's plugins wrap each command in.
SHELL = {f"facts: ansible_facts.ansible_env.{name}": "stock's plugins start commands by a shell, ours starts none" for name in ("SHLVL", "PWD")}
#: raw and script, where they become another account over ssh.
TERMINAL = {f"{task}: {place}": "stock asks for a terminal there, which joins stdout and stderr and ends lines as terminals do"
            for task in ("raw", "a script") for place in ("stdout", "stderr")}
#: A shell's command line that is given to no shell.
SPLIT = {f"raw: {place}": "the collection's plugin splits the command line into words and starts them" for place in ("stdout", "rc", "msg")}
#: Whoever looks for init there finds what was started.
FIRST = {"facts: ansible_facts.ansible_service_mgr": "`buildah run` makes the command the first process: stock's shell, our Python"}
#: Variables of the account.
ACCOUNT = {f"facts: ansible_facts.ansible_env.{name}": "setns gives the account's variables, as a login does; the tools set others"
           for name in ("LOGNAME", "SHELL", "USER", "HOSTNAME", "TERM", "container_uuid")}


def becomes_app(name: str, ours, stock, needs: tuple[str, ...], **more) -> Way:
    """A container whose root becomes `app` by su."""
    differs = SHELL | more.pop("differs", {})
    return Way(name, ours, stock, **{"becomes_by": "su"} | more, becomes=lambda hosts: "app", password=lambda hosts: None, needs=needs, differs=differs)


def stocks(method: str) -> Callable[[Hosts], dict]:
    """The container by the collection's plugin."""
    # It copies files out of a mount, in which those of a running container need not be.
    program = {"ansible_podman_executable": "podman-without-mount"} if method == "podman" else {}
    return lambda hosts: hosts.container_variables(method, **program)


def programs(method: str) -> Callable[[Hosts], dict[str, str]]:
    """What the collection's plugin gives too few arguments, or too many."""
    return {
        "buildah": lambda hosts: {"buildah": f'#!/bin/sh\nexec /usr/bin/buildah {hosts.values["PODMAN_ARGS"]} "$@"\n'},
        "podman": lambda hosts: {"podman-without-mount": '#!/bin/sh\ncase " $* " in *" mount "*) exit 1;; esac\nexec podman "$@"\n'},
        "lxc": enter_lxc,
    }.get(method, lambda hosts: {})


def container(method: str, name: str = "", between=lambda hosts: {}, thorough: bool = False, **more) -> Way:
    """By the method, and by the collection's plugin of that name."""
    return becomes_app(name or method, lambda hosts: hosts.container_variables(method, **more), stocks(method),
                       ("podman" if method == "buildah" else method,), between=between, thorough=thorough, programs=programs(method), like=method if name else "",
                       differs={"podman": SPLIT, "buildah": SPLIT | FIRST}.get(method, {}))


def by_chroot(program: str) -> Callable[[Hosts], dict]:
    """Stock's plugin for lxc needs a Python binding that few have, and for machines it has none: there a program stands in the place of
    chroot, and takes its arguments."""
    return lambda hosts: {"ansible_connection": "community.general.chroot", "ansible_host": "/", "ansible_chroot_exe": program} | SYSTEM_PYTHON


#: What setns gives root.
LOGIN = "HOME=/root USER=root LOGNAME=root SHELL=/bin/sh"


def enter_lxc(hosts: Hosts) -> dict[str, str]:
    enter = f'#!/bin/sh\nshift\nexec lxc-attach {hosts.values["LXC_ARGS"]} --clear-env --name {hosts.values["APP"]} --'
    return {"enter-lxc": f'{enter} "$@"\n', "enter-lxc-as-setns": f'{enter} env {LOGIN} "$@"\n'}


def enter_machine(hosts: Hosts) -> dict[str, str]:
    words = ["nsenter", "--target", hosts.values["MACHINE_LEADER"], "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"enter-machine": f'#!/bin/sh\nshift\ncd /\nexec {" ".join(words)} --wd env -i {LOGIN} PATH={path} "$@"\n'}


def machine(hosts: Hosts) -> dict:
    return {"ansible_connection": "machinectl", "ansible_host": hosts.values["MACHINE"],
            "mitogen_machinectl_path": " ".join([*hosts.in_machined, "machinectl"])} | SYSTEM_PYTHON


def setns(kind: str) -> Way:
    """Stock has no setns: by its plugin for the tool that started the container."""
    differs = {"docker": ACCOUNT, "podman": ACCOUNT | SPLIT,
               "lxd": ACCOUNT | {"who and where: stdout": "LXD starts commands in root's home, setns in /"}}.get(kind, {})
    if kind == "lxc":
        stock, like, more = by_chroot("enter-lxc-as-setns"), "", SYSTEM_PYTHON
    else:
        stock, like, more = stocks(kind), kind, {}
    return becomes_app(f"setns of {kind}", lambda hosts: hosts.setns_variables(kind, **more), stock, (kind,), like=like, differs=differs, programs=programs(kind))


def account_by(method: str) -> Way:
    """An account as a host of its own, behind its login account; stock has become for that."""
    def password(hosts):
        return hosts.values["OTHER_PASSWORD"] if method == "su" else hosts.login_password

    variables = {f"facts: ansible_facts.ansible_env.{name}": "of the command that is run, its shell and stock's terminal"
                 for name in ("SUDO_COMMAND", "SSH_TTY", "TERM", "PWD")}
    return Way(
        f"mitogen_{method}",
        lambda hosts: {"ansible_connection": f"mitogen_{method}", "ansible_user": hosts.other, "ansible_password": password(hosts),
                       "mitogen_via": "login"} | SYSTEM_PYTHON,
        lambda hosts: hosts.variables(5, ansible_become=True, **SYSTEM_PYTHON), lambda hosts: {"login": hosts.variables(5)},
        becomes_by="community.general.doas" if method == "doas" else method, password=password, differs=TERMINAL | variables)


def stand_in(method: str, name: str, **more) -> Way:
    """The same stand-in for both sides, which runs what it is given on this machine."""
    def variables(hosts):
        return {"ansible_connection": method, "ansible_host": name} | SYSTEM_PYTHON

    full = {"kubectl": "kubernetes.core.kubectl"}.get(method, f"community.general.{method}")
    return Way(f"{method}, a stand-in", lambda hosts: variables(hosts) | more, lambda hosts: variables(hosts) | {"ansible_connection": full},
               becomes_by="su", password=lambda hosts: None, differs=SHELL)


#: Hosts and their accounts.
HOSTS = [
    Way("ssh", lambda hosts: hosts.variables(), thorough=True),
    Way("ssh, sudo without a password", root, password=lambda hosts: None),
    Way("ssh, su", lambda hosts: hosts.variables(), becomes_by="su", password=lambda hosts: hosts.values["OTHER_PASSWORD"]),
    Way("ssh, doas", lambda hosts: hosts.variables(), becomes_by="community.general.doas"),
    Way("local", lambda hosts: {"ansible_connection": "local"} | SYSTEM_PYTHON, password=lambda hosts: None, thorough=True),
    Way("ssh behind ssh", lambda hosts: hosts.variables(mitogen_via="bastion"), lambda hosts: hosts.variables(), bastion, like="ssh"),
    Way("ssh behind an account of a bastion", lambda hosts: by_password(hosts, mitogen_via=f"sudo:{hosts.other}@gate"), lambda hosts: hosts.variables(),
        lambda hosts: {"gate": hosts.variables(3, ansible_become_password=hosts.login_password)}, like="ssh"),
    *map(account_by, ("sudo", "su", "doas")),
]

#: Real containers.
CONTAINERS = [
    container("docker", thorough=True),
    container("podman"),
    container("buildah"),
    becomes_app("lxc", lambda hosts: hosts.container_variables("lxc", **SYSTEM_PYTHON), by_chroot("enter-lxc"), ("lxc",), programs=enter_lxc),
    container("lxd"),
    container("docker", "docker behind ssh", root_by_ssh, mitogen_via="root"),
    *map(setns, ("docker", "podman", "lxc", "lxd")),
    # The machine has no configuration for su.
    becomes_app("machinectl", machine, by_chroot("enter-machine"), ("machined",), programs=enter_machine, becomes_by=None),
]

STAND_INS = [stand_in("kubectl", "web-1"), stand_in("jail", "www", mitogen_jexec_path="jexec"), stand_in("incus", "web1")]
