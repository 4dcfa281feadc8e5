"""Hosts from Integration/Hosts for the length of a `with`, and inventories that name them."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paths

#: The order in which they start; they stop in the reverse one.
ORDER = ("users", "sshd", "bare", "links", "docker", "podman", "lxc", "lxd", "machined")
#: Those that need nothing of each other: they start and stop beside each other, since most of it is waiting.
CONTAINERS = ("docker", "podman", "lxc", "lxd", "machined")
#: The target's address at the far end of every link.
FAR_ADDRESS = "10.213.0.2"


#: The status of a script that says: this machine does not allow what the host is made of (`refuse` in common.sh).
REFUSED = 77


class HostsFailed(Exception):
    """A host script failed; its output is the message."""


class HostRefused(HostsFailed):
    """The machine does not let such a host exist, as its script has found out before it began."""


def stop_on_signals():
    """SIGTERM and SIGHUP leave through the same door as ^C, so that what a tool started is ended."""
    # A shell's background job ignores ^C, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))


class Hosts:
    """`with Hosts("users", "sshd") as hosts:` accounts and servers that exist inside the block only.

    The state's folder is named after our PID: what a killed tool left is found by the next one, and stopped.
    """

    def __init__(self, *names: str, links: tuple[int, ...] = (30, 180), crowd: int = 0, may_be_refused: tuple[str, ...] = ()):
        """:param crowd: further containers of docker; see `crowd`.
        :param may_be_refused: hosts that need not be there where the machine refuses them. A script that fails for any other reason is an error."""
        self.names = [name for name in ORDER if name in names]
        self.links = links
        self.count = crowd
        self.may_be_refused = may_be_refused
        #: Those that the machine refused, and what their script said.
        self.refused: dict[str, str] = {}
        self.values: dict[str, str] = {}

    def __enter__(self):
        sweep()
        self.state = Path(tempfile.mkdtemp(prefix=f"mitogen-hosts-{os.getpid()}-"))
        self.state.chmod(0o755)
        try:
            for name in self.names:
                if name not in CONTAINERS:
                    run_script(name, "start", self.state, LINKS=" ".join(str(rtt) for rtt in self.links))
            containers = [name for name in self.names if name in CONTAINERS]
            for name, error in run_scripts(containers, "start", self.state, CROWD=str(self.count)).items():
                if name not in self.may_be_refused or not isinstance(error, HostRefused):
                    raise error
                self.refused[name] = str(error)
        except BaseException:
            self.__exit__()
            raise
        for file in self.state.glob("*.env"):
            self.values |= dict(line.split("=", 1) for line in file.read_text().splitlines())
        return self

    def __exit__(self, *_):
        stop_state(self.state)

    def require(self, *names: str):
        """Skips the test that needs these, where the machine refuses one."""
        for name in names:
            if name in self.refused:
                import pytest  # the other tools do without
                pytest.skip(f"this machine refuses {name}: {self.refused[name]}")

    @property
    def login(self) -> str:
        return self.values["LOGIN"]

    @property
    def other(self) -> str:
        return self.values["OTHER"]

    @property
    def rule(self) -> str:
        return self.values["RULE"]

    @property
    def login_password(self) -> str:
        return self.values["LOGIN_PASSWORD"]

    @property
    def port(self) -> int:
        return int(self.values["PORT"])

    @property
    def key(self) -> Path:
        return self.state / "ssh" / "key"

    @property
    def ssh_arguments(self) -> str:
        return f"-F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={self.state}/ssh/known_hosts"

    def variables(self, index: int = 1, **more) -> dict:
        """Inventory variables of the host at 127.0.0.`index`; `more` adds to them or replaces."""
        return {
            "ansible_host": f"127.0.0.{index}",
            "ansible_port": self.port,
            "ansible_user": self.login,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": self.ssh_arguments,
        } | more

    def bare_variables(self, **more) -> dict:
        """Inventory variables of the host that has no Python."""
        return self.variables(21, ansible_port=int(self.values["BARE_PORT"])) | more

    def far_variables(self, **more) -> dict:
        """Inventory variables of the host at the far end of a link."""
        return self.variables(ansible_host=FAR_ADDRESS, ansible_port=22) | more

    def container_variables(self, method: str, **more) -> dict:
        """Inventory variables of the container that runs, by docker, podman, buildah, lxc or lxd.

        LXD's client also needs LXD_DIR (in `values`) in the environment of ansible-playbook.
        """
        values = self.values
        of_method = {
            "docker": lambda: {"ansible_docker_extra_args": values["DOCKER_ARGS"], "mitogen_docker_path": values["DOCKER"]},
            "podman": lambda: {"ansible_podman_extra_args": values["PODMAN_ARGS"]},
            "buildah": lambda: {"ansible_buildah_extra_args": values["PODMAN_ARGS"], "ansible_host": f"{values['APP']}-build"},
            "lxc": lambda: {"mitogen_lxc_attach_path": f"lxc-attach {values['LXC_ARGS']}"},
            "lxd": lambda: {"mitogen_lxc_path": "/usr/bin/lxc"},
        }
        return {"ansible_connection": method, "ansible_host": values["APP"]} | of_method[method]() | more

    def crowd(self, count: int, **more) -> dict[str, dict]:
        """Inventory variables of `count` equal containers of docker, those that $CROWD of the script asked for; behind the far end of a link.

        There `docker` alone leads to them: Mitogen for Ansible from PyPI takes no path and no arguments.
        """
        common = {"ansible_connection": "docker", "ansible_python_interpreter": "/usr/bin/python3"}
        return {f"box{i}": common | {"ansible_host": f"{self.values['APP']}-{i}"} | more for i in range(1, count + 1)}

    def setns_variables(self, kind: str, **more) -> dict:
        """Inventory variables of the container that runs, entered by its namespaces.

        LXD's client also needs LXD_DIR, and machinectl the words of `in_machined`.
        """
        values = self.values
        of_kind = {
            "docker": lambda: {"mitogen_docker_path": f"{values['DOCKER']} {values['DOCKER_ARGS']}"},
            "podman": lambda: {"mitogen_podman_path": f"podman {values['PODMAN_ARGS']}"},
            "lxc": lambda: {"mitogen_lxc_info_path": f"lxc-info {values['LXC_ARGS']}"},
            "lxd": lambda: {"mitogen_lxc_path": "/usr/bin/lxc"},
            "machinectl": dict,
        }
        name = values["MACHINE" if kind == "machinectl" else "APP"]
        return {"ansible_connection": "setns", "mitogen_kind": kind, "ansible_host": name} | of_kind[kind]() | more

    def inventory(self, hosts: dict[str, dict], name: str = "inventory") -> Path:
        """Writes an inventory of `hosts` (name -> variables) and returns its path."""
        path = self.state / f"{name}.json"
        path.write_text(json.dumps({"all": {"hosts": hosts}}, indent=1))
        return path

    def near(self, rtt: int) -> list[str]:
        """The words to put before a command that is to run at the near end of a link."""
        return ["nsenter", f"--net=/run/netns/mitogen-near-{os.getpid()}-{rtt}", "--"]

    @property
    def in_machined(self) -> list[str]:
        """The words to put before a command that is to find systemd-machined."""
        return ["nsenter", f"--mount={self.values['MACHINED_NAMESPACE']}", "--"]

    def bytes_on_link(self, rtt: int) -> int:
        """IP bytes that have crossed the link so far, both ways."""
        command = ["ip", "-n", f"mitogen-near-{os.getpid()}-{rtt}", "-j", "-s", "link", "show", "dev", "link0"]
        counters = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]["stats64"]
        return counters["rx"]["bytes"] + counters["tx"]["bytes"]


def run_script(name: str, verb: str, state: Path, **environment: str):
    owner = state.name.split("-")[2]
    environment = os.environ | environment | {"MITOGEN_HOSTS": str(state), "MITOGEN_HOSTS_ID": owner}
    done = subprocess.run([str(paths.HOSTS / name), verb], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        kind = HostRefused if done.returncode == REFUSED else HostsFailed
        raise kind(f"Integration/Hosts/{name} {verb}: {done.stdout.strip()}")


def run_scripts(names: list[str] | tuple[str, ...], verb: str, state: Path, **environment: str) -> dict[str, HostsFailed]:
    """Runs the scripts beside each other; returns, when all have ended, the errors of those that failed."""
    def run(name):
        try:
            run_script(name, verb, state, **environment)
        except HostsFailed as error:
            return error

    with ThreadPoolExecutor(len(CONTAINERS)) as pool:
        return {name: error for name, error in zip(names, pool.map(run, names)) if error}


def stop_state(state: Path):
    for names in (CONTAINERS, *((name,) for name in reversed(ORDER) if name not in CONTAINERS)):
        for error in run_scripts(names, "stop", state).values():
            print(error, file=sys.stderr)
    shutil.rmtree(state, ignore_errors=True)


def sweep():
    """Stops what tools that are no longer alive left behind."""
    for state in Path(tempfile.gettempdir()).glob("mitogen-hosts-*-*"):
        owner = state.name.split("-")[2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            stop_state(state)
