"""What a node is after many tasks: its processes' memory and descriptors, files that are left, and its environment."""
import functools
import http.server
import json
import os
import select
import shutil
import subprocess
import tarfile
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import venvs
from probes import LOCAL_HOP
from router_client import Router, memory_of

ABOUT = "1,000 tasks of 30 modules on one node: memory, descriptors, what is left (printed, no peer)"
#: No links and no containers of the hosts that every probe gets.
LINKS = ()
CONTAINERS = 0
TASKS = 1000
#: From here on nothing should grow: every module has run, and what they share has been loaded.
WARM = 200
#: What costs more than a few hundredths of a second runs in one round of so many only.
ROUNDS_OF_HEAVY = 20
#: They need what not every machine has, or fail as they should: a failure is a task too.
MAY_FAIL = {"async_status", "deb822_repository", "rpm_key", "sysvinit"}
INTERNAL = {"_ansible_version": "2.19.0", "_ansible_remote_tmp": None, "_ansible_keep_remote_files": False, "_ansible_no_log": False,
            "_ansible_socket": None, "_ansible_check_mode": False, "_ansible_diff": False, "_ansible_verbosity": 0, "_ansible_debug": False,
            "_ansible_syslog_facility": "LOG_USER", "_ansible_selinux_special_fs": [],
            "_ansible_shell_executable": "/bin/sh", "_ansible_target_log_info": None, "_ansible_ignore_unknown_opts": False,
            "_ansible_tracebacks_for": []}


class TaskFailed(Exception):
    """A task that should have worked: what came of it proves nothing."""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def tasks(work: Path, url: str) -> tuple[list[tuple[str, dict]], list[tuple[str, dict]]]:
    """(module, arguments) of the light ones and of the heavy ones. They change nothing but below `work`."""
    check = {"_ansible_check_mode": True}
    text, folder = str(work / "text"), str(work / "folder")
    light = [
        ("ping", {}),
        ("command", {"_raw_params": "echo hello"}),
        ("stat", {"path": text}),
        ("file", {"path": folder, "state": "directory", "mode": "0755"}),
        ("copy", {"src": text, "dest": f"{folder}/copy", "remote_src": True}),
        ("slurp", {"src": text}),
        ("lineinfile", {"path": text, "line": "a line", "create": True}),
        ("blockinfile", {"path": text, "block": "a block"}),
        ("replace", {"path": text, "regexp": "nothing", "replace": "x"}),
        ("find", {"paths": [folder], "patterns": ["*"]}),
        ("getent", {"database": "passwd", "key": "root"}),
        ("tempfile", {"state": "file", "path": folder}),
        ("file", {"path": f"{folder}/link", "src": text, "state": "link"}),
        ("wait_for", {"path": text, "timeout": 5}),
        ("assemble", {"src": str(work / "fragments"), "dest": f"{folder}/assembled", "remote_src": True}),
        ("known_hosts", {"name": "host", "key": "host ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVcNqPPyFpVqPQYKPzCLWTXqDYMoTK0lZYVt6dZf5gx",
                         "path": str(work / "known_hosts")}),
        ("yum_repository", {"name": "it", "description": "it", "baseurl": url, "reposdir": folder}),
        ("async_status", {"jid": "1.1", "_async_dir": folder}),
        ("sysvinit", {"name": "ssh", "enabled": True} | check),
    ]
    heavy = [
        ("unarchive", {"src": str(work / "archive.tar.gz"), "dest": folder, "remote_src": True}),
        ("get_url", {"url": url, "dest": f"{folder}/got", "force": True}),
        ("uri", {"url": url, "return_content": True}),
        ("user", {"name": "root"} | check),
        ("group", {"name": "root"} | check),
        ("hostname", {"name": os.uname().nodename} | check),
        ("git", {"repo": str(work / "repository"), "dest": f"{folder}/clone", "version": "HEAD"}),
        ("debconf", {"name": "debconf"}),
        ("rpm_key", {"key": "0xdeadbeef", "state": "absent"} | check),
        ("deb822_repository", {"name": "it", "state": "absent"} | check),
        ("dpkg_selections", {"name": "dpkg", "selection": "install"} | check),
        ("setup", {"gather_subset": ["!all", "!min", "platform", "env"], "gather_timeout": 10, "filter": []}),
        ("service_facts", {}),
        ("package_facts", {"manager": ["auto"]}),
        ("mount_facts", {}),
        ("pip", {"name": ["pip"]} | check),
    ]
    return light, heavy


