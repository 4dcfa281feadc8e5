"""A link: frames over a pair of descriptors, with the outgoing classes, the deflate stream and keepalive."""

# Frames are taken from their queues only while less than this is still unwritten, so that a late frame of a low
# class overtakes all but this much.
WRITE_AHEAD = 65536


class Link(object):
    """`received(frame)` for each frame; `ended(code, message)` once: at its end, or when the peer breaks the protocol.

    A link may be queued on before it is attached to descriptors: so requests follow an `open` at once.
    """

    def __init__(self, loop, received, ended, only=None):
        self.loop = loop
        self.received = received
        self.ended = ended
        self.outbox = Outbox()
        self.deflater = None
        self.open = True
        self._reader = FrameReader(only)
        self._fds = None
        self._unwritten = b''
        self._queued = False
        self._keepalive = None
        self._heard = now()

    def attach(self, read_fd, write_fd, before=b'', received=b''):
        """Begins to read and write; `before` is written ahead of all frames, `received` was read already."""
        self._fds = read_fd, write_fd
        self._unwritten = before
        for fd in self._fds:
            set_blocking(fd, False)
        self.loop.watch(read_fd, self._readable)
        self.flush()
        if received:
            self._take(received)

    def send(self, node, stream, kind, payload=b'', rank=CONTROL, flags=0):
        if self.open:
            self.outbox.push([node, stream, kind, rank << 2 | flags, payload])
            if not self._queued:
                self._queued = True
                self.loop.soon.append(self.flush)

    def send_message(self, node, stream, kind, message, rank):
        pieces = split_message(message)
        for piece in pieces[:-1]:
            self.send(node, stream, kind, piece, rank, MORE)
        self.send(node, stream, kind, pieces[-1], rank)

    def flush(self):
        self._queued = False
        if self._fds is None:
            return
        while True:
            self._fill()
            if not self._unwritten:
                self.loop.watch(self._fds[1], False, None)
                return
            taken = write(self._fds[1], self._unwritten)
            if taken is None:
                return self._end('node_lost', 'the connection was lost')
            self._unwritten = self._unwritten[taken:]
            if self._unwritten:
                self.loop.watch(self._fds[1], False, self.flush)
                return

    def _fill(self):
        pieces = [self._unwritten]
        size = len(self._unwritten)
        while size < WRITE_AHEAD:
            frame = self.outbox.pop()
            if frame is None:
                break
            node, stream, kind, flags, payload = frame
            deflated = MIN_DEFLATED <= len(payload) <= MAX_DEFLATED and kind != BLOBS and flags & CLASS != CLASS
            if self.deflater and deflated:
                payload = self.deflater.deflate(payload)
                flags |= DEFLATED
            pieces.append(encode_frame(node, stream, kind, flags, payload))
            size += len(pieces[-1])
        self._unwritten = b''.join(pieces)

    def _readable(self):
        data = read(self._fds[0], 262144)
        if data is None:
            return
        if not data:
            return self._end('node_lost', 'the connection was lost')
        self._take(data)

    def _take(self, data):
        self._heard = now()
        try:
            self._reader.feed(data)
            while self.open:
                frame = self._reader.next()
                if frame is None:
                    return
                self.received(frame)
        except WireError as e:
            self.fail(e.code, str(e))
        except Exception as e:
            # What came made no sense. A peer must not be able to end this process by it.
            self.fail('protocol', 'a frame that cannot be handled: %s: %s' % (type(e).__name__, e))

    def fail(self, code, message):
        """Ends a link whose peer broke the protocol, and tells it why."""
        self.send(0, 0, GOODBYE, encode_json({'code': code, 'message': message}))
        self.flush()
        self._end(code, message)

    def _end(self, code, message):
        if self.open:
            self.close()
            self.ended(code, message)

    def close(self):
        self.open = False
        if self._keepalive:
            self.loop.cancel(self._keepalive)
        if self._fds is not None:
            fds, self._fds = set(self._fds), None
            for fd in fds:
                self.loop.forget(fd)
                close(fd)

    # -- keepalive --

    def keep_alive(self, interval, count):
        self._heard = now()
        self._interval = interval
        self._patience = interval * count
        if interval > 0:
            self._keepalive = self.loop.after(interval, self._silence)

    def _silence(self):
        silent = now() - self._heard
        if silent >= self._patience:
            return self._end('node_lost', 'nothing was heard for %d seconds' % silent)
        wait = self._interval
        if silent >= self._interval:
            self.send(0, 0, PING)
        else:
            wait -= silent
        self._keepalive = self.loop.after(wait, self._silence)
