"""What a task may change in the process that it runs in: noted when the executor begins, put back after each task."""
import stat


class ProcessState(object):
    """`restore` puts back what can be put back and returns why the process must be retired, or None."""

    def __init__(self, control):
        self._control = control
        # The dictionary behind os.environ: comparing it costs a thirtieth of comparing the mapping.
        self._mapping = os.environ
        self._environ = getattr(os.environ, '_data', None) or os.environ.data
        self._environment = self._environ.copy()
        self._variables = dict(os.environ)
        self._directory = self._working_directory() or '/'
        self._umask = os.umask(0o22)
        os.umask(self._umask)
        self._handlers = [signal.getsignal(n) for n in range(1, signal.NSIG)]
        self._mask = self._signal_mask()
        self._identity = self._ids()
        self._nice = os.nice(0)
        self._root = self._place('/')
        self._limits = self._rlimits()
        self._fds = self._count_fds()
        # The one by which they were listed is closed again.
        self._numbers = set([fd for fd in open_fds() if self._mode(fd)])
        self._places = self._kept_fds()
        self.begin({})
        # For the time zone, which may be another than when the fork server began.
        time.tzset()

    def keep(self, fd):
        keep_private(fd)
        self._fds += 1
        self._numbers.add(fd)

    def begin(self, call):
        """What the call itself has changed is not the module's doing."""
        self._ordered = self._environ.copy() if call.get('environment') else self._environment
        self._place_of_call = self._working_directory() if call.get('cwd') else self._directory
        if 'TZ' in (call.get('environment') or ()):
            time.tzset()

    def restore(self, changed):
        """Appends to `changed` what the module has changed and what is put back."""
        signal.alarm(0)
        for which in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(which, 0)
        # A module's log line keeps a connection to the system log open; it is opened again when needed.
        if 'syslog' in sys.modules:
            sys.modules['syslog'].closelog()
        return self._lasting(changed) or self._put_back(changed)

    def _lasting(self, changed):
        """Why this process cannot be what it was, or None."""
        if thread._count() or self._tasks() > 1:
            return 'it left threads behind'
        if self._ids() != self._identity:
            return 'it changed its user or group'
        if os.nice(0) != self._nice:
            return 'it changed its priority'
        if self._place('/') != self._root:
            return 'it changed its root directory'
        if not self._fds_kept(changed):
            return 'it left descriptors open, or closed ours'
        if self._children_left():
            return 'it left children behind'
        return None

    def _put_back(self, changed):
        for n, handler in enumerate(self._handlers, 1):
            if signal.getsignal(n) != handler:
                changed.append('handler of signal %d' % n)
                signal.signal(n, handler)
        if self._signal_mask() != self._mask:
            changed.append('signal mask')
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if self._mapping is not os.environ or self._environ != self._ordered:
            changed.append('environment')
        os.environ = self._mapping
        if self._environ != self._environment:
            os.environ.clear()
            os.environ.update(self._variables)
            time.tzset()
        if os.umask(self._umask) != self._umask:
            changed.append('umask')
        if self._working_directory() != self._place_of_call:
            changed.append('working directory')
        os.chdir(self._directory)
        if self._rlimits() != self._limits:
            changed.append('limits')
            return self._restore_limits()

    @staticmethod
    def _working_directory():
        try:
            return os.getcwd()
        except OSError:
            return None

    def _fds_kept(self, changed):
        if self._kept_fds() == self._places and self._count_fds() == self._fds:
            return True
        # Files in a cycle of objects nobody holds are closed by this.
        gc.collect()
        # A file that is left open now no library waits for; of a socket, a pipe or a device one might.
        for fd in set(open_fds()) - self._numbers:
            if stat.S_ISREG(self._mode(fd)):
                changed.append('descriptors')
                close(fd)
        return self._kept_fds() == self._places and self._count_fds() == self._fds

    @staticmethod
    def _mode(fd):
        try:
            return os.fstat(fd).st_mode
        except OSError:
            return 0

    @staticmethod
    def _count_fds():
        """Since Linux 6.2 the size of the directory is their number; before, and elsewhere, it is not."""
        try:
            return os.stat('/proc/self/fd').st_size or len(open_fds())
        except OSError:
            return len(open_fds())

    def _kept_fds(self):
        return [self._place(fd) for fd in (0, 1, 2, self._control)]

    @staticmethod
    def _place(fd):
        status = os.fstat(fd) if isinstance(fd, int) else os.stat(fd)
        return status.st_dev, status.st_ino

    @staticmethod
    def _tasks():
        """How many threads the kernel knows: libraries in C have some that Python does not count."""
        try:
            return os.stat('/proc/self/task').st_nlink - 2
        except OSError:
            return 1

    @staticmethod
    def _ids():
        return os.getresuid() + os.getresgid() + tuple(os.getgroups())

    @staticmethod
    def _rlimits():
        resource = sys.modules.get('resource')
        return resource and [resource.getrlimit(n) for n in LIMITS]

    def _restore_limits(self):
        resource = sys.modules['resource']
        for number, limit in zip(LIMITS, self._limits):
            try:
                if resource.getrlimit(number) != limit:
                    resource.setrlimit(number, limit)
            except (ValueError, EnvironmentError):
                return 'it lowered a limit for good'

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


def known_limits():
    """Numbers of the limits that this system has."""
    try:
        import resource
    except ImportError:
        return []
    return sorted(set([getattr(resource, name) for name in dir(resource) if name.startswith('RLIMIT_')]))


LIMITS = known_limits()
