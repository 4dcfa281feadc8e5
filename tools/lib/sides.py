"""The sides of a comparison: the same ansible-core, run as it is, through Mitogen from PyPI, or through ours.

A side is an environment. It starts from nothing of the user's: an empty home, no ansible.cfg, no agent, Python's own byte code caching.
"""
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import paths
from venvs import Venv

#: The ways to switch ours on.
ENTRIES = ("callback", "mitogen_linear", "mitogen_free", "mitogen_host_pinned")


@dataclass(frozen=True)
class Side:
    name: str
    venv: Venv
    #: Over the common environment.
    settings: dict[str, str] = field(default_factory=dict)

    def environment(self, scratch: Path) -> dict[str, str]:
        """What ansible-playbook runs with; `scratch` is a private folder of the run (short: sockets lie below it)."""
        home = scratch / "home"
        home.mkdir(parents=True, exist_ok=True)
        (scratch / "ansible.cfg").touch()
        return {
            "PATH": f"{self.venv.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "COLUMNS": "400",
            "ANSIBLE_CONFIG": str(scratch / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(scratch / "cp"),
        } | self.settings


def stock(venv: Venv, pipelining: bool = True) -> Side:
    """Ansible as it is, at its fastest: pipelining, and ControlPersist as by default."""
    return Side("stock", venv, {"ANSIBLE_STRATEGY": "linear", "ANSIBLE_PIPELINING": str(pipelining)})


def mitogen_peer(venv: Venv) -> Side:
    """Mitogen for Ansible from PyPI."""
    code = "import ansible_mitogen, os; print(os.path.dirname(ansible_mitogen.__file__))"
    package = subprocess.run([venv.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    settings = {"ANSIBLE_STRATEGY_PLUGINS": f"{package}/plugins/strategy", "ANSIBLE_STRATEGY": "mitogen_linear"}
    return Side("mitogen", venv, settings)


def ours(venv: Venv, entry: str = "callback", pipelining: bool = True) -> Side:
    """Ours, switched on as the user's guide says: by the callback, or by one of the strategies. `pipelining` is what the same user would have
    set for stock: it tells which tasks stock gives a terminal, and ours returns what comes back from one."""
    if entry == "callback":
        printed = subprocess.run([str(paths.MITOGEN), "ansible-config", "--env"], capture_output=True, text=True, check=True).stdout
        words = [word for line in printed.splitlines() for word in shlex.split(line, comments=True)]
        settings = dict(word.split("=", 1) for word in words if "=" in word)
        settings.setdefault("ANSIBLE_STRATEGY", "linear")
    else:
        folder = paths.REPOSITORY / "Integration" / "Ansible" / "plugins" / "strategy"
        settings = {"ANSIBLE_STRATEGY_PLUGINS": str(folder), "ANSIBLE_STRATEGY": entry}
    return Side("ours", venv, settings | {"ANSIBLE_PIPELINING": str(pipelining)})
