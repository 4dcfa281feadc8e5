"""One thread that waits for descriptors, timers and the ends of children, and calls back."""


class Timer(object):
    def __init__(self, when, callback):
        self.when = when
        self.callback = callback


class Loop(object):
    def __init__(self):
        self.readers = {}
        self.writers = {}
        self._poll = select.poll()
        self._masks = {}
        self._timers = []
        self._children = {}
        # Called once before the next wait: links that have frames to write.
        self.soon = []
        self._wake_fds = ()

    def watch(self, fd, reader=False, writer=False):
        """Sets what is called when `fd` can be read or written; None: nothing; False: as it was."""
        for table, callback in ((self.readers, reader), (self.writers, writer)):
            if callback:
                table[fd] = callback
            elif callback is None:
                table.pop(fd, None)
        mask = (fd in self.readers and select.POLLIN) | (fd in self.writers and select.POLLOUT)
        if mask == self._masks.get(fd, 0):
            return
        # A descriptor nobody asks about must leave: poll reports a hang-up unasked, again and again.
        if mask:
            self._poll.register(fd, mask)
            self._masks[fd] = mask
        else:
            self._poll.unregister(fd)
            del self._masks[fd]

    def forget(self, fd):
        self.watch(fd, None, None)

    def after(self, seconds, callback):
        timer = Timer(now() + seconds, callback)
        self._timers.append(timer)
        return timer

    def cancel(self, timer):
        if timer in self._timers:
            self._timers.remove(timer)

    def watch_child(self, pid, callback):
        """`callback(status)` at the end of a child, with the status of waitpid."""
        if not self._wake_fds:
            self._wake_fds = pipe()
            for fd in self._wake_fds:
                set_blocking(fd, False)
            # A handler of Python's makes the interpreter write to the pipe; poll may well resume after the signal.
            signal.signal(signal.SIGCHLD, lambda *_: None)
            signal.set_wakeup_fd(self._wake_fds[1])
            self.watch(self._wake_fds[0], self._reap)
        self._children[pid] = callback
        self.soon.append(self._reap)

    def _reap(self):
        read(self._wake_fds[0], 4096)
        for pid in list(self._children):
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except OSError:
                ended, status = pid, 0
            if ended:
                self._children.pop(pid)(status)

    def turn(self):
        """Waits for what comes next and handles it."""
        while self.soon:
            soon, self.soon = self.soon, []
            for callback in soon:
                callback()
        wait = None
        if self._timers:
            wait = max(0, min([t.when for t in self._timers]) - now()) * 1000 + 1
        try:
            events = self._poll.poll(wait)
        except select.error as e:
            if e.args[0] != errno.EINTR:
                raise
            events = ()
        for fd, event in events:
            if event & ~select.POLLOUT and fd in self.readers:
                self.readers[fd]()
            if event & ~select.POLLIN and fd in self.writers:
                self.writers[fd]()
        # After the descriptors: what arrived while we were stopped counts before a deadline that passed.
        if self._timers:
            instant = now()
            for timer in [t for t in self._timers if t.when <= instant]:
                if timer in self._timers:
                    self._timers.remove(timer)
                    timer.callback()
