"""The operation `open`: carries out a launch plan for a node behind this one.

What to do about each thing that the child says is launching.py's; here are its descriptors, its process and its time.
A child in which no Python was found stays, as a shell: see shell.py. Another `open` can have it look again.
"""
import termios

# From closing a child's descriptors to TERM, and from TERM to KILL, in seconds.
LAUNCH_GRACE = 1.0


class Launch(object):
    """One child from exec to its end."""

    def __init__(self, agent, stream):
        self.agent = agent
        self.pid = None
        self.machine = None
        self.shell = None
        self._files = {}
        self._delivered = False
        self._sources = {}
        self._write_fd = None
        self._terminal = None
        self._slave = None
        self._deadline = None
        self._python = stream.header.get('python')
        # What stood in the way of an interpreter; then a shell looks for one.
        self._obstacle = None
        self._serve(stream)
        self._retries = LaunchRetries(self.plan)
        # An account may not be allowed to run the interpreter of another: then the system's is tried, once.
        self._second = None if self._python or self._discovers() else ['/usr/bin/python3']

    def _serve(self, stream):
        _, plan, secrets, core, hello = stream.parts
        self.stream = stream
        self.plan = decode_json(plan)
        self.secrets = decode_json(secrets) if secrets else {}
        # Empty: the child gets what this node got, and a hop costs the controller's link nothing.
        self.core = core or self.agent.core
        self.hello = hello
        self.child = Child(self.agent, stream.header['child'], self._link_closed)
        self.child.on_hello = self._hello_received
        stream.on_cancel = lambda: self._fail('cancelled', 'cancelled')

    def _discovers(self):
        return self.plan.get('interpreter') == 'discover'

    def start(self):
        header, loop = self.stream.header, self.agent.loop
        if self.stream.done:
            # Cancelled between two attempts.
            return
        self._deadline = loop.after(float(self.plan.get('timeout', 10)), self._deadline_passed)
        nonce = to_hex(os.urandom(8))
        candidates = header.get('candidates') or ['python3', 'python', '/usr/bin/python3']
        looked_for = [' '.join(self._python)] if self._python else candidates
        self.machine = LaunchMachine(self.plan, self.secrets, nonce, looked_for)
        bootstrap = bootstrap_command(self.plan, self._python, candidates, nonce, len(self.core), bool(self._obstacle))
        theirs = self._open_fds(self.plan.get('stdio', 'pipes'))
        passed = [fd for fd in set(theirs) if fd != self._slave]
        argv = self.plan['argv']
        try:
            self._files = secret_files(self.plan, self.secrets)
            argv = command_line(self.plan, bootstrap, self._files)
            self.pid = self._spawn(argv, theirs)
        except OSError as e:
            return self._act(self.machine.could_not_start(to_text(argv[0]), e.strerror))
        finally:
            close(*passed)
        self.agent.pool.guard(self.pid)
        loop.watch_child(self.pid, self._exited)
        for source, fd in self._sources.items():
            set_blocking(fd, False)
            loop.watch(fd, lambda source=source: self._readable(source))

    def resume(self, stream):
        """Has the shell look for a Python again."""
        self._serve(stream)
        self.shell.detach()
        self.shell = None
        self.machine.search_began()
        self._deadline = self.agent.loop.after(float(self.plan.get('timeout', 10)), self._deadline_passed)
        write(self._write_fd, to_bytes(stream.header['line']))

    def _spawn(self, argv, fds):
        return spawn(argv, self.plan.get('environment'), self.plan.get('directory'), fds, self._slave)

    def _open_fds(self, shape):
        """Sets our ends; returns the child's descriptors 0, 1 and 2."""
        if shape in ('tty', 'tty_beside'):
            self._terminal, self._slave = keep_private(*os.openpty())
            self._sources['tty'] = self._terminal
        if shape == 'tty':
            make_raw(self._slave)
            self._write_fd = self._terminal
            return (self._slave,) * 3
        stderr, their_stderr = pipe()
        self._sources['stderr'] = stderr
        if shape == 'socketpair':
            ours, theirs = socketpair()
            self._sources['stdout'] = self._write_fd = ours
            return theirs, theirs, their_stderr
        their_stdin, self._write_fd = pipe()
        self._sources['stdout'], their_stdout = pipe()
        return their_stdin, their_stdout, their_stderr

    # -- events --

    def _readable(self, source):
        fd = self._sources.get(source)
        data = read(fd, 65536)
        if data:
            if self.shell is not None and source != 'tty':
                if not self.shell.said(data, b'\1' if source == 'stdout' else b'\2') and self.pid is not None:
                    self.agent.loop.watch(fd, None)
            self._act(self.machine.received(data, source))
        elif data is not None:
            self.agent.loop.forget(fd)
        return data

    def _exited(self, status):
        self.agent.pool.unguard(self.pid)
        self.pid = None
        for source in list(self._sources):
            while source in self._sources and self._readable(source):
                pass
        # What it had still to say as a node is in the link, whose end follows.
        self._close_fds()
        self._act(self.machine.ended(status))

    def _deadline_passed(self):
        if self.machine:
            self._act(self.machine.deadline_passed())

    def _hello_received(self, payload):
        self._act(self.machine.hello_received())

    def _link_closed(self, code, message):
        """The child's link has ended, by its fault, ours, or the controller's wish."""
        if self.shell is not None:
            return
        if self.machine.state == LaunchMachine.READY:
            self.agent.link.send(self.agent.node, 0, CHILD, encode_json({
                'child': self.child.node, 'state': 'gone', 'code': code,
                'message': self.machine.told(message), 'hint': ''}))
        elif not self.stream.done:
            if code == 'node_lost' and self.pid is not None:
                # Its exit status and last words say why; they follow soon.
                return self._terminate()
            self.stream.fail(code, self.machine.told(message))
        self._close_fds()
        self._terminate()

    # -- actions --

    def _act(self, actions):
        for action in actions:
            getattr(self, '_' + action[0])(*action[1:])

    def _answer(self, slot, where):
        fd = self._terminal if where == 'tty' else self._write_fd
        write(fd, to_bytes(self.secrets[slot]) + b'\n')

    def _log(self, text):
        self.agent.log('info', text, 'launch')

    def _deliver(self, rest):
        source = 'tty' if self.plan.get('stdio') == 'tty' else 'stdout'
        fd = self._sources.pop(source)
        if source == 'tty':
            # The link closes what it reads and writes.
            self._terminal = None
        self.agent.loop.forget(fd)
        settings = decode_json(self.hello)
        if settings.get('deflate'):
            self.child.link.deflater = Deflater()
        write_fd, self._write_fd = self._write_fd, None
        self._delivered = True
        self._close_files()
        self.child.link.attach(fd, write_fd, self.core + encode_frame(0, 0, HELLO, 0, self.hello), rest)

    def _keep_shell(self, *failure):
        code, message, hint = self._obstacle or failure
        self._obstacle = None
        self.agent.loop.cancel(self._deadline)
        self._close_files()
        self.secrets = {}
        self.shell = Shell(self.agent, self, self._write_fd)
        self.agent.shells[self.child.node] = self
        self.child.close(code, message)
        self.stream.reply_json({'shell': True, 'code': code, 'message': message, 'hint': hint})

    def read_on(self):
        for source, fd in self._sources.items():
            self.agent.loop.watch(fd, lambda source=source: self._readable(source))

    def close_shell(self):
        self.agent.shells.pop(self.child.node, None)
        self._close_fds()
        self._terminate()

    def _ready(self):
        self.agent.loop.cancel(self._deadline)
        self._close_slave()
        keepalive = decode_json(self.hello).get('keepalive') or {}
        self.child.link.keep_alive(keepalive.get('interval', 30), keepalive.get('count', 10))
        self.secrets = {}
        self.stream.reply([self.child.hello])

    def _fail(self, code, message, hint=''):
        self.agent.loop.cancel(self._deadline)
        if self.shell is not None:
            self.agent.shells.pop(self.child.node, None)
            return self.shell.ended(code, message)
        if code == 'no_python' and self._tries_otherwise(code, message, hint):
            self._close_fds()
            return self.start()
        pause = self._pause_after(code)
        if pause is not None:
            self._close_fds()
            self._log(u'%s; the next attempt follows in %d s' % (message, pause))
            self.agent.loop.after(pause, self.start)
            return
        if code == 'no_python' and self._obstacle:
            code, message, hint = self._obstacle
        self.stream.fail(code, message, hint)
        self.child.close(code, message)

    def _tries_otherwise(self, *failure):
        """What could not be run is looked for by a shell, once, which stays where there is nothing."""
        if self.stream.done:
            return False
        if self._second:
            self._python, self._second = self._second, None
            return True
        if self._obstacle or not self._discovers() or self.pid is not None or self._delivered:
            return False
        self._obstacle = failure
        return True

    def _pause_after(self, code):
        """Seconds until the next attempt, or None. There is none behind a child that still runs or that was sent the core."""
        if self.stream.done or self.pid is not None or self._delivered:
            return None
        return self._retries.failed(code)

    def _terminate(self):
        """Descriptors are closed: most programs end now. Then TERM, then KILL."""
        def signal_all(which):
            if self.pid is not None:
                kill_session(self.pid, which)
        if self.pid is not None:
            self.agent.loop.after(LAUNCH_GRACE, lambda: signal_all(signal.SIGTERM))
            self.agent.loop.after(LAUNCH_GRACE * 2, lambda: signal_all(signal.SIGKILL))

    def _close_slave(self):
        """Kept until HELLO: without it a prompt is lost when whoever asked closes the terminal."""
        if self._slave is not None:
            close(self._slave)
            self._slave = None

    def _close_files(self):
        files, self._files = self._files, {}
        for file in files.values():
            file.close()

    def _close_fds(self):
        self._close_slave()
        self._close_files()
        fds = set([fd for fd in list(self._sources.values()) + [self._write_fd] if fd is not None])
        self._sources, self._write_fd = {}, None
        for fd in fds:
            self.agent.loop.forget(fd)
            close(fd)


