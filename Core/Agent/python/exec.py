"""The operation `exec`: runs a command on this node, as a shell on a connection would.

The command has a session of its own and ends with the request; what it detached into another session lives on. Where
prompts are to be answered, stdin is held back, since a program that asks reads what is there: until a rule with
`{"begin": true}` has matched, which ends the rules; without such a rule, until a secret was sent.
"""


MOST_WAITING = 8388608


class Exec(object):
    def __init__(self, agent, stream):
        self._agent = agent
        self._stream = stream
        self._call = call = decode_json(stream.parts[1])
        self._secrets = decode_json(stream.parts[3]) if len(stream.parts) > 3 and stream.parts[3] else {}
        self._rules = [PromptRule(rule) for rule in call.get('prompts') or ()]
        self._lines = {1: PromptLine(), 2: PromptLine()}
        # The last line is kept from the output while it may be a prompt.
        self._withheld = {1: b'', 2: b''}
        self._answered = set()
        self._held = bool(self._rules)
        self._streaming = bool(call.get('stream'))
        self._stdin = deque([stream.parts[2]] if len(stream.parts) > 2 and stream.parts[2] else ())
        self._stdin_ended = not self._streaming
        self._stdin_fd = None
        self._outputs = {}
        self._captured = {1: [], 2: []}
        self._size = 0
        self._pid = None
        self._ending = None
        self._ended = False

    def start(self):
        call, loop = self._call, self._agent.loop
        program = None
        argv = call.get('argv') or [call.get('shell'), '-c', call['command']]
        if argv[0] is None:
            # As sshd starts it.
            program = os.environ.get('SHELL') or '/bin/sh'
            argv[0] = os.path.basename(program)
        slave = None
        if call.get('tty'):
            master, slave = keep_private(*os.openpty())
            theirs = (slave,) * 3
            self._stdin_fd = master
            self._outputs[1] = master
        else:
            their_stdin, self._stdin_fd = pipe()
            self._outputs[1], their_stdout = pipe()
            self._outputs[2], their_stderr = pipe()
            theirs = their_stdin, their_stdout, their_stderr
        try:
            self._pid = spawn(argv, call.get('environment'), call.get('cwd'), theirs, slave, program)
        except OSError as e:
            # What a shell says of a command that it cannot start.
            self._captured[2].append(to_bytes(u'%s: %s\n' % (to_text(argv[0]), e.strerror)))
            return self._finish(126 if e.errno == errno.EACCES else 127)
        finally:
            close(*set(theirs))
        self._agent.pool.guard(self._pid)
        loop.watch_child(self._pid, self._exited)
        for fd in set(list(self._outputs.values()) + [self._stdin_fd]):
            set_blocking(fd, False)
        for which, fd in self._outputs.items():
            loop.watch(fd, lambda which=which: self._readable(which))
        self._stream.on_cancel = lambda: self._end('cancelled', 'cancelled')
        if call.get('timeout'):
            loop.after(call['timeout'], lambda: self._end(
                'timeout', 'the command did not end within %s seconds' % call['timeout']))
        if self._streaming:
            # More on its way than a stream begins with, for who fills a long line; as much may come to wait here.
            self._stream.consumed(min(call.get('window', 0), MOST_WAITING))
            self._stream.listen(self._stdin_received)
            self._stream.on_drained = self._resume
        self._feed()

    # -- stdin --

    def _stdin_received(self, data):
        if data is None:
            self._stdin_ended = True
        else:
            self._stdin.append(data)
        self._feed()

    def _feed(self):
        fd = self._stdin_fd
        if fd is None or self._held:
            return
        loop = self._agent.loop
        while self._stdin:
            data = self._stdin.popleft()
            taken = write(fd, data)
            if taken is None:
                self._stdin.clear()
                self._stdin_ended = True
                break
            if self._streaming:
                self._stream.consumed(taken)
            if taken < len(data):
                self._stdin.appendleft(data[taken:])
                return loop.watch(fd, False, self._feed)
        loop.watch(fd, False, None)
        if self._stdin_ended and not self._call.get('tty'):
            loop.forget(fd)
            close(fd)
            self._stdin_fd = None

    # -- output --

    def _readable(self, which):
        fd = self._outputs[which]
        if self._streaming and self._stream.backlog() > WINDOW and not self._ended:
            # Until the reader has given credit.
            return self._agent.loop.watch(fd, None)
        data = read(fd, 65536)
        if not data:
            if data is not None:
                self._agent.loop.watch(fd, None)
            return False
        if self._rules:
            data = self._prompted(which, data)
        self._output(which, data)
        return True

    def _output(self, which, data):
        if self._streaming and data:
            self._stream.send(data, b'\1' if which == 1 else b'\2')
        elif self._size < MAX_OUTPUT:
            self._captured[which].append(data[:MAX_OUTPUT - self._size])
            self._size += len(data)

    def _resume(self):
        if self._pid is not None:
            for which, fd in self._outputs.items():
                self._agent.loop.watch(fd, lambda which=which: self._readable(which))

    def _prompted(self, which, data):
        """Acts by the rules; returns the output without the prompts that were answered."""
        source = 'tty' if self._call.get('tty') else 'stdout' if which == 1 else 'stderr'
        line = self._lines[which]
        output = b''
        for piece, end in split_lines(data):
            line.append(piece)
            self._withheld[which] += piece
            for rule in self._rules:
                if rule.on in (None, source) and rule.matches(line) and self._act(rule.then, which, bool(end)):
                    line.clear()
                    break
            if end:
                output += self._withheld[which] + end
                self._withheld[which] = b''
                line.clear()
        return output if self._rules else output + self._rest(which)

    def _rest(self, which):
        rest, self._withheld[which] = self._withheld[which], b''
        return rest

    def _act(self, then, which, complete):
        if 'begin' in then:
            self._rules = []
            self._release()
        elif 'fail' in then:
            failure = then['fail']
            self._end(failure['code'], failure['message'], failure.get('hint', ''))
        elif 'send' in then and not complete:
            slot = then['send']
            self._rest(which)
            if not self._secrets.get(slot):
                self._end('authentication', 'needs a password, none was given')
            elif slot in self._answered:
                self._end('authentication', 'the password was not accepted')
            else:
                self._answered.add(slot)
                write(self._stdin_fd, to_bytes(self._secrets[slot]) + b'\n')
                if not [rule for rule in self._rules if 'begin' in rule.then]:
                    self._release()
        else:
            return False
        return True

    def _release(self):
        self._held = False
        self._agent.loop.soon.append(self._feed)

    # -- the end --

    def _end(self, code, message, hint=''):
        """Ends the command's session: TERM, then KILL. The answer follows when it has gone."""
        if self._ending or self._pid is None:
            return
        self._ending = code, message, hint
        pid = self._pid
        kill_session(pid, signal.SIGTERM)
        self._agent.loop.after(GRACE, lambda: kill_session(pid, signal.SIGKILL))

    def _exited(self, status):
        self._agent.pool.unguard(self._pid)
        self._pid = None
        self._ended = True
        for which in self._outputs:
            while self._readable(which):
                pass
            self._output(which, self._rest(which))
        self._finish(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))

    def _finish(self, rc):
        self._stream.on_drained = None
        for fd in set([fd for fd in list(self._outputs.values()) + [self._stdin_fd] if fd is not None]):
            self._agent.loop.forget(fd)
            close(fd)
        self._stdin_fd = None
        if self._ending:
            return self._stream.fail(*self._ending)
        self._stream.reply_json({'rc': rc}, b''.join(self._captured[1]), b''.join(self._captured[2]))


def register(agent):
    agent.operations['exec'] = lambda stream: Exec(agent, stream).start()