@dataclass
class Node:
    """The processes of one node, found from its agent's."""

    agent: int

    def __post_init__(self):
        (self.server,) = children(self.agent)

    def executors(self) -> list[int]:
        return children(self.server)

    def measure(self) -> dict[str, int]:
        """Bytes of memory and numbers of descriptors; of executors those of the largest."""
        executors = self.executors()
        values = {"executors": len(executors)}
        for name, pids in (("agent", [self.agent]), ("server", [self.server]), ("executor", executors)):
            values[f"{name}-rss"] = max(memory_of(pid) for pid in pids)
            values[f"{name}-fds"] = max(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
        return values


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Field:
    """Where the tasks work, a web server for those that download, and a router whose node has this for its temporary files."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hygiene-"))
        self.work, self.temporary, self.remote = (self.folder / name for name in ("work", "tmp", "remote"))
        for folder in (self.work, self.temporary, self.remote, self.work / "folder", self.work / "fragments"):
            folder.mkdir()
        (self.work / "text").write_text("text\n")
        (self.work / "fragments" / "one").write_text("one\n")
        with tarfile.open(self.work / "archive.tar.gz", "w:gz") as archive:
            archive.add(self.work / "fragments", "unpacked")
        git = ["git", "-c", "user.name=it", "-c", "user.email=it@example", "-C", str(self.work / "repository")]
        subprocess.run(["git", "init", "-q", str(self.work / "repository")], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "it"], check=True)
        handler = functools.partial(QuietHandler, directory=str(self.work))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/text"
        self.router = Router(environment=dict(os.environ, TMPDIR=str(self.temporary)))
        return self

    def __exit__(self, *_):
        self.router.__exit__()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder)

    def left(self) -> list[str]:
        """Names of temporary files."""
        return sorted(str(path.relative_to(self.folder)) for place in (self.temporary, self.remote) for path in place.rglob("*"))


class Runner:
    """Runs modules of an ansible-core on the node of one hop."""

    def __init__(self, field: Field, series: str = venvs.DEFAULT_SERIES):
        venv = venvs.for_series(series)
        code = "import ansible, os; from ansible.release import __version__; print(os.path.dirname(ansible.__file__), __version__)"
        self.ansible, self.version = subprocess.run([venv.python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        self.field = field
        self.hop = LOCAL_HOP | {"tmp": [str(field.remote)]}

    def node(self) -> Node:
        return Node(json.loads(self.field.router.request("node", [self.hop]))["pid"])

    def run(self, module: str, arguments: dict) -> dict:
        name = f"ansible.modules.{module}"
        described = {"name": f"ansible.builtin.{module}", "path": f"{self.ansible}/modules/{module}.py", "ansible": self.ansible, "version": self.version,
                     "utils": [], "collections": []}
        values = INTERNAL | {"_ansible_version": self.version, "_ansible_module_name": name, "_ansible_remote_tmp": str(self.field.remote)} | arguments
        stream = self.field.router.start("run", [self.hop], b"{}", json.dumps({"ANSIBLE_MODULE_ARGS": values}).encode(), module=described)
        meta, out, err = self.field.router.answers({stream})[stream]
        try:
            result = json.loads(out)
        except ValueError:
            raise TaskFailed(f"{module}: {meta.decode()} {out.decode()} {err.decode()}") from None
        if result.get("failed") and module not in MAY_FAIL:
            raise TaskFailed(f"{module}: {result.get('msg')}")
        return result

    def environment(self) -> str:
        return self.run("command", {"_raw_params": "env"})["stdout"]


@dataclass
class Found:
    tasks: int
    modules: int
    warm: dict[str, int]
    end: dict[str, int]
    #: Temporary files while the node lives, and what its end leaves.
    left: list[str]
    left_at_the_end: list[str]
    leaked: list[str]


def measure(count: int = TASKS) -> Found:
    with Field() as field:
        runner = Runner(field)
        light, heavy = tasks(field.work, field.url)
        environment = runner.environment()
        node, done, warm, number = runner.node(), 0, None, 0
        modules = set()
        while done < count:
            for module, arguments in light + (heavy if number % ROUNDS_OF_HEAVY == 0 else []):
                runner.run(module, arguments)
                modules.add(module)
                done += 1
                if module == "tempfile":
                    for path in (field.work / "folder").glob("ansible.*"):
                        path.unlink()
            number += 1
            if warm is None and done >= min(WARM, count // 4):
                warm = node.measure()
        after = runner.environment()
        end, left = node.measure(), field.left()
        leaked = sorted(set(environment.splitlines()) ^ set(after.splitlines()))
        processes = [os.pidfd_open(pid) for pid in (node.agent, node.server)]
        field.router.request("reset", [runner.hop])
        for process in processes:
            select.select([process], [], [])
            os.close(process)
        return Found(done, len(modules), warm, end, left, field.left(), leaked)


def run(hosts, rounds: int, tsv: bool):
    """Lines to print."""
    found = measure()

    def line(metric: str, value: str, aim: str, about: str) -> str:
        return "\t".join(("hygiene", metric, value, "aim", aim, "-")) if tsv else f"  {metric:14} {value} ({about}; aim {aim})"

    if not tsv:
        yield f"hygiene: {ABOUT}"
    for name, about in (("agent", "the process with the link"), ("server", "that forks"), ("executor", "the largest that runs modules")):
        before, after = (values[f"{name}-rss"] for values in (found.warm, found.end))
        yield line(f"{name}-rss", f"{after / 1e6:.1f} MB", f"{before / 1e6:.1f} MB", f"after {found.tasks} tasks of {found.modules} modules, {about}; aim: that of task {WARM}")
        yield line(f"{name}-fds", str(found.end[f"{name}-fds"]), str(found.warm[f"{name}-fds"]), "descriptors")
    yield line("executors", str(found.end["executors"]), str(found.warm["executors"]), "processes that run modules or are ready to")
    yield line("left", str(len(found.left)), "0", "temporary files while the node lives")
    yield line("left-at-end", str(len(found.left_at_the_end)), "0", "temporary files behind it")
    yield line("leaked", str(len(found.leaked)), "0", "variables of the environment that are others than at first")
