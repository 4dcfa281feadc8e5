"""One request on its way: its parts coming in, its answer and data going out, and the credit of both ways."""


class Stream(object):
    """What an operation works with. It answers once, by `reply` or `fail`; what comes later is dropped.

    An operation that takes more than the request sets `on_data(bytes)`, `on_end()`, `on_cancel()`; data that came
    before is delivered when it sets them through `listen`.
    """

    def __init__(self, agent, number, rank):
        self.agent = agent
        self.number = number
        self.rank = rank
        self.header = None
        self.parts = None
        self.done = False
        self.on_cancel = None
        self.on_drained = None
        self._listener = None
        self._early = []
        self._request = Joiner()
        self._credit = WINDOW
        self._unreturned = 0
        self._received = 0
        self._granted = WINDOW
        self._outgoing = deque()

    # -- what comes --

    def frame_received(self, kind, flags, payload):
        if kind == CREDIT:
            self._credit += U32.unpack(payload)[0]
            return self._pump()
        if kind == CANCEL:
            if self.on_cancel:
                return self.on_cancel()
            return self.fail('cancelled', 'cancelled')
        if kind == ZEROS:
            kind, payload = DATA, bytes(bytearray(bounded(U32.unpack(payload)[0])))
        if kind in (REQUEST, DATA):
            self._received += len(payload)
            if self._received > self._granted:
                raise WireError('credit_exceeded', 'stream %d sent beyond its credit' % self.number)
        if kind == REQUEST:
            self.consumed(len(payload))
            message = self._request.add(payload, flags & MORE)
            if message is not None:
                self.parts = decode_parts(message)
                self.agent.request_received(self)
        else:
            (self._listener or self._early.append)(payload if kind == DATA else None)

    def listen(self, callback):
        """`callback(bytes)` for DATA, `callback(None)` at END. Call `consumed` when bytes are done with."""
        self._listener = callback
        early, self._early = self._early, []
        for payload in early:
            callback(payload)

    def consumed(self, size):
        self._unreturned += size
        if self._unreturned >= WINDOW // 2 and not self.done:
            self.agent.link.send(self.agent.node, self.number, CREDIT, U32.pack(self._unreturned))
            self._granted += self._unreturned
            self._unreturned = 0

    # -- what goes --

    def reply(self, parts):
        if not self.done:
            message = encode_parts(parts)
            if len(message) > MAX_MESSAGE:
                return self.fail('protocol', 'an answer of %d bytes; the limit is %d' % (len(message), MAX_MESSAGE))
            self.done = True
            self._outgoing.append([REPLY, message, 0, b''])
            self._pump()

    def reply_json(self, value, *parts):
        self.reply([encode_json(value)] + list(parts))

    def fail(self, code, message, hint=''):
        if not self.done:
            self.done = True
            self._outgoing.clear()
            self._outgoing.append([ERROR, encode_json({'code': code, 'message': message, 'hint': hint}), 0, b''])
            self._pump()

    def send(self, data, mark=b''):
        """Each frame of it begins with `mark`."""
        self._outgoing.append([DATA, data, 0, mark])
        self._pump()

    def backlog(self):
        """Bytes that wait for credit; an operation reads no more of its source while this is large."""
        return sum([len(data) - sent for _, data, sent, _ in self._outgoing])

    def _pump(self):
        link, node = self.agent.link, self.agent.node
        while self._outgoing:
            kind, data, sent, mark = self._outgoing[0]
            if kind == ERROR:
                size = len(data)
            else:
                size = min(len(data) - sent, min(MAX_PAYLOAD, self._credit) - len(mark))
                if size <= 0 and data:
                    return
                self._credit -= len(mark) + size
            more = sent + size < len(data)
            link.send(node, self.number, kind, mark + data[sent:sent + size], self.rank, MORE if more and kind == REPLY else 0)
            if more:
                self._outgoing[0][2] += size
                continue
            self._outgoing.popleft()
            if kind in (REPLY, ERROR):
                self.agent.stream_ended(self)
        if self.on_drained:
            self.on_drained()
