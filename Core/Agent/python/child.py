"""A node below this one, as its parent sees it: its link, the nodes behind it, and what it may send."""

# What may be sent on a link before its peer has said HELLO.
MAX_BEFORE_HELLO = 1048576


class Child(object):
    """Made when its `open` arrives, so that requests can be queued behind the core before it runs.

    `closed(code, message)` is called once, whoever ends the link.
    """

    def __init__(self, agent, node, closed):
        self.agent = agent
        self.node = node
        self.nodes = set([node])
        self.hello = None
        self.on_hello = None
        self._closed = closed
        self.link = Link(agent.loop, self._received, self.close)
        agent.children[node] = self
        agent.routes[node] = self

    def forward(self, frame):
        """A frame from above."""
        node, stream, kind, flags, payload = frame
        if kind not in DOWN_KINDS | KEPT_KINDS:
            return
        payloads = [payload]
        if kind in KEPT_KINDS and U32.unpack_from(payload)[0] == self.agent.node:
            kind, payloads = DATA, self.agent.kept.passing(kind, payload)
        for payload in payloads:
            self.link.outbox.push([node, stream, kind, flags, payload])
        if self.hello is None and self.link.outbox.size > MAX_BEFORE_HELLO:
            return self.close('protocol', 'more than %d bytes were sent before HELLO' % MAX_BEFORE_HELLO)
        self.agent.loop.soon.append(self.link.flush)

    def _received(self, frame):
        node, stream, kind, flags, payload = frame
        if self.hello is None and (kind != HELLO or node):
            raise WireError('no_hello', 'the first frame is not HELLO')
        if kind in LINK_KINDS and node == 0:
            return self._link_frame(kind, payload)
        if node not in self.nodes:
            raise WireError('wrong_node', 'a frame from node %d, which is not behind this link' % node)
        if kind in UP_KINDS or kind == LOST:
            self.agent.link.send(node, stream, kind, payload, (flags & CLASS) >> 2, flags & MORE)
        elif kind in DOWN_KINDS | LINK_KINDS | KEPT_KINDS:
            raise WireError('wrong_direction', 'a frame of kind %d came from below' % kind)
        else:
            self.link.send(0, 0, UNSUPPORTED, struct.pack('B', kind))

    def _link_frame(self, kind, payload):
        if kind == PING:
            self.link.send(0, 0, PONG, payload)
        elif kind == GOODBYE:
            reason = decode_json(payload)
            self.close(u'%s' % reason['code'][:64], u'it said goodbye: %s' % reason['message'][:500])
        elif kind == HELLO:
            if self.hello is not None:
                raise WireError('wrong_direction', 'a second HELLO')
            self.hello = payload
            self.on_hello(payload)

    def close(self, code, message):
        if self.agent.children.pop(self.node, None) is self:
            for node in self.nodes:
                self.agent.routes.pop(node, None)
            self.link.close()
            self._closed(code, message)
