"""The agent: one node's loop. It forwards between its parent and its children, holds blobs, and has calls run.

It never runs a module itself: see forkserver.py and executor.py.
"""

LEVELS = {'debug': 0, 'info': 1, 'warning': 2, 'error': 3}


class Agent(object):
    """A part of the agent (a blob named in a request) has `register(agent)`, which adds to `operations`."""

    def __init__(self, core=b''):
        # The compressed core, as it came: what children are started with.
        self.core = core
        self.node = 0
        self.hello = None
        self.directory = None
        self.children = {}
        self.routes = {}
        # Launches whose children have no Python: see launch.py.
        self.shells = {}
        self.streams = {}
        self.operations = {'run': self._run}
        self.loop = Loop()
        self.store = Store()
        # Set by the part `surroundings`.
        self.before_each = bool
        self._parts = {}
        self._last_stream = 0
        self.link = Link(self.loop, self._received, self._parent_ended)

    def start(self, read_fd, write_fd):
        """Forks the fork server, before a byte is read, since it must know no secret, and before HELLO, which asks for
        the account: what a process once asks of the name service it asks the same way for good. Then says HELLO."""
        self.pool = Pool(self.loop, self.store, self.log, self._server_ended)
        self.link.attach(read_fd, write_fd)
        self.link.send(0, 0, HELLO, encode_json(self._about()))
        self.link.flush()

    def serve(self):
        while True:
            self.loop.turn()

    @staticmethod
    def _about():
        system = os.uname()
        try:
            import pwd
            account = pwd.getpwuid(os.geteuid())
            user, home = account.pw_name, account.pw_dir
        except (ImportError, KeyError):
            user, home = str(os.geteuid()), '/'
        try:
            directory = os.getcwd()
        except OSError:
            directory = '/'
        return {
            'mitogen': 1, 'features': ['lzma'] if LZMADecompressor else [], 'python': sys.executable or '', 'version': list(sys.version_info[:3]),
            'platform': sys.platform, 'pid': os.getpid(), 'uid': os.geteuid(), 'user': user,
            'home': os.environ.get('HOME') or home, 'cwd': directory, 'hostname': system[1]}

    def trace(self, text):
        """For the log file of this node, if it was asked for: then the part `trace` takes the place of this."""

    def log(self, level, text, logger='agent'):
        self.trace('%s: %s: %s' % (level, logger, text))
        wanted = (self.hello or {}).get('log', 'warning')
        if LEVELS.get(level, 3) >= LEVELS.get(wanted, 2):
            self.link.send(self.node, 0, LOG, encode_json({'level': level, 'logger': logger, 'text': text}))

    # -- the parent --

    def _received(self, frame):
        node, stream, kind, flags, payload = frame
        if node != self.node and node:
            child = self.routes.get(node)
            if child:
                child.forward(frame)
            return
        if kind in LINK_KINDS:
            return self._link_frame(kind, payload)
        if kind not in DOWN_KINDS:
            if kind in UP_KINDS:
                raise WireError('wrong_direction', 'a frame of kind %d came from above' % kind)
            return self.link.send(0, 0, UNSUPPORTED, struct.pack('B', kind))
        if kind == BLOBS:
            self._guarded('BLOBS', lambda: self.store.received(stream, flags, payload))
        elif stream:
            self._stream_frame(frame)
        elif kind == SUPPLY:
            self._supply(U32.unpack_from(payload)[0], payload[4:], flags)
        else:
            order = decode_json(payload)
            child = self.routes.get(order['via' if kind == ROUTE else 'child'])
            if child is None:
                return
            if kind == ROUTE:
                self.routes[order['child']] = child
                child.nodes.add(order['child'])
            elif kind == CLOSE and order['child'] == child.node:
                child.close('closed', 'closed by the controller')

    def _link_frame(self, kind, payload):
        if kind == PING:
            self.link.send(0, 0, PONG, payload)
        elif kind == UNSUPPORTED:
            self.log('warning', 'the controller does not know frames of kind %r' % payload)
        elif kind == HELLO:
            self.hello = hello = decode_json(payload)
            self.node = hello['node']
            if hello.get('deflate'):
                self.link.deflater = Deflater()
            keepalive = hello.get('keepalive') or {}
            self.link.keep_alive(keepalive.get('interval', 30), keepalive.get('count', 10))
            for key, use in (('tidy', self.pool.tidy), ('surroundings', self._load)):
                if key in hello:
                    self.store.when_present([from_hex(hello[key])], lambda use=use, name=hello[key]: use(name))

    def _guarded(self, what, action):
        try:
            action()
        except WireError as e:
            # What a bundle brought is asked for again when it is needed, and comes in another encoding.
            self.log('debug' if e.code == 'bundle_unreadable' else 'error', '%s: %s' % (what, e))

    def _supply(self, node, hashes, flags):
        names = [hashes[at:at + 32] for at in range(0, len(hashes), 32)]
        if node in self.routes:
            self._need(self.store.when_present(names, lambda: self._pass_on(node, names, (flags & CLASS) >> 2)))

    def _pass_on(self, node, names, rank):
        child = self.routes.get(node)
        if child:
            for message in encode_bundle([self.store.blobs[n] for n in names]):
                self._bundles = getattr(self, '_bundles', 0) + 1
                child.link.send_message(node, self._bundles, BLOBS, message, rank)

    # -- requests --

    def _stream_frame(self, frame):
        _, number, kind, flags, payload = frame
        stream = self.streams.get(number)
        if stream is None:
            if kind != REQUEST or number <= self._last_stream:
                return
            self._last_stream = number
            stream = self.streams[number] = Stream(self, number, (flags & CLASS) >> 2)
        try:
            stream.frame_received(kind, flags, payload)
        except WireError as e:
            stream.fail(e.code, str(e))
        except Exception as e:
            self._failed(stream, e)

    def stream_ended(self, stream):
        self.trace('stream %d: end' % stream.number)
        self.streams.pop(stream.number, None)

    def request_received(self, stream):
        stream.header = decode_json(stream.parts[0])
        self.trace('stream %d: %s' % (stream.number, stream.header['op']))
        self._when_here(stream, ('part', 'program', 'through'), lambda: self._begin(stream))

    def _when_here(self, stream, keys, action):
        """Acts when the blobs that the header names under `keys` are here; asks for those that are not."""
        self._when_present(stream, [from_hex(stream.header[k]) for k in keys if stream.header.get(k)], action)

    def _when_present(self, stream, names, action):
        def guarded():
            if stream.done:
                return
            try:
                action()
            except Exception as e:
                self._failed(stream, e)
        self._need(self.store.when_present(names, guarded))

    def _need(self, missing):
        missing = self.store.not_asked(missing)
        if missing:
            self.trace('needs %d blobs' % len(missing))
            self.link.send(self.node, 0, NEED, b''.join(missing), CALLS)

    def _failed(self, stream, error):
        import traceback
        self.log('error', traceback.format_exc())
        stream.fail('internal', '%s: %s' % (type(error).__name__, error))

    def _begin(self, stream):
        self.before_each()
        header = stream.header
        if header.get('part'):
            self._load(header['part'])
        operation = self.operations.get(header['op'])
        if operation is None:
            return stream.fail('protocol', 'this node has no operation %r' % header['op'])
        operation(stream)

    def _load(self, name):
        if name not in self._parts:
            self._parts[name] = load_part(self.store, name)
            self._parts[name]['register'](self)

    def _run(self, stream):
        program = from_hex(stream.header['program'])
        self._when_present(stream, self.store.program(program)[1], lambda: self.pool.run(stream, program))

    # -- the end --

    def _server_ended(self, code, message):
        self.pool.end_all()
        if self.directory:
            remove_tree(self.directory)
        self.link.fail('internal', 'the fork server of this node has ended')

    def _parent_ended(self, code, message):
        """The fork server sees our end, ends what runs, and removes the private directory."""
        os._exit(0)
