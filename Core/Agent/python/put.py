"""The operation `put`: a file of the controller comes to this node.

Of a large one the node first says what it has of it, and is sent the rest: what an earlier try left, the file that stands in
the place, or another that came from the same source. The sender compares, so what was there before may be anything.
"""

# Bytes of what is there that are read at a time, to be compared: a few milliseconds' worth.
STEP = 1048576
# Bytes after which the disk begins with them, while more come: a second's worth of a slow one.
AHEAD = 33554432
# Bytes of the SHA-256 that follows the content of a file that comes as DATA.
SUM = 32

# Where the content of a source went, by what the sender calls the source: its last places, of a few sources.
places = {}
MOST_SOURCES = 64
MOST_PLACES = 8


def fail_with(stream, error, what):
    code = 'not_found' if error.errno in (errno.ENOENT, errno.ENOTDIR) else 'file'
    stream.fail(code, u'%s: %s' % (to_text(what), error.strerror or error))


def fail_changed(stream, path):
    stream.fail('changed', u'%s: changed while it was read' % to_text(path), 'Try again when nobody writes to it.')


def remember(key, paths):
    known = places.pop(key, [])
    if len(places) >= MOST_SOURCES:
        places.clear()
    places[key] = ([path for path in known if path not in paths] + paths)[-MOST_PLACES:]


