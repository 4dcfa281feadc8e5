"""The operation `enter`: as `open`, for a plan that puts the child into the namespaces of another process.

Between joining and exec nothing may be imported and nobody's name service asked: both would be files of the
container, run with our rights.
"""
import stat

ENTRY_NAMESPACES = ('ipc', 'uts', 'net', 'pid', 'mnt', 'user')
PR_SET_DUMPABLE = 4
O_PATH = getattr(os, 'O_PATH', 0o10000000)


def load_kernel():
    """setns(fd) and hide(), which keeps others from looking into this process's memory; OSError where there is no
    way to the first."""
    try:
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.setns
    except (ImportError, OSError, AttributeError):
        libc = None

    def setns(fd):
        if libc.setns(fd, 0):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    if libc is None and not hasattr(os, 'setns'):
        raise OSError(errno.ENOSYS, 'this Python has neither os.setns nor ctypes')
    return getattr(os, 'setns', setns), lambda: libc and libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


class Entry(object):
    """What is to be entered of a process, opened while we are still outside."""

    def __init__(self, enter):
        self.user, self.group = split_user(enter.get('user', '0'))
        self.namespaces = {}
        self.root = None
        folder = '/proc/%d/' % enter['pid']
        try:
            self._setns, self.hide = load_kernel()
            self.root = keep_private(os.open(folder + 'root', O_PATH))[0]
            for name in enter.get('namespaces') or ENTRY_NAMESPACES:
                self._open(name, folder)
        except EnvironmentError as e:
            self.close()
            raise EntryError('open', e.errno)
        if not self.namespaces and same_file(folder + 'root', '/'):
            self.close()
            raise EntryError('here')

    def _open(self, name, folder):
        own = '/proc/self/ns/' + name
        # A kernel without this kind has it for nobody.
        if os.path.exists(own) and not same_file(folder + 'ns/' + name, own):
            self.namespaces[name] = keep_private(os.open(folder + 'ns/' + name, os.O_RDONLY))[0]

    def close(self):
        close(*[fd for fd in list(self.namespaces.values()) + [self.root] if fd is not None])

    def join(self):
        """The user namespace last where we are privileged: in it we are no longer, outside of it. Where we are not,
        but own it, joining it is what gives the right to the others."""
        left = [name for name in ENTRY_NAMESPACES if name in self.namespaces and name != 'user']
        owned = self.namespaces.get('user')
        left = self._join(left, owned is None)
        if owned is not None:
            self._guarded('join', self._setns, owned)
            self._join(left, True)
        # A process may have a root below that of its mount namespace.
        self._guarded('root', os.fchdir, self.root)
        self._guarded('root', os.chroot, '.')
        self._guarded('root', os.chdir, '/')

    def _join(self, names, last):
        refused = []
        for name in names:
            try:
                self._setns(self.namespaces[name])
            except OSError as e:
                if last or e.errno != errno.EPERM:
                    raise EntryError('join', e.errno)
                refused.append(name)
        return refused

    def become(self):
        """The account, which is looked up under the new root."""
        account = find_account(read_regular('/etc/passwd'), read_regular('/etc/group'), self.user, self.group)
        try:
            os.setgroups(account.groups)
        except OSError as e:
            # A user namespace may refuse this to everybody, and then those that we have mean nobody in there.
            if e.errno != errno.EPERM or 'user' not in self.namespaces:
                raise EntryError('account', e.errno)
        self._guarded('account', os.setresgid, *(account.gid,) * 3)
        self._guarded('account', os.setresuid, *(account.uid,) * 3)
        return account

    @staticmethod
    def _guarded(obstacle, call, *arguments):
        try:
            call(*arguments)
        except OSError as e:
            raise EntryError(obstacle, e.errno)


def same_file(one, other):
    one, other = os.stat(one), os.stat(other)
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def read_regular(path):
    """Empty if there is none: a container may have anything under this name, also what never answers."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return b''
    data = []
    if stat.S_ISREG(os.fstat(fd).st_mode):
        data = list(iter(lambda: read(fd, 65536), b''))
    os.close(fd)
    return b''.join(data)


def spawn_inside(enter, argv, environment, directory, fds):
    """As `spawn`, in there. EntryError for what stands in the way.

    Only the children of a process that has joined a PID namespace are in it. So the one that joins stays, in the
    same session, and ends as its child does.
    """
    entry = Entry(enter)
    reports, report = pipe()
    pid = os.fork()
    if pid == 0:
        try:
            guide(entry, report, lambda failure: start_inside(entry, argv, environment, directory, fds, failure))
        finally:
            os._exit(127)
    close(report)
    entry.close()
    said = (read(reports, 64) or b'time %d' % errno.ETIMEDOUT).split()
    close(reports)
    if said[0] == b'started':
        return pid
    kill_session(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    number = int(said[1])
    if said[0] == b'execute':
        raise OSError(number, os.strerror(number))
    raise EntryError(to_text(said[0]), number)


def guide(entry, report, start):
    """Joins, forks the child, says how that went, and waits for its end. Never returns."""
    ours = open_fds()
    os.setsid()
    signal.set_wakeup_fd(-1)
    for name in ('SIGCHLD', 'SIGALRM'):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.alarm(ENTRY_LIMIT)
    entry.hide()
    try:
        entry.join()
    except EntryError as e:
        tell(report, e.obstacle, e.number)
        os._exit(127)
    failures, failure = pipe()
    try:
        pid = os.fork()
    except OSError as e:
        # What a PID namespace says whose first process has ended.
        tell(report, 'join', errno.ESRCH if e.errno == errno.ENOMEM else e.errno)
        os._exit(127)
    if pid == 0:
        close(report, failures)
        start(failure)
    close(failure)
    write(report, read(failures, 64) or b'started')
    signal.alarm(0)
    close(failures, *ours)
    _, status = os.waitpid(pid, 0)
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def start_inside(entry, argv, environment, directory, fds, failure):
    """Becomes the account and executes the program. Never returns."""
    try:
        default_signals(('SIGPIPE', 'SIGXFSZ', 'SIGINT'))
        for name in ('SIGPIPE', 'SIGXFSZ', 'SIGINT'):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        place_fds(fds)
        environment = entry_environment(entry.become(), environment)
        os.umask(0o22)
        if directory:
            os.chdir(to_bytes(directory))
        words = [to_bytes(word) for word in argv]
        denied = errno.ENOENT
        for path in entry_candidates(words[0], to_bytes(environment.get('PATH', ENTRY_PATH))):
            try:
                os.execve(path, words, environment)
            except OSError as e:
                if e.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                    raise
                denied = e.errno if e.errno == errno.EACCES else denied
        tell(failure, 'execute', denied)
    except EntryError as e:
        tell(failure, e.obstacle, e.number)
    except EnvironmentError as e:
        tell(failure, 'execute', e.errno or 0)
    finally:
        os._exit(127)


def tell(fd, obstacle, number):
    write(fd, to_bytes('%s %d' % (obstacle, number)))


class EnteringLaunch(Launch):
    def _spawn(self, argv, fds):
        return spawn_inside(self.plan['enter'], argv, self.plan.get('environment'), self.plan.get('directory'), fds)

    def start(self):
        try:
            Launch.start(self)
        except EntryError as e:
            self._fail(*entry_failure(self.plan, e.obstacle, e.number))


def register(agent):
    register_launching(agent, 'enter', EnteringLaunch)
