"""Containers made for the test, stand-ins for the tools that know them, and containers of the real tools."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib"), str(ROOT / "Tests" / "Agent")]

from hosts import CONTAINERS, Hosts  # noqa: E402
from support.container import Container  # noqa: E402

MITOGEN = ROOT / ".build" / "release" / "mitogen"
INSPECT = (
    '{"pid":{{json .State.Pid}},"status":{{json .State.Status}},"user":{{json .Config.User}},'
    '"directory":{{json .Config.WorkingDir}},"environment":{{json .Config.Env}}}')
#: Of each kind: the option with the tool's path, and what the tool is asked for the container `box`.
KINDS = {
    "docker": ("mitogen_docker_path", ["inspect", "--type", "container", "--format", INSPECT, "box"]),
    "podman": ("mitogen_podman_path", ["inspect", "--type", "container", "--format", INSPECT, "box"]),
    "lxc": ("mitogen_lxc_info_path", ["--name", "box", "--state", "--pid"]),
    "lxd": ("mitogen_lxc_path", ["info", "box"]),
    "incus": ("mitogen_incus_path", ["info", "box"]),
    "machinectl": ("mitogen_machinectl_path", ["show", "--property=Leader", "--property=Class", "--property=State", "box"]),
}


def pytest_collection_modifyitems(items):
    if os.getuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="not as root"))


def run(route, *command, options=None, timeout=20, words=(), python=None, environment=None):
    """`mitogen run`: (status, stdout, stderr)."""
    call = [*words, str(MITOGEN), "run", "--timeout", str(timeout)]
    call += [word for name, value in (options or {}).items() for word in ("-o", f"{name}={value}")]
    call += ["--python", python] if python else []
    done = subprocess.run([*call, route, "--", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          env=os.environ | (environment or {}))
    return done.returncode, done.stdout, done.stderr


class Tool:
    """A stand-in for the tool of a kind, which answers one question."""

    def __init__(self, folder, kind):
        self._file = folder / f"{kind}.json"
        self.option, self._argv = KINDS[kind]
        self.options = {"setns.mitogen_kind": kind, f"setns.{self.option}": f"{sys.executable} {Path(__file__).parent / 'tool.py'} {self._file}"}
        self.answers()

    def answers(self, stdout="", stderr="", rc=0, hangs=False):
        self._file.write_text(json.dumps({"argv": self._argv, "stdout": stdout, "stderr": stderr, "rc": rc, "hangs": hangs}))


@pytest.fixture
def tool(tmp_path):
    return lambda kind: Tool(tmp_path, kind)


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A container; nothing may be left in it when the tests are done."""
    with Container(tmp_path_factory.mktemp("box")) as container:
        yield container
        assert container.is_empty()


class Real:
    """A container that runs, of a real tool."""

    def __init__(self, hosts, kind):
        self.kind, self._values = kind, hosts.values
        variables = hosts.setns_variables(kind)
        self.name = variables["ansible_host"]
        self._options = {f"setns.{name}": value for name, value in variables.items() if name.startswith("mitogen_")}
        self._words = hosts.in_machined if kind == "machinectl" else []
        self._environment = {"LXD_DIR": hosts.values.get("LXD_DIR", "")}

    def run(self, *command, way="", user="", name=None, method="setns", **more):
        """As `run`; `name` is that of another container of the tool."""
        return run(f"{way}{method}://{user}{name or self.name}", *command, options=self._options if method == "setns" else {},
                   words=self._words, environment=self._environment, **more)

    def other(self, what):
        """Its neighbour: STOPPED or BARE."""
        return self._values[what]


@pytest.fixture(scope="session")
def hosts():
    with Hosts(*CONTAINERS, may_be_refused=CONTAINERS) as hosts:
        yield hosts


def host_of(kind) -> str:
    """The script of Integration/Hosts that its containers come from."""
    return {"machinectl": "machined", "machine": "machined"}.get(kind, kind)


@pytest.fixture
def real(hosts):
    def container(kind):
        hosts.require(host_of(kind))
        return Real(hosts, kind)

    return container
