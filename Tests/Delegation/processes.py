"""Processes of /proc, and waiting for their end."""
import os
import select
from pathlib import Path


def descendants(pid: int) -> list[int]:
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in file.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


class Watched:
    """A process as it is now: its end is seen even where another one gets its number."""

    def __init__(self, pid: int):
        self.pid = pid
        self.command = command_line(pid)
        self.descriptor = os.pidfd_open(pid)

    def ends_within(self, seconds: float) -> bool:
        return bool(select.select([self.descriptor], [], [], seconds)[0])
