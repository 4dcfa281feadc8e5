"""Runs playbooks through one side and says what became of them, and of what they left."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import processes
import results
from processes import eventually

HERE = Path(__file__).resolve().parent
#: No fault may hang a run: far above what any of them takes, in seconds.
TIME_LIMIT = 240
#: What ours owns must be gone so many seconds after its end.
CLEAN_WITHIN = 5


@dataclass
class Outcome:
    """What a finished run said: exit status, output, and the recorded results."""

    status: int
    output: str
    records: list[dict]

    def of(self, host: str) -> list[dict]:
        return [record for record in self.records if record["host"] == host and record["event"] not in ("recap", "notify")]

    def last(self, host: str) -> dict:
        assert self.of(host), f"nothing was recorded for {host}:\n{self.output}"
        return self.of(host)[-1]

    def events(self, host: str) -> list[str]:
        return [record["event"] for record in self.of(host)]

    def text(self, host: str) -> str:
        """All that the last result says."""
        return json.dumps(self.last(host)["result"], ensure_ascii=False)


def owner(path: str) -> int | None:
    """The owner of a file, or None if it has gone meanwhile."""
    try:
        return os.lstat(path).st_uid
    except OSError:
        return None


class Runner:
    def __init__(self, hosts, side):
        self.hosts, self.side = hosts, side
        self.scratch = Path(tempfile.mkdtemp(prefix="faults-"))
        self.temporary = self.scratch / "tmp"
        self.temporary.mkdir()
        #: Processes that a test started on purpose and ends itself.
        self.expected: set[int] = set()
        self.running: list[subprocess.Popen] = []
        #: Files that lay there before: other runs' accounts may have had the same numbers.
        self.before: set[str] = set()
        self.before = set(self.files())

    def start(self, tasks, bad=None, good=None, play=None, arguments=(), environment=None) -> subprocess.Popen:
        """ansible-playbook on the hosts `good` and `bad`; `bad` and `good` are variables over those of a good host."""
        inventory = self.hosts.inventory({"good": self.hosts.variables(1) | (good or {}), "bad": self.hosts.variables(2) | (bad or {})}, self.scratch.name)
        plays = [{"name": "faults", "hosts": "all", "gather_facts": False, "tasks": tasks} | (play or {})]
        playbook = self.scratch / "playbook.json"
        playbook.write_text(json.dumps(plays))
        variables = self.side.environment(self.scratch) | {"TMPDIR": str(self.temporary), "ANSIBLE_LIBRARY": str(HERE / "library")}
        results.record(variables, self.scratch)
        self.output = open(self.scratch / "output", "w")
        command = [self.side.venv.tool("ansible-playbook"), "-i", str(inventory), *arguments, str(playbook)]
        process = subprocess.Popen(command, env=variables | (environment or {}), stdin=subprocess.DEVNULL, stdout=self.output,
                                   stderr=subprocess.STDOUT, cwd=self.scratch, start_new_session=True)
        self.running.append(process)
        return process

    def wait(self, process: subprocess.Popen) -> Outcome:
        status = process.wait(TIME_LIMIT)
        return Outcome(status, (self.scratch / "output").read_text(errors="replace"), results.recorded(self.scratch))

    def run(self, tasks, **more) -> Outcome:
        return self.wait(self.start(tasks, **more))

    def task_is_running(self, marker: str):
        """Waits until a process with `marker` in its command line runs in the account that we log in to; returns those."""

        def found():
            return [p for p in processes.of_accounts(self.hosts.login) if marker in p.command and "sleep" in p.command.split(" ")[0]]

        return eventually(found, 60)

    def agent(self):
        """The one agent of the account. Give both hosts different accounts, or run one host only."""
        return eventually(lambda: processes.agents(self.hosts.login), 60)

    def leftovers(self) -> list[str]:
        """What is still there of a run: processes of the test accounts, and files of theirs and of the controller's."""
        accounts = (self.hosts.login, self.hosts.other, self.hosts.rule)
        found = [f"process {p.pid}: {p.command}" for p in processes.of_accounts(*accounts) if p.pid not in self.expected and "[mux]" not in p.command]
        found += [f"process {p.pid}: {p.command}" for p in processes.everything() if str(self.temporary) in p.command]
        return found + [path for path in self.files() if path not in self.before]

    def files(self) -> list[str]:
        """Temporary files of the controller's and of the accounts', each where it may lie."""
        found = [str(path) for path in self.temporary.iterdir()]
        for account in (self.hosts.login, self.hosts.other, self.hosts.rule):
            uid = os.stat(f"/home/{account}").st_uid
            for folder in ("/tmp", "/var/tmp", f"/home/{account}/.ansible/tmp"):
                names = os.listdir(folder) if os.path.isdir(folder) else []
                found += [path for name in names if owner(path := f"{folder}/{name}") == uid]
        return found

    def assert_clean(self, seconds: float = CLEAN_WITHIN):
        try:
            eventually(lambda: not self.leftovers(), seconds)
        except AssertionError:
            raise AssertionError("left behind:\n" + "\n".join(self.leftovers())) from None

    def end(self):
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        try:
            if self.side.name == "ours":
                self.assert_clean()
        finally:
            for account in (self.hosts.login, self.hosts.other, self.hosts.rule):
                for process in processes.of_accounts(account):
                    os.kill(process.pid, signal.SIGKILL)  # a failed test's: the next one starts clean
            shutil.rmtree(self.scratch, ignore_errors=True)