def make_raw(fd):
    """As cfmakeraw does; the module `tty` is not needed for it."""
    mode = termios.tcgetattr(fd)
    mode[0] &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR | termios.IGNCR
                 | termios.ICRNL | termios.IXON)
    mode[1] &= ~termios.OPOST
    mode[2] = mode[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    mode[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(fd, termios.TCSANOW, mode)


def opening(agent, launch):
    """The operation that opens nodes by this class, or has a shell that stayed look again."""
    def operation(stream):
        shell = stream.header.get('shell')
        if shell is None:
            return launch(agent, stream).start()
        kept = agent.shells.pop(shell, None)
        if kept is None:
            return stream.fail('node_lost', 'the shell there has ended')
        kept.resume(stream)
    return operation


def converse(agent, stream):
    kept = agent.shells.get(stream.header['child'])
    if kept is None:
        return stream.fail('node_lost', 'the shell there has ended')
    kept.shell.begin(stream)


def register_launching(agent, operation, launch):
    agent.operations[operation] = opening(agent, launch)
    agent.operations['shell'] = lambda stream: converse(agent, stream)
    if not hasattr(agent, 'kept'):
        agent.kept = Kept(lambda name: agent.link.send(agent.node, 0, LOST, name))


def register(agent):
    register_launching(agent, 'open', Launch)
