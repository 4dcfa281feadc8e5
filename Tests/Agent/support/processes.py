"""What the tests ask the kernel about processes."""
import os
import select
import time


def fields(pid):
    """The fields of /proc/PID/stat behind the name: state first; None if there is no such process."""
    try:
        with open('/proc/%d/stat' % pid) as f:
            return f.read().rpartition(')')[2].split()
    except (IOError, OSError):
        return None


def alive(pid):
    stat = fields(pid)
    return stat is not None and stat[0] != 'Z'


def gone(pid, seconds=10):
    """Waits until a process has ended; whether it did in time."""
    try:
        fd = os.pidfd_open(pid)
    except (ProcessLookupError, OSError):
        return True
    try:
        return bool(select.select([fd], [], [], seconds)[0]) or not alive(pid)
    finally:
        os.close(fd)


def children(pid):
    found = []
    for name in os.listdir('/proc'):
        stat = fields(int(name)) if name.isdigit() else None
        if stat and int(stat[1]) == pid and stat[0] != 'Z':
            found.append(int(name))
    return found


def tree(pid):
    """A process and all below it."""
    found = [pid]
    for child in children(pid):
        found += tree(child)
    return found


def become(condition, seconds=10):
    """Waits for what no descriptor tells; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def told(fifo, seconds=60):
    """What somebody writes into a named pipe. Fails, and does not wait for good, where nobody does."""
    fd = os.open(str(fifo), os.O_RDONLY | os.O_NONBLOCK)
    try:
        pieces, deadline = [], time.monotonic() + seconds
        while True:
            assert select.select([fd], [], [], max(deadline - time.monotonic(), 0))[0], 'nothing came through %s' % fifo
            pieces.append(os.read(fd, 65536))
            if not pieces[-1]:
                return b''.join(pieces).decode()
    finally:
        os.close(fd)
