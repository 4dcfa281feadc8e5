"""The agent's side of the fork server and the executors: who runs the next call, and what came of the last."""

# Calls beyond so many at once wait; each executor is a process of some 10 MB on the target.
MAX_EXECUTORS = 32
# Idle executors beyond so many are let go.
MAX_IDLE = 4
# Output of a module beyond this is read and dropped: an answer is a message, and its limit is 64 MiB.
MAX_OUTPUT = MAX_MESSAGE - 1048576


class Worker(object):
    """One executor as the agent sees it, busy with at most one call."""

    def __init__(self, number, control, outputs, held):
        self.number = number
        self.control = control
        self.outputs = outputs
        self.held = held
        self.programs = set()
        self.fresh = True
        self.retiring = False
        self.pid = None
        self.call = None
        self.module = None
        # It has answered, and has not yet said that it is ready for the next.
        self.cleaning = False
        self.captured = [[], []]
        self.size = 0
        self.dropped = 0


class Call(object):
    """A `run` on its way."""

    def __init__(self, stream, program, isolated, timeout):
        self.stream = stream
        self.program = program
        self.isolated = isolated
        self.timeout = timeout
        self.timer = None
        # Why we ended it, as (code, message).
        self.ending = None


class Pool(object):
    def __init__(self, loop, store, log, server_ended):
        self._loop = loop
        self._store = store
        self._log = log
        self._workers = {}
        self._idle = []
        self._queue = deque()
        self._count = 0
        self._server_held = set()
        self._guarded = set()
        # Modules after which an executor could not be used again; they get one of their own from then on.
        self._harmful = set()
        # Path of a file in module_utils -> its hash in the first program that had it.
        self._utils = {}
        self._clashes = {}
        self._slots = None
        self._server = Link(loop, self._server_received, server_ended)
        self._start_server()

    def _start_server(self):
        import _socket
        channel = socketpair()
        passing = None, None
        server_slots = None
        if hasattr(_socket.socket, 'sendmsg'):
            passing = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        else:
            pairs = [(socketpair(), pipe(), pipe()) for _ in range(SLOTS)]
            self._slots = deque([(n, (c[0], o[0], e[0])) for n, (c, o, e) in enumerate(pairs)])
            server_slots = [(c[1], o[1], e[1]) for c, o, e in pairs]
        if os.fork() == 0:
            try:
                keep = [channel[1]] + [fd for slot in server_slots or () for fd in slot]
                if passing[1] is not None:
                    keep.append(passing[1].fileno())
                close_all_but(keep)
                ForkServer(channel[1], passing[1], server_slots).serve()
            finally:
                os._exit(1)
        close(channel[1], *[fd for slot in server_slots or () for fd in slot])
        if passing[1] is not None:
            passing[1].close()
        self._passing = passing[0]
        self._server.attach(channel[0], channel[0])

    def guard(self, session):
        """Ends a session, too, when this agent dies before it says `unguard`."""
        self._guarded.add(session)
        self.tell_server('guard', session=session)

    def unguard(self, session):
        self._guarded.discard(session)
        self.tell_server('unguard', session=session)

    def tell_server(self, op, **values):
        values['op'] = op
        self._server.send(0, 0, REQUEST, encode_json(values), CALLS)

    # -- calls --

    def run(self, stream, program):
        """Runs the call of `stream`, all of whose blobs are here."""
        call = decode_json(stream.parts[1]) if len(stream.parts[1]) > 2 else {}
        call = Call(stream, program, call.get('isolation') == 'fork' or self._stands_alone(program), call.get('timeout'))
        stream.on_cancel = lambda: self._end(call, 'cancelled', 'the call was cancelled')
        self._queue.append(call)
        self._dispatch()

    def _stands_alone(self, name):
        """Whether a module has harmed an executor, or has a module_utils of its own by a name that others have too."""
        program = self._store.program(name)[0]
        if name not in self._clashes:
            self._clashes[name] = bool([1 for path, blob in program['files'].items() if '/module_utils/' in path
                                        and self._utils.setdefault(path, blob) != blob])
        return self._clashes[name] or program['module'] in self._harmful

    def renew(self, changes):
        """Lets all executors go: what they have read of the system is not so any more. `changes`: of the environment."""
        self.tell_server('environment', changes=changes)
        for worker in self._workers.values():
            worker.retiring = True
        while self._idle:
            self._retire(self._idle.pop())

    def tidy(self, name):
        """The part is here that notes how things are in the fork server."""
        self._pass_on(self._server, self._server_held, [from_hex(name)])
        self.tell_server('tidy', part=name)

    def _dispatch(self):
        while self._queue:
            call = self._queue[0]
            worker = self._choose(call)
            if worker is None and self._workers:
                return
            self._queue.popleft()
            if worker is None:
                call.stream.fail('internal', 'too many executors of this node have crashed for its Python to make more')
                continue
            self._start(worker, call)

    def _choose(self, call):
        for worker in reversed(self._idle):
            if worker.fresh if call.isolated else not worker.fresh:
                self._idle.remove(worker)
                return worker
        # It is ready in a moment, and warmer than any other.
        if not call.isolated and [w for w in self._workers.values() if w.cleaning and not w.retiring]:
            return None
        for worker in self._idle:
            if worker.fresh:
                self._idle.remove(worker)
                return worker
        if self._full() and self._idle:
            self._retire(self._idle.pop(0))
        if self._full():
            return None
        if not self._clashes[call.program]:
            self._preload(call.program)
        return self._fork()

    def _full(self):
        return len(self._workers) >= MAX_EXECUTORS or self._slots is not None and not self._slots

    def _start(self, worker, call):
        worker.call = call
        worker.module = self._store.program(call.program)[0]['module']
        worker.fresh = False
        worker.retiring = call.isolated
        if call.program not in worker.programs:
            self._supply(worker.control, worker.held, call.program)
            worker.programs.add(call.program)
        through = from_hex(call.stream.header.get('through', ''))
        if through:
            self._pass_on(worker.control, worker.held, [through])
        worker.control.send_message(
            0, call.stream.number, REQUEST, encode_parts([call.program, through] + call.stream.parts[1:]), CALLS)
        worker.control.flush()
        if call.timeout:
            call.timer = self._loop.after(call.timeout, lambda: self._end(
                call, 'timeout', 'the module did not end within %s seconds' % call.timeout))

    def _supply(self, link, held, program):
        """Sends what a program needs and the process behind `link` has not got; what is late when it comes."""
        _, names, late = self._store.program(program)
        self._pass_on(link, held, [program] + names)
        for name in late:
            self._store.when_present([name], lambda name=name: self._pass_on(link, held, [name]))

    def _pass_on(self, link, held, names):
        names = [n for n in names if n not in held]
        held.update(names)
        for message in encode_bundle([self._store.blobs[n] for n in names]):
            link.send_message(0, 0, BLOBS, message, CALLS)

    def _preload(self, program):
        if program not in self._server_held:
            self._supply(self._server, self._server_held, program)
            self.tell_server('preload', program=to_hex(program))

    def _end(self, call, code, message):
        if call in self._queue:
            self._queue.remove(call)
            return call.stream.fail(code, message)
        if call.ending is None:
            call.ending = code, message
            for worker in self._workers.values():
                if worker.call is call:
                    # It may say that it is done before the signal reaches it.
                    worker.retiring = True
                    self.tell_server('end', child=worker.number)

    # -- executors --

    def _fork(self):
        self._count += 1
        number = self._count
        if self._slots is None:
            pairs = socketpair(), pipe(), pipe()
            self._pass([pairs[0][1], pairs[1][1], pairs[2][1]])
            for _, theirs in pairs:
                close(theirs)
            ours = pairs[0][0], pairs[1][0], pairs[2][0]
            slot = None
        else:
            slot, ours = self._slots.popleft()
        worker = Worker(number, None, ours[1:], set(self._server_held))
        worker.slot = slot, ours
        worker.control = Link(
            self._loop, lambda frame: self._worker_received(worker, frame),
            lambda code, message: self._control_ended(worker, code), EXECUTOR)
        self._workers[number] = worker
        self.tell_server('fork', child=number, slot=slot)
        # A slot's control socket is used again, so the link must not close it.
        fd = ours[0] if slot is None else keep_private(os.dup(ours[0]))[0]
        worker.control.attach(fd, fd)
        for which, output in enumerate(worker.outputs):
            set_blocking(output, False)
            self._loop.watch(output, lambda which=which: self._drain(worker, which))
        return worker

    def _control_ended(self, worker, code):
        """Closed by its module, or closed here since nonsense came. It may finish; the fork server tells its end."""
        if worker in self._idle:
            self._idle.remove(worker)
        if worker.slot[0] is not None and code != 'node_lost':
            # A slot's socket stays open, so it would not notice.
            self.tell_server('end', child=worker.number)

    def _pass(self, fds):
        import _socket
        self._passing.sendmsg([b'f'], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack('3i', *fds))])

    def _drain(self, worker, which):
        """Takes what is in the pipe now; returns whether there may be more."""
        output = worker.outputs[which]
        while True:
            data = read(output, 1048576)
            if not data:
                if data is not None:
                    self._loop.forget(output)
                return
            room = MAX_OUTPUT - worker.size
            worker.size += len(data)
            if len(data) > room:
                worker.dropped += len(data) - max(room, 0)
                data = data[:max(room, 0)]
            worker.captured[which].append(data)
            if len(data) < 4096:
                return

    def _worker_received(self, worker, frame):
        _, stream, kind, _, payload = frame
        if kind == REPLY and worker.call:
            for which in (0, 1):
                self._drain(worker, which)
            worker.cleaning = True
            self._answer(worker, decode_parts(payload)[0])
        elif kind == END and worker.cleaning:
            worker.cleaning = False
            self._reported(worker, decode_json(payload) if payload else {})
            self._finished(worker)
        elif kind == LOG:
            self._log(**decode_json(payload))

    def _answer(self, worker, meta):
        call, worker.call = worker.call, None
        out, err = [b''.join(pieces) for pieces in worker.captured]
        if worker.dropped:
            err += to_bytes('\n%d bytes of output were dropped; the limit is %d\n' % (worker.dropped, MAX_OUTPUT))
        worker.captured, worker.size, worker.dropped = [[], []], 0, 0
        if call is None:
            return
        if call.timer:
            self._loop.cancel(call.timer)
        if call.ending:
            call.stream.fail(*call.ending)
        else:
            call.stream.reply([meta, out, err])

    def _reported(self, worker, report):
        """What the executor found when it compared itself with what it was: see tidy.py."""
        if not worker.retiring:
            for text in report.get('said', ()):
                self._log('info', '%s: %s' % (worker.module, text))
            if 'harm' in report:
                self._harmful.add(worker.module)
        if 'imported' in report:
            # The next ones have it from birth, as it should be.
            self.tell_server('import', names=report['imported'])
            for spare in [w for w in self._idle if w.fresh]:
                self._idle.remove(spare)
                self._retire(spare)
        worker.retiring |= 'ends' in report

    def _finished(self, worker):
        """The executor is as it was before its call, or leaves."""
        if worker.retiring or len(self._idle) >= MAX_IDLE:
            self._retire(worker)
        else:
            self._idle.append(worker)
        self._dispatch()
        self._keep_spare()

    def _keep_spare(self):
        """One executor that has run nothing is kept ready, forked when there is nothing else to do."""
        if not self._queue and not [w for w in self._workers.values() if w.fresh]:
            if not self._full():
                self._idle.insert(0, self._fork())

    @staticmethod
    def _retire(worker):
        """It exits at END, or when its control socket closes; `gone` follows from the fork server."""
        worker.control.send(0, 0, END)
        worker.control.flush()
        worker.control.close()

    # -- what the fork server reports --

    def _server_received(self, frame):
        _, _, kind, _, payload = frame
        report = decode_json(payload)
        if kind == LOG:
            self._log(**report)
        elif 'pid' in report:
            self._workers[report['child']].pid = report['pid']
        else:
            self._gone(self._workers[report['child']], report['status'])

    def end_all(self):
        """For when there is no fork server to do it."""
        for session in [w.pid for w in self._workers.values() if w.call and w.pid] + list(self._guarded):
            kill_session(session, signal.SIGKILL)

    def _gone(self, worker, status):
        """An executor ended. Its last words may still be in its socket and pipes."""
        if worker.control.open:
            worker.control._readable()
        for which in (0, 1):
            self._drain(worker, which)
        worker.cleaning = False
        if worker.call:
            signalled = os.WIFSIGNALED(status)
            rc = 128 + os.WTERMSIG(status) if signalled else os.WEXITSTATUS(status)
            if signalled:
                worker.captured[1].append(to_bytes('\nthe module was ended by signal %d\n' % os.WTERMSIG(status)))
            elif rc:
                worker.captured[1].append(to_bytes('\nthe module ended its interpreter with code %d\n' % rc))
            self._answer(worker, encode_json({'rc': rc, 'ended': 'signal' if signalled else 'exit'}))
        worker.control.close()
        if worker in self._idle:
            self._idle.remove(worker)
        del self._workers[worker.number]
        slot, fds = worker.slot
        for output in worker.outputs:
            self._loop.forget(output)
        if slot is None:
            close(*worker.outputs)
        elif not os.WIFSIGNALED(status):
            # One that was killed may have left in its socket what the next must not read.
            self._slots.append(worker.slot)
        self._dispatch()
        self._keep_spare()
