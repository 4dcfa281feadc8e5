"""The operation `shell`: bytes for a child in which no Python was found, and what it says to them.

What is said the controller knows. Here it is only passed on, so that there is one who speaks to shells.
"""


class Shell(object):
    """`launch` holds the child's process and its descriptors."""

    def __init__(self, agent, launch, stdin):
        self._agent = agent
        self._launch = launch
        self._stdin = stdin
        self._stream = None
        self._unwritten = b''
        set_blocking(stdin, False)

    def begin(self, stream):
        self._stream = stream
        stream.on_cancel = self._close
        stream.listen(self._received)

    def _received(self, data):
        if data is None:
            return self._close()
        self._unwritten += data
        self._flush()

    def _flush(self):
        taken = write(self._stdin, self._unwritten)
        if taken is None:
            taken = len(self._unwritten)
        self._unwritten = self._unwritten[taken:]
        self._stream.consumed(taken)
        self._agent.loop.watch(self._stdin, False, self._flush if self._unwritten else None)

    def said(self, data, mark):
        """Returns whether more may be read now; if not, the stream's reader has to take what it was sent."""
        if self._stream is None or self._stream.done:
            return True
        self._stream.send(data, mark)
        if self._stream.backlog() <= WINDOW:
            return True
        self._stream.on_drained = self._drained
        return False

    def _drained(self):
        if self._stream.backlog() <= WINDOW:
            self._stream.on_drained = None
            self._launch.read_on()

    def _close(self):
        self.detach()
        self._launch.close_shell()

    def detach(self):
        """The bytes are no longer for the shell's user: it ends, or becomes a node."""
        self._agent.loop.watch(self._stdin, False, None)
        if self._stream is not None:
            self._stream.on_drained = None
            self._stream.reply_json({})

    def ended(self, code, message):
        if self._stream is not None:
            self._stream.on_drained = None
            self._stream.fail(code, message)
