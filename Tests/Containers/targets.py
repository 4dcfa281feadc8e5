"""What the tests know of each method: how its container is named, and how its own program reaches it."""
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import paths

#: Methods with a real program behind them on this machine.
REAL = ("docker", "podman", "buildah", "lxc", "lxd")
#: The option that names the program.
PROGRAMS = {"docker": "mitogen_docker_path", "podman": "mitogen_podman_path", "buildah": "mitogen_buildah_path",
            "lxc": "mitogen_lxc_attach_path", "lxd": "mitogen_lxc_path", "kubectl": "mitogen_kubectl_path",
            "jail": "mitogen_jexec_path", "incus": "mitogen_incus_path"}
#: The names of the collections' own plugins: playbooks may say either.
FULL_NAMES = {"docker": "community.docker.docker", "podman": "containers.podman.podman", "buildah": "containers.podman.buildah",
              "lxc": "community.general.lxc", "lxd": "community.general.lxd", "kubectl": "kubernetes.core.kubectl",
              "jail": "community.general.jail", "incus": "community.general.incus"}
STAND_INS = Path(__file__).resolve().parent / "stand_ins"
#: By method: its stand-in, and the container that this knows.
STOOD_IN = {"kubectl": ("kubectl", "web-1"), "jail": ("jexec", "www"), "incus": ("incus", "web1")}
#: Far above what any opening takes, in seconds.
TIME_LIMIT = 60


def host_of(method: str) -> str:
    """The script of Integration/Hosts that its containers come from."""
    return "podman" if method == "buildah" else method


def standing(hosts) -> list[str]:
    """Those of REAL that the machine does not refuse."""
    return [method for method in REAL if host_of(method) not in hosts.refused]


@dataclass
class Target:
    method: str
    #: The container that runs; one that does not; one without Python.
    name: str
    stopped: str
    bare: str
    #: The plugin's options.
    options: dict[str, str] = field(default_factory=dict)
    #: What its program needs in the environment.
    environment: dict[str, str] = field(default_factory=dict)
    #: The program's own words before a command in the container.
    enter: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, method: str, hosts) -> "Target":
        hosts.require(host_of(method))
        values = hosts.values
        name = values["APP"]
        target = cls(method, name, values["STOPPED"], values.get("BARE", ""))
        if method == "docker":
            target.options = {"mitogen_docker_path": values["DOCKER"], "docker_extra_args": values["DOCKER_ARGS"]}
            target.enter = [values["DOCKER"], *values["DOCKER_ARGS"].split(), "exec", name]
        elif method == "podman":
            target.options = {"podman_extra_args": values["PODMAN_ARGS"]}
            target.enter = ["podman", *values["PODMAN_ARGS"].split(), "exec", name]
        elif method == "buildah":
            target.name += "-build"
            target.options = {"buildah_extra_args": values["PODMAN_ARGS"]}
        elif method == "lxc":
            program = f"lxc-attach {values['LXC_ARGS']}"
            target.options = {"mitogen_lxc_attach_path": program}
            target.enter = [*program.split(), "--name", name, "--"]
        elif method == "lxd":
            target.options = {"mitogen_lxc_path": "/usr/bin/lxc"}
            target.environment = {"LXD_DIR": values["LXD_DIR"]}
            target.enter = ["/usr/bin/lxc", "exec", name, "--"]
        return target

    def route(self, name: str | None = None, user: str | None = None) -> str:
        return f"{self.method}://{user + '@' if user else ''}{name or self.name}"

    def run(self, *command: str, route: str | None = None, timeout: float = 20, python: str | None = None,
            others: dict[str, str] | None = None, **options: str):
        """`mitogen run`: the finished process, with its output as text.

        `options` are the method's own; `others` those of other methods on the route, as METHOD.NAME.
        """
        words = [str(paths.MITOGEN), "run", "--timeout", str(timeout)]
        words += ["--python", python] if python else []
        all_options = {f"{self.method}.{name}": value for name, value in (self.options | options).items()} | (others or {})
        for option, value in all_options.items():
            words += ["--option", f"{option}={value}"]
        return subprocess.run([*words, route or self.route(), "--", *command], env=os.environ | self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT)

    def inside(self, *command: str) -> str:
        """What a command prints that the method's own program runs in the container."""
        done = subprocess.run([*self.enter, *command], env=os.environ | self.environment, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIME_LIMIT, check=True)
        return done.stdout


def assert_refused(done, *words):
    """`mitogen run` could not open the route, and its message has these words."""
    assert done.returncode == 255 and done.stderr.startswith("mitogen: "), (done.returncode, done.stderr)
    for word in words:
        assert word in done.stderr, done.stderr
