"""What runs on this machine, read from /proc."""
import os
import pwd
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    uid: int
    state: str
    command: str

    def environment(self) -> bytes:
        try:
            return Path(f"/proc/{self.pid}/environ").read_bytes()
        except OSError:
            return b""

    @property
    def is_python(self) -> bool:
        return "python" in self.command.split(" ")[0]


def read(pid: int) -> Process | None:
    """The process, or None if it has ended (a zombie has)."""
    try:
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    if status["State"].startswith("Z"):
        return None
    return Process(pid, int(status["PPid"]), int(status["Uid"].split()[1]), status["State"][0], command)


def everything() -> list[Process]:
    found = (read(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process is not None]


def of_accounts(*names: str) -> list[Process]:
    uids = {pwd.getpwnam(name).pw_uid for name in names}
    return [process for process in everything() if process.uid in uids]


def agents(account: str) -> list[Process]:
    """The agents of an account: Python processes that no Python process of the same account started."""
    pythons = {process.pid: process for process in of_accounts(account) if process.is_python}
    return [process for process in pythons.values() if process.parent not in pythons]


def routers(controller: int) -> list[Process]:
    """The router that watches a controller."""
    return [p for p in everything() if f"--watch-pid {controller} " in p.command + " " and " router " in p.command]


def eventually(condition, seconds: float = 20.0):
    """The first true value of `condition()`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {condition.__doc__ or condition}"
        time.sleep(0.02)
    return value
