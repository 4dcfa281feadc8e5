#!/usr/bin/env python3
"""measure.py REPORT COMMAND…: run a command and report what it and all that it started took.

The report is JSON: exit status, wall seconds until the command ended, CPU seconds of every process that came from it (a subreaper
adopts those that leave their parent: a router, ssh's masters), and how long such processes lived on.
"""
import ctypes
import json
import os
import resource
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
#: How long processes may live on by themselves, and then after SIGTERM, in seconds.
GRACE, PATIENCE = 5.0, 2.0


def children():
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(pid) for pid in file.read().split()]


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def is_ssh_master(pid):
    """ControlPersist keeps it for a minute by design: it is not waited for."""
    return command_line(pid).endswith("[mux]")


def reap():
    """True while there are children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def end_leftovers():
    """Waits for what the command left, ends it; returns the seconds that it lived on by itself and the command lines that had to be ended."""
    start, ended, lingered = time.monotonic(), {}, 0.0
    while reap():
        signal_all(filter(is_ssh_master, children()), signal.SIGTERM)
        age = time.monotonic() - start
        lingered = age if any(not is_ssh_master(pid) for pid in children()) else lingered
        if age > GRACE:
            ended |= {pid: command_line(pid) for pid in children()}
            signal_all(children(), signal.SIGTERM if age < GRACE + PATIENCE else signal.SIGKILL)
        time.sleep(0.01)
    return lingered, sorted(ended.values())


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    start = time.monotonic()
    pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    status = os.waitpid(pid, 0)[1]
    wall = time.monotonic() - start
    lingered, ended = end_leftovers()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = {"status": os.waitstatus_to_exitcode(status), "wall": wall, "cpu": usage.ru_utime + usage.ru_stime,
              "lingered": lingered, "ended": ended}
    with open(sys.argv[1], "w") as file:
        json.dump(report, file)
    sys.exit(0 if report["status"] == 0 else 1)


main()
