"""The fork server: forked before the agent has read a byte, so it knows no secret and has no link.

It imports what modules share, forks executors that inherit it, ends them when the agent says so, and outlives a killed
agent just to end what is left and remove the private directory. It speaks frames with the agent: BLOBS and
REQUEST [JSON {"op"}] down; CHILD {"child","pid"}, CHILD {"child","status"} and LOG up.
"""

# Between TERM and KILL, in seconds.
GRACE = 1.0
# Executors made in advance where descriptors cannot be passed (Python 2.7).
SLOTS = 24


class ForkServer(object):
    def __init__(self, channel, passing, slots):
        self._channel = channel
        self._passing = passing
        self._slots = slots
        self._loop = Loop()
        self._link = Link(self._loop, self._received, self._agent_ended)
        self._store = Store()
        self._halves = Halves(self._store)
        self._executors = {}
        self._guarded = {}
        self._directory = None
        # What notes how things are, once its part has come; and which modules a half executes anew.
        self._tidier = None
        self._belongs = None
        import mmap
        # When each executor began its task: read only to spare what earlier tasks left in its session.
        self._board = mmap.mmap(-1, 8192)

    def serve(self):
        os.setsid()
        for name in ('SIGHUP', 'SIGTERM', 'SIGINT'):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        self._link.attach(self._channel, self._channel)
        while True:
            self._loop.turn()

    def _log(self, level, text):
        self._link.send(0, 0, LOG, encode_json({'level': level, 'logger': 'fork server', 'text': text}))

    def _received(self, frame):
        _, stream, kind, flags, payload = frame
        if kind == BLOBS:
            return self._store.received(stream, flags, payload)
        request = decode_json(payload)
        getattr(self, '_' + request['op'])(request)

    # -- what the agent asks for --

    def _preload(self, request):
        self._imported(lambda: self._halves.preload(from_hex(request['program'])))

    def _import(self, request):
        for name in request['names']:
            self._imported(lambda: __import__(name) and None)

    def _imported(self, action):
        try:
            self._belongs = action() or self._belongs
        except BaseException as e:
            # SystemExit is one: ansible's basic.py ends a Python that it does not know. The executor will tell.
            self._log('info', 'could not import in advance: %s: %s' % (type(e).__name__, e))

    def _tidy(self, request):
        self._tidier = load_part(self._store, request['part'])['Tidier']()

    def _environment(self, request):
        change_environment(request['changes'])

    def _fork(self, request):
        number = request['child']
        fds = self._slots[request['slot']] if self._passing is None else self._passed_fds()
        for output in (sys.stdout, sys.stderr):
            output.flush()
        self._board_set(number, 0)
        if self._tidier:
            self._tidier.note(self._belongs)
        pid = os.fork()
        if pid == 0:
            try:
                self._become_executor(number, fds)
            finally:
                os._exit(1)
        if self._passing is not None:
            close(*fds)
        self._executors[number] = pid
        self._link.send(0, 0, CHILD, encode_json({'child': number, 'pid': pid}))
        self._loop.watch_child(pid, lambda status: self._executor_ended(number, status))

    def _passed_fds(self):
        import struct
        _, ancillary, _, _ = self._passing.recvmsg(1, 64)
        return struct.unpack('3i', ancillary[0][2][:12])

    def _become_executor(self, number, fds):
        default_signals()
        os.setsid()
        null = null_fd()
        place_fds((null, fds[1], fds[2]))
        close_all_but((fds[0],))
        if 'random' in sys.modules:
            sys.modules['random'].seed()
        Executor(fds[0], self._halves, self._store, lambda when: self._board_set(number, when), self._tidier).serve()

    def _board_set(self, number, when):
        struct.pack_into('d', self._board, number % 1024 * 8, when)

    def _executor_ended(self, number, status):
        del self._executors[number]
        self._link.send(0, 0, CHILD, encode_json({'child': number, 'status': status}))

    def _end(self, request):
        """Ends an executor and what its task started: TERM, then KILL."""
        if request['child'] in self._executors:
            kill = self._terminate(request['child'])
            self._loop.after(GRACE, kill)

    def _terminate(self, number):
        """Sends TERM and returns what sends KILL; both spare what earlier tasks left in the session."""
        pid = self._executors[number]

        def signal_all(which):
            # Read each time: it may begin only after TERM, which a process that was just forked still ignores.
            begun, = struct.unpack_from('d', self._board, number % 1024 * 8)
            if begun:
                kill_session(pid, which, begun)
            if number in self._executors:
                os.kill(pid, which)

        signal_all(signal.SIGTERM)
        return lambda: signal_all(signal.SIGKILL)

    def _guard(self, request):
        """A session to end if the agent dies before it says `unguard`."""
        self._guarded[request['session']] = True

    def _unguard(self, request):
        self._guarded.pop(request['session'], None)

    def _private(self, request):
        self._directory = to_bytes(request['directory'])

    # -- the end --

    def _agent_ended(self, code, message):
        """Idle executors are ending by themselves, since their control sockets have closed; one may still have found
        a request in there."""
        kills = [self._terminate(n) for n in self._executors]
        for session in self._guarded:
            kill_session(session, signal.SIGTERM)
            kills.append(lambda session=session: kill_session(session, signal.SIGKILL))
        deadline = now() + GRACE
        while now() < deadline and self._remain():
            self._loop.after(0.02, lambda: None)
            self._loop.turn()
        for kill in kills:
            kill()
        if self._directory:
            remove_tree(self._directory)
        os._exit(0)

    def _remain(self):
        return self._executors or [s for s in self._guarded if session_members(s)]
