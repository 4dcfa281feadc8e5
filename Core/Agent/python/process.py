"""Processes: descriptors and signals of a new one, and how to end what we started."""


def open_fds():
    for folder in ('/proc/self/fd', '/dev/fd'):
        try:
            return [int(name) for name in os.listdir(folder)]
        except OSError:
            pass
    return list(range(1024))


def close_all_but(keep):
    for fd in open_fds():
        if fd > 2 and fd not in keep:
            close(fd)


def place_fds(fds):
    """Makes `fds`, all above 2, the descriptors 0, 1 and 2."""
    for target, fd in enumerate(fds):
        os.dup2(fd, target)


def null_fd():
    return keep_private(os.open(os.devnull, os.O_RDWR))[0]


def default_signals(also=()):
    """Undoes what the agent ignores. A child that execs also gets back what every Python ignores."""
    signal.set_wakeup_fd(-1)
    for name in ('SIGHUP', 'SIGTERM', 'SIGCHLD') + tuple(also):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def change_environment(changes):
    """Of this process; None removes."""
    for name, value in changes.items():
        if value is None:
            os.environ.pop(str(name), None)
        else:
            os.environ[str(name)] = value if not PY2 else to_bytes(value)


def session_members(session, begun=None):
    """PIDs of a session, as Linux tells them; with `begun` (by `now`) only what was started since."""
    members = []
    since = 0
    try:
        names = os.listdir('/proc')
        if begun is not None:
            with open('/proc/uptime') as f:
                uptime = float(f.read().split()[0])
            # In this order a delay between the two makes it earlier, never later. Ticks of 10 ms are rounded.
            since = (uptime - (now() - begun)) * os.sysconf('SC_CLK_TCK') - 2
    except (IOError, OSError):
        return members
    for name in names:
        if name.isdigit():
            try:
                with open('/proc/%s/stat' % name, 'rb') as f:
                    fields = f.read().rpartition(b')')[2].split()
            except (IOError, OSError):
                continue
            if int(fields[3]) == session and fields[0] != b'Z' and float(fields[19]) >= since:
                members.append(int(name))
    return members


def kill_session(session, number, begun=None):
    """Signals what is left of a session; returns whether there was anything.

    Its leader is signalled by its group where there is no /proc to tell the members.
    """
    members = session_members(session, begun)
    for pid in members:
        try:
            os.kill(pid, number)
        except OSError:
            pass
    if not os.path.isdir('/proc/self'):
        try:
            os.killpg(session, number)
            return True
        except OSError:
            return False
    return bool(members)


def remove_tree(path):
    """Removes a file or a directory with all in it; follows no symbolic link."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            for name in os.listdir(path):
                remove_tree(os.path.join(path, name))
            os.rmdir(path)
        else:
            os.unlink(path)
    except OSError:
        pass
