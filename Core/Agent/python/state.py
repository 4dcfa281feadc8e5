"""What a task may change in the process that it runs in: noted once, put back after each task."""


class ProcessState(object):
    """`restore` puts back what can be put back and returns why the process must be retired, or None.

    A runner's Python half does the same for what its modules see of Python itself.
    """

    def __init__(self, control):
        self._control = control
        # The dictionary behind os.environ: comparing it costs a thirtieth of comparing the mapping.
        self._environ = getattr(os.environ, '_data', None) or os.environ.data
        self._environment = self._environ.copy()
        self._variables = dict(os.environ)
        try:
            self._directory = os.getcwd()
        except OSError:
            self._directory = '/'
        self._umask = os.umask(0o22)
        os.umask(self._umask)
        self._handlers = [signal.getsignal(n) for n in range(1, signal.NSIG)]
        self._mask = self._signal_mask()
        self._identity = self._ids()
        self._fds = self._count_fds()
        self._places = self._kept_fds()
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._limit = sys.getrecursionlimit()

    def keep(self, fd):
        keep_private(fd)
        self._fds += 1

    def restore(self):
        try:
            return self._restore()
        except Exception as e:
            return 'its state cannot be restored: %s' % e

    def _restore(self):
        signal.alarm(0)
        sys.stdin, sys.stdout, sys.stderr = self._streams
        # A module's log line keeps a connection to the system log open; it is opened again when needed.
        if 'syslog' in sys.modules:
            sys.modules['syslog'].closelog()
        if thread._count():
            return 'it left threads behind'
        if self._ids() != self._identity:
            return 'it changed its user or group'
        if not self._fds_kept():
            return 'it left descriptors open, or closed ours'
        if self._children_left():
            return 'it left children behind'
        for n, handler in enumerate(self._handlers, 1):
            if signal.getsignal(n) != handler:
                signal.signal(n, handler)
        if self._signal_mask() != self._mask:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if self._environ != self._environment:
            os.environ.clear()
            os.environ.update(self._variables)
            time.tzset()
        os.umask(self._umask)
        os.chdir(self._directory)
        sys.setrecursionlimit(self._limit)
        sys.settrace(None)
        sys.setprofile(None)
        return None

    def _fds_kept(self):
        if self._kept_fds() == self._places and self._count_fds() == self._fds:
            return True
        # Files in a cycle of objects nobody holds are closed by this.
        gc.collect()
        return self._kept_fds() == self._places and self._count_fds() == self._fds

    @staticmethod
    def _count_fds():
        """Since Linux 6.2 the size of the directory is their number; before, and elsewhere, it is not."""
        try:
            return os.stat('/proc/self/fd').st_size or len(open_fds())
        except OSError:
            return len(open_fds())

    def _kept_fds(self):
        kept = []
        for fd in (0, 1, 2, self._control):
            status = os.fstat(fd)
            kept.append((status.st_dev, status.st_ino))
        return kept

    @staticmethod
    def _ids():
        return os.getresuid() + os.getresgid() + tuple(os.getgroups()) + (os.nice(0),)

    @staticmethod
    def _signal_mask():
        return None if PY2 else signal.pthread_sigmask(signal.SIG_BLOCK, ())

    @staticmethod
    def _children_left():
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except OSError:
                return False
            if pid == 0:
                return True
