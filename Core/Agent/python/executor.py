"""An executor: a process that runs modules, one at a time, and is used again while it is as it was.

It reads requests from its control socket: BLOBS, and REQUEST with the parts program hash, hash of what stands between
executor and runner's half (or nothing), call, arguments, and for a runner that writes files the node's private directory.
It answers REPLY [meta] when the module is done and its output is in the pipes, and END when it is ready for the next, with
a report as JSON if there is something to report; with `ends` in it the executor does (see tidy.py).
"""


class Executor(object):
    """What a runner's half gets: `directory` (if its plan asks for it), `keep(fd)`, `note(belongs)`, `log(level, text)`.
    The half offers

    `run(executor, program, files, call, arguments) -> rc`, and may offer `clean(executor)` (called
    after the answer), `preload(program, files)` (called in the fork server, which later executors are made from) and
    `belongs(name)`, which says of a loaded module whether the half will execute it anew.
    """

    def __init__(self, control, halves, store, begun, tidier):
        self._control = control
        self._halves = halves
        self._store = store
        self._begun = begun
        self._pid = os.getpid()
        self._tidier = tidier
        if tidier:
            tidier.begin(control)
        self._reader = FrameReader()
        self._lock = thread.allocate_lock()
        self._files = None
        self.directory = None
        halves.fetch = self._await
        if hasattr(os, 'register_at_fork'):
            os.register_at_fork(before=self._before_fork)

    def serve(self):
        """Never returns: the agent ends an executor by closing its control socket."""
        while True:
            self._receive()

    def _receive(self):
        frame = self._reader.next()
        if frame is None:
            data = read(self._control, 262144)
            if not data:
                os._exit(0)
            return self._reader.feed(data)
        _, stream, kind, flags, payload = frame
        if kind == BLOBS:
            self._store.received(stream, flags, payload)
        elif kind == REQUEST:
            message = self._joined(stream, flags, payload)
            if message is not None:
                self._request(stream, decode_parts(message))
        elif kind == END:
            os._exit(0)

    def _await(self, name):
        """A blob that comes behind its call. Nothing else comes while a module runs."""
        with self._lock:
            while name not in self._store.blobs and os.getpid() == self._pid:
                self._receive()
        return self._store.blobs[name]

    def _before_fork(self):
        """A child of the module has no share in the control socket; one of subprocess just becomes another program."""
        if os.getpid() == self._pid and self._files and sys._getframe(1).f_code.co_name != '_execute_child':
            self._files.complete()

    _joiner = Joiner()

    def _joined(self, stream, flags, payload):
        return self._joiner.add(payload, flags & MORE)

    def _request(self, stream, parts):
        self._begun(now())
        self._half = {}
        rc = 1
        try:
            rc = self._run(*parts)
        except BaseException:
            self._report()
        for output in (sys.stdout, sys.stderr):
            try:
                output.flush()
            except Exception:
                pass
        if os.getpid() != self._pid:
            # The module forked, and this is the child, which believes to have come to its end.
            os._exit(rc)
        self._send(stream, REPLY, encode_parts([b'{"rc":%d}' % rc if not PY2 else '{"rc":%d}' % rc]), rc)
        report = self._restored()
        self._begun(0)
        self._send(stream, END, encode_json(report) if report else b'')
        if 'ends' in report:
            os._exit(0)

    def _run(self, name, through, call, arguments, directory=None):
        self.directory = directory
        call = decode_json(call) if len(call) > 2 else {}
        program, files = self._halves.program(name)
        half = self._half = self._halves.half(program['half'])
        self._prepare(call)
        self._files = files
        if not hasattr(os, 'register_at_fork'):
            files.complete()
        if through:
            self._half = self._halves.half(to_hex(through))
            rc = self._half['start'](self, half, program, files, call, arguments)
        else:
            rc = half['run'](self, program, files, call, arguments)
        return int(rc or 0) & 255

    def _prepare(self, call):
        if call.get('cwd'):
            os.chdir(to_bytes(call['cwd']))
        change_environment(call.get('environment') or {})
        if self._tidier:
            self._tidier.process.begin(call)

    def _restored(self):
        if 'clean' in self._half:
            self._half['clean'](self)
        return self._tidier.restore() if self._tidier else {'ends': True}

    def note(self, belongs):
        """What is loaded now was loaded by the half, for the tasks to come."""
        if self._tidier:
            self._tidier.note(belongs)

    def _send(self, stream, kind, payload=b'', rc=0):
        """Where the agent listens no more, our end is the answer."""
        if not write(self._control, encode_frame(EXECUTOR, stream, kind, 0, payload)):
            os._exit(rc)

    def keep(self, fd):
        """The half's own descriptor, which is open from now on and no task's."""
        if self._tidier:
            self._tidier.process.keep(fd)

    def leave(self):
        """For a process that is no executor any more: the agent hears nothing of it."""
        close(self._control)

    def log(self, level, text):
        self._send(0, LOG, encode_json({'level': level, 'logger': 'executor', 'text': text}))

    @staticmethod
    def _report():
        import traceback
        try:
            traceback.print_exc()
        except Exception:
            pass


class Files(dict):
    """A program's files by path. One that may come later is waited for when it is first asked for."""

    def __init__(self, halves, files, late):
        dict.__init__(self, [(path, halves.blob(name)) for path, name in files.items() if path not in late])
        self._halves = halves
        self._late = dict([(path, files[path]) for path in late])

    def __missing__(self, path):
        data = self[path] = self._halves.fetch(from_hex(self._late[path]))
        return data

    def complete(self):
        for path in self._late:
            self[path]
        return self


class Halves(object):
    """The runners' Python halves and the programs' files, made ready once a process and inherited by its forks."""

    def __init__(self, store):
        self._store = store
        self._halves = {}
        self._programs = {}
        # How a blob that may come later is had. An executor waits for it; the fork server must not.
        self.fetch = self._store.blobs.__getitem__

    def blob(self, name):
        return self._store.blobs[from_hex(name)]

    def half(self, name):
        half = self._halves.get(name)
        if half is None:
            half = {'__name__': 'mitogen_half'}
            exec(compile(self.blob(name), 'runner', 'exec'), half)
            self._halves[name] = half
        return half

    def program(self, name):
        known = self._programs.get(name)
        if known is None:
            program = self._store.program(name)[0]
            known = self._programs[name] = program, Files(self, program['files'], program.get('late', ()))
        return known

    def preload(self, name):
        program, files = self.program(name)
        half = self.half(program['half'])
        if 'preload' in half:
            half['preload'](program, files)
        return half.get('belongs')