class Put(object):
    """Writes to a hidden file, which is renamed when it is known to be what was sent: nobody sees half a file."""

    def __init__(self, agent, stream, gathering):
        self._agent = agent
        self._stream = stream
        self._gathering = gathering
        self._call = call = decode_json(stream.parts[1])
        self._path = os.path.realpath(to_bytes(call['path']))
        self._wanted = call.get('size')
        # As the sender computed it; of content that comes as DATA it is the last that comes.
        self._announced = from_hex(stream.header.get('sha256') or call.get('sha256') or '')
        self._is_summed = stream.header.get('summed')
        if self._is_summed:
            self._wanted = stream.header['size']
        self._size = 0
        self._sum = content_sum(self._wanted or 0)
        # What the sender calls the source, if it would rather send less: it then says where what it sends begins.
        self._key = stream.header.get('resume')
        # What may have the content already, a `WholeReading`; and whether it is the file in the place.
        self._other = None
        self._stands = False
        self._hidden = None
        self._fd = None
        self._is_sparse = False
        # Of those that were written, what the disk has not begun with starts here.
        self._behind = 0

    def start(self):
        content = self._stream.parts[2] if len(self._stream.parts) > 2 else b''
        try:
            if self._call.get('directory'):
                make_parents(self._agent, os.path.dirname(self._path))
            self._open()
            self._write(content)
        except EnvironmentError as e:
            return self._failed(e)
        if not self._is_summed and (self._wanted is None or self._wanted <= len(content)):
            return self._finish()
        self._stream.on_cancel = self._cancelled
        # The sender would have more on its way than a stream begins with.
        self._stream.consumed(self._stream.header.get('window', 0))
        if self._key:
            self._gathering.join(self._stream)
            self._find_other()
            self._tell_prefix()
        else:
            self._stream.listen(self._data)

    # -- what is there --

    def _find_other(self):
        """A file of the size of what is to come, where no earlier try has left anything."""
        if not self._hidden or self._hidden.have:
            return
        for path in [self._path] + places.get(self._key, [])[::-1]:
            try:
                other = WholeReading(path)
            except EnvironmentError:
                continue
            if stat.S_ISREG(other.status.st_mode) and other.status.st_size == self._wanted:
                self._other, self._stands = other, path == self._path and self._may_stay(other.status)
                return
            other.close()

    def _may_stay(self, status):
        """Mode and time are its owner's to set: where the call names any, another's file is copied and replaced."""
        return os.geteuid() in (0, status.st_uid) or not self._call.get('mode') and self._call.get('mtime') is None

    def _tell_prefix(self):
        """What there is, for the sender to compare. What is elsewhere is copied on the way, so that it stays what was compared."""
        if self._stream.done:
            return
        try:
            data = self._read_prefix()
            if data and self._other and not self._stands:
                self._put_down(data)
        except EnvironmentError as e:
            return self._failed(e)
        if data:
            self._sum.update(data)
            self._size += len(data)
            self._agent.loop.after(0, self._tell_prefix)
            return
        self._stream.send(encode_json({'have': self._size, 'sha256': self._sum.hexdigest()}))
        self._stream.listen(self._begin_at)

    def _read_prefix(self):
        if self._other:
            return self._other.read(min(STEP, self._wanted - self._size))
        return os.read(self._fd, STEP) if self._hidden and self._size < self._hidden.have else b''

    def _begin_at(self, data):
        """The first that comes: 0, or all that there is."""
        offset = int(to_hex(data or b'\0'), 16)
        if offset not in (0, self._size) or data is None:
            return self._give_up('protocol', u'%s: begins at %d' % (to_text(self._path), offset))
        try:
            if not offset:
                self._size, self._sum = 0, content_sum(self._wanted)
                self._let_other_go()
            if self._hidden and not self._stands:
                self._hidden.begin_at(offset)
        except EnvironmentError as e:
            return self._failed(e)
        self._stream.consumed(len(data))
        self._stream.listen(self._data)

    def _let_other_go(self):
        self._stands = False
        if self._other:
            self._other.close()
            self._other = None

    # -- what comes --

    def _open(self):
        try:
            is_file = stat.S_ISREG(os.stat(self._path).st_mode)
        except OSError:
            is_file = True
        if is_file:
            folder = None
            if self._key and is_private(self._agent, self._path):
                # The private directory goes with this node: what came so far lies beside it.
                folder = os.path.dirname(os.path.realpath(self._agent.directory))
            self._hidden = HiddenFile(self._path, self._key, folder)
            self._fd = self._hidden.fd
            self._is_sparse = bool(self._call.get('sparse'))
        else:
            # A device or a pipe is written, not replaced.
            self._fd = os.open(self._path, os.O_WRONLY)
            keep_private(self._fd)

    def _write(self, data):
        self._sum.update(data)
        self._size += len(data)
        self._put_down(data)
        if self._size - self._behind >= AHEAD and self._hidden:
            begin_to_write(self._fd, self._behind, self._size - self._behind)
            self._behind = self._size

    def _put_down(self, data):
        if self._is_sparse and data[:1] == b'\0' and not data.strip(b'\0'):
            # Nothing but zeros where the source has holes: a hole here too, and the end is set when all has come.
            os.lseek(self._fd, len(data), os.SEEK_CUR)
            return
        while data:
            data = data[os.write(self._fd, data):]

    def _data(self, data):
        if self._stream.done:
            return
        if data is None:
            return self._finish()
        self._stream.consumed(len(data))
        room = self._wanted - self._size if self._is_summed else len(data)
        if len(data) > room:
            self._announced += data[room:]
            if len(self._announced) > SUM:
                return self._give_up('protocol', u'%s: more came than was announced' % to_text(self._path))
            data = data[:room]
        try:
            self._write(data)
        except EnvironmentError as e:
            return self._failed(e)

    # -- the end --

    def _finish(self):
        path = to_text(self._path)
        if self._wanted not in (None, self._size):
            return self._give_up('protocol', u'%s: %d bytes came of %d' % (path, self._size, self._wanted))
        if self._call.get('size', self._size) != self._size:
            return self._give_up('changed', u'%s: %d bytes came of %d: the source has changed meanwhile' % (
                path, self._size, self._call['size']))
        if self._announced not in (b'', self._sum.digest()) or self._is_summed and not self._announced:
            return self._give_up('integrity', u'%s: what came is not what was sent: SHA-256 %s, expected %s' % (
                path, self._sum.hexdigest(), to_hex(self._announced)))
        if self._stands and self._other.has_changed():
            return self._give_up('changed', u'%s: was written by somebody else meanwhile' % path)
        try:
            self._settle()
        except EnvironmentError as e:
            return self._failed(e)
        if self._key:
            remember(self._key, [self._path] + [to_bytes(place) for place in self._call.get('places', ())])
        self._stream.reply_json({'path': path, 'sha256': self._sum.hexdigest(), 'size': self._size})

    def _settle(self):
        if self._hidden is None:
            os.close(self._fd)
            return
        call = self._call
        mode = int(call['mode'], 8) if call.get('mode') else None
        if self._stands:
            set_attributes(self._other.fd, self._path, mode, call.get('mtime'))
            return self._clean()
        if self._is_sparse:
            os.ftruncate(self._fd, self._size)
        # What goes when we go need not outlive a power cut.
        lasting = not is_private(self._agent, self._path)
        self._hidden.settle(mode, int(call.get('new_mode') or '0666', 8), call.get('mtime'), lasting)
        self._hidden = self._fd = None
        self._let_other_go()
        if lasting:
            sync_folder(os.path.dirname(self._path))

    def _cancelled(self):
        if self._hidden and self._hidden.can_stay and not self._other:
            self._hidden.leave()
            self._stream.fail('cancelled', 'cancelled')
        else:
            self._give_up('cancelled', 'cancelled')

    def _failed(self, error):
        self._clean()
        fail_with(self._stream, error, self._call['path'])

    def _give_up(self, code, message):
        self._clean()
        self._stream.fail(code, message)

    def _clean(self):
        self._let_other_go()
        if self._hidden:
            self._hidden.discard()
        elif self._fd is not None:
            close(self._fd)
