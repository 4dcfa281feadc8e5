"""Ansible's own integration targets: where they are, what runs each, and what ansible-test would run it with."""
import json
import os
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import paths
from venvs import Venv

#: The source distribution as a run sees it.
SOURCE = Path("/source")
INTEGRATION = SOURCE / "test" / "integration"
TARGETS = INTEGRATION / "targets"
OUTPUT = SOURCE / "test" / "results" / "output_dir"
#: What a run is given, and what it leaves.
SHARED = Path("/shared")

#: As ansible-test has it (ansible_util.py of its sources). It also limits the descriptors of modules (PYTHON_MODULE_RLIMIT_NOFILE),
#: with which everything of ours would go through the connection alone: that has a target of its own.
ENVIRONMENT = {
    "LC_ALL": "en_US.UTF-8" if Path("/usr/lib/locale/en_US.utf8").exists() else "C.UTF-8",
    "HOME": "/root",
    "ANSIBLE_FORCE_COLOR": "false",
    "ANSIBLE_FORCE_HANDLERS": "true",
    "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
    "ANSIBLE_INVENTORY": "/dev/null",
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "ANSIBLE_HOST_KEY_CHECKING": "false",
    "ANSIBLE_RETRY_FILES_ENABLED": "false",
    "ANSIBLE_LIBRARY": "/dev/null",
    "ANSIBLE_DEVEL_WARNING": "false",
    "ANSIBLE_PYTHON_INTERPRETER": "/set/ansible_python_interpreter/in/inventory",
    "ANSIBLE_CONFIG": str(INTEGRATION / "integration.cfg"),
    "ANSIBLE_TEST_CI": "",
    "ANSIBLE_TEST_COVERAGE": "",
    "PAGER": "/bin/cat",
    "OUTPUT_DIR": str(OUTPUT),
    "INVENTORY_PATH": str(INTEGRATION / "inventory"),
}
#: `testhost` as a host that ansible-test reaches by ssh.
INVENTORY = """[testgroup]
testhost ansible_connection=ssh ansible_pipelining=yes ansible_python_interpreter=/usr/bin/python3 ansible_host=127.0.0.1 ansible_port=22 \
ansible_user=root ansible_ssh_private_key_file=/root/.ssh/id_ed25519 ansible_ssh_extra_args="-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no"
"""


def source(venv: Venv) -> Path:
    """The source distribution of the ansible-core of `venv`, fetched once: wheels have no tests."""
    version = venv.version("ansible-core")
    folder = paths.CACHE / "sources" / f"ansible_core-{version}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        subprocess.run([venv.tool("pip"), "download", "--quiet", "--disable-pip-version-check", "--no-binary=ansible-core", "--no-deps", "--dest", temporary,
                        f"ansible-core=={version}"], check=True)
        with tarfile.open(next(Path(temporary).glob("*.tar.gz"))) as archive:
            archive.extractall(temporary, filter="tar")
        shutil.move(Path(temporary) / folder.name, folder)
    return folder


@dataclass(frozen=True)
class Step:
    """A command of a run."""

    folder: Path
    environment: dict[str, str]
    command: list[str]

    def line(self) -> str:
        return f"cd {shlex.quote(str(self.folder))} && env {shlex.join(f'{name}={value}' for name, value in self.environment.items())} {shlex.join(self.command)}"


class Target:
    def __init__(self, name: str, source: Path):
        self.name = name
        self.folder = source / "test" / "integration" / "targets" / name
        self.aliases = self._aliases()

    def exists(self) -> bool:
        return self.folder.is_dir()

    def _aliases(self) -> list[str]:
        path = self.folder / "aliases"
        lines = path.read_text().splitlines() if path.exists() else []
        return [alias for line in lines if (alias := line.split("#")[0].strip())]

    def named_by(self, *prefixes: str) -> list[str]:
        """What stands behind one of these words in the aliases."""
        return [alias.removeprefix(prefix) for alias in self.aliases for prefix in prefixes if alias.startswith(prefix)]

    def steps(self) -> list[Step]:
        """What ansible-test would run, in its order."""
        source = self.folder.parents[3]
        before = [Target(name, source).step() for name in self.named_by("setup/once/", "setup/always/")]
        return [*before, self.step()]

    def step(self) -> Step:
        environment = {"ANSIBLE_PLAYBOOK_DIR": str(TARGETS / self.name)}
        environment |= dict(pair.split("/", 1) for pair in self.named_by("env/set/"))
        if (self.folder / "runme.sh").exists():
            return Step(TARGETS / self.name, environment, ["./runme.sh"])
        environment |= {"ANSIBLE_PLAYBOOK_DIR": str(INTEGRATION), "ANSIBLE_ROLES_PATH": str(TARGETS)}
        return Step(INTEGRATION, environment, ["ansible-playbook", f"{self.name}.yml", "-i", "inventory"])

    def playbook(self) -> str:
        """Of a target that is a role."""
        play = {"hosts": "testhost", "gather_facts": "gather_facts/no" not in self.aliases, "vars": {"output_dir": str(OUTPUT)}, "roles": [self.name]}
        return json.dumps([play])

    def write(self, shared: Path):
        """What a run needs: the inventory, the playbooks of roles, and the script of its steps."""
        source = self.folder.parents[3]
        files = shared / "integration"
        files.mkdir(parents=True)
        (files / "inventory").write_text(INVENTORY)
        for target in (self, *(Target(name, source) for name in self.named_by("setup/once/", "setup/always/"))):
            (files / f"{target.name}.yml").write_text(target.playbook())
        shutil.copy(source / "test" / "lib" / "ansible_test" / "_data" / "ansible.cfg", files / "integration.cfg")
        new_output = f"rm -rf {OUTPUT} && mkdir -p {OUTPUT}"
        script = ["set -e", f"cp -r {SHARED}/integration/. {INTEGRATION}/", *(f"{new_output} && {step.line()}" for step in self.steps())]
        (shared / "run.sh").write_text("\n".join(script) + "\n")


def listed(path: Path) -> dict[str, str]:
    """NAME  # TEXT of a list: the names with what is said of them."""
    found = {}
    for line in path.read_text().splitlines():
        name, _, text = line.partition("#")
        if name.strip():
            found[name.strip()] = text.strip()
    return found


def plugin_environment(source: Path) -> dict[str, str]:
    """The plugins that ansible-test brings for its targets, where there are any."""
    support = source / "test" / "support" / "integration" / "plugins"
    names = {"modules": "LIBRARY", "module_utils": "MODULE_UTILS"}
    folders = [folder.name for folder in support.iterdir()] if support.is_dir() else []
    return {f"ANSIBLE_{names.get(name, f'{name.upper()}_PLUGINS')}": str(SOURCE / os.path.relpath(support / name, source)) for name in folders}
