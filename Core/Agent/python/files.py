"""The operations `put`, `get`, `tmp` and `remove`: files of this node, for the controller."""

# Content up to this is in the request or the reply itself; more travels as DATA.
INLINE = 126976
# Bytes of an earlier try that are read at a time, to be compared: a few milliseconds' worth.
STEP = 1048576
# Bytes of the SHA-256 that follows the content of a file that comes as DATA.
SUM = 32
FALLBACKS = ('$TMPDIR', '$TEMP', '$TMP', '/tmp', '/var/tmp', '/usr/tmp', '.')


def fail_with(stream, error, what):
    code = 'not_found' if error.errno in (errno.ENOENT, errno.ENOTDIR) else 'file'
    stream.fail(code, u'%s: %s' % (to_text(what), error.strerror or error))


def fail_changed(stream, path):
    stream.fail('changed', u'%s: changed while it was read' % to_text(path), 'Try again when nobody writes to it.')


class Put(object):
    """Writes to a hidden file, which is renamed when it is known to be what was sent: nobody sees half a file."""

    def __init__(self, agent, stream):
        self._agent = agent
        self._stream = stream
        self._call = call = decode_json(stream.parts[1])
        self._path = os.path.realpath(to_bytes(call['path']))
        self._wanted = call.get('size')
        # As the sender computed it; of content that comes as DATA it is the last that comes.
        self._announced = from_hex(stream.header.get('sha256') or call.get('sha256') or '')
        self._is_summed = stream.header.get('summed')
        if self._is_summed:
            self._wanted = stream.header['size']
        self._size = 0
        self._sum = sha256()
        # What the sender calls the source, if it would go on with an earlier try: it then says where it begins.
        self._key = stream.header.get('resume')
        self._hidden = None
        self._fd = None

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
        if self._key:
            self._tell_prefix()
        else:
            self._stream.listen(self._data)

    def _tell_prefix(self):
        """What there is of an earlier try, for the sender to compare."""
        if self._stream.done:
            return
        try:
            data = os.read(self._fd, STEP) if self._hidden and self._size < self._hidden.have else b''
        except EnvironmentError as e:
            return self._failed(e)
        if data:
            self._sum.update(data)
            self._size += len(data)
            self._agent.loop.after(0, self._tell_prefix)
            return
        self._stream.send(encode_json({'have': self._size, 'sha256': self._sum.hexdigest()}))
        self._stream.listen(self._begin_at)

    def _begin_at(self, data):
        """The first that comes: 0, or all that there is."""
        offset = int(to_hex(data or b'\0'), 16)
        if offset not in (0, self._size) or data is None:
            return self._give_up('protocol', u'%s: begins at %d' % (to_text(self._path), offset))
        if not offset:
            self._size, self._sum = 0, sha256()
        try:
            if self._hidden:
                self._hidden.begin_at(offset)
        except EnvironmentError as e:
            return self._failed(e)
        self._stream.consumed(len(data))
        self._stream.listen(self._data)

    def _open(self):
        try:
            is_file = stat.S_ISREG(os.stat(self._path).st_mode)
        except OSError:
            is_file = True
        if is_file:
            self._hidden = HiddenFile(self._path, self._key)
            self._fd = self._hidden.fd
        else:
            # A device or a pipe is written, not replaced.
            self._fd = os.open(self._path, os.O_WRONLY)
            keep_private(self._fd)

    def _write(self, data):
        self._sum.update(data)
        self._size += len(data)
        if self._call.get('sparse') and self._hidden and not data.strip(b'\0'):
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
        if self._is_summed:
            room = self._wanted - self._size
            self._announced += data[room:]
            if len(self._announced) > SUM:
                return self._give_up('protocol', u'%s: more came than was announced' % to_text(self._path))
            data = data[:room]
        try:
            self._write(data)
        except EnvironmentError as e:
            return self._failed(e)

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
        try:
            self._settle()
        except EnvironmentError as e:
            return self._failed(e)
        self._stream.reply_json({'path': path, 'sha256': self._sum.hexdigest(), 'size': self._size})

    def _settle(self):
        if self._hidden is None:
            os.close(self._fd)
            return
        call = self._call
        if call.get('sparse'):
            os.ftruncate(self._fd, self._size)
        # What goes when we go need not outlive a power cut.
        lasting = not is_private(self._agent, self._path)
        self._hidden.settle(
            int(call['mode'], 8) if call.get('mode') else None, int(call.get('new_mode') or '0666', 8),
            call.get('mtime'), lasting)
        self._hidden = self._fd = None
        if lasting:
            sync_folder(os.path.dirname(self._path))

    def _cancelled(self):
        if self._hidden and self._hidden.can_stay:
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
        if self._hidden:
            self._hidden.discard()
        elif self._fd is not None:
            close(self._fd)


class Get(object):
    def __init__(self, agent, stream):
        self._agent = agent
        self._stream = stream
        call = decode_json(stream.parts[1])
        self._path = call['path']
        self._may_change = call.get('changing')
        # Bytes that the other side has of an earlier try.
        self._have = stream.header.get('have', 0)

    def start(self):
        try:
            self._file = WholeReading(self._path)
        except EnvironmentError as e:
            return fail_with(self._stream, e, self._path)
        self._stream.on_cancel = self._cancelled
        if self._have:
            self._compare()
        else:
            self._begin()

    def _compare(self):
        """Whether the file begins with what the other side has; it is told where the content begins that follows."""
        if self._stream.done:
            return
        data = self._file.read(min(STEP, self._have - self._file.size))
        if data and self._file.size < self._have:
            self._agent.loop.after(0, self._compare)
            return
        if self._file.size != self._have or self._file.sum.hexdigest() != self._stream.header['sha256']:
            self._file.rewind()
        self._stream.send(from_hex('%016x' % self._file.size))
        self._begin()

    def _begin(self):
        first = self._file.read(INLINE + 1)
        if len(first) <= INLINE:
            return self._finish(first)
        self._stream.send(first)
        self._stream.on_drained = self._more
        self._more()

    def _more(self):
        while not self._stream.done and self._stream.backlog() < CHUNK:
            data = self._file.read(CHUNK)
            if not data:
                return self._finish(b'')
            self._stream.send(data)

    def _finish(self, content):
        self._stream.on_drained = None
        if not self._may_change and self._file.has_changed():
            fail_changed(self._stream, self._path)
        else:
            self._stream.reply_json(self._file.meta(), content)
        self._file.close()

    def _cancelled(self):
        self._stream.on_drained = None
        self._file.close()
        self._stream.fail('cancelled', 'cancelled')


def tmp(agent, stream):
    """Tells this node's one private directory."""
    if private_directory(agent, stream, decode_json(stream.parts[1]).get('candidates')):
        stream.reply_json({'path': to_text(agent.directory)})


def run_in_directory(agent, stream):
    """A `run` whose runner writes files: the directory, one part more, goes with the call."""
    if private_directory(agent, stream, decode_json(stream.parts[1]).get('directory')):
        stream.parts.append(agent.directory)
        agent.operations['run'](stream)


def private_directory(agent, stream, candidates):
    """This node's one private directory: in the first place that can be written and executed in. None: it is said."""
    if agent.directory is None:
        places = list(candidates or ()) + list(FALLBACKS)
        for candidate in places:
            agent.directory = make_private(agent, candidate)
            if agent.directory:
                break
        else:
            stream.fail('file', 'no directory for temporary files can be written and executed in; tried: '
                        + ', '.join(places), 'Set remote_tmp to one that can.')
    return agent.directory


def make_private(agent, candidate):
    """The path of the new directory as bytes, or None."""
    folder = os.path.expandvars(os.path.expanduser(candidate))
    if folder.startswith(('$', '~')):
        return None
    folder = os.path.abspath(to_bytes(folder))
    path = os.path.join(folder, b'mitogen-' + to_bytes(to_hex(os.urandom(8))))
    # Said first: if this process is killed now, the fork server still removes it.
    agent.pool.tell_server('private', directory=to_text(path))
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o700)
        os.mkdir(path, 0o700)
        script = os.path.join(path, b'try')
        fd = os.open(script, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
        os.write(fd, b'#!/bin/sh\nexit 0\n')
        os.close(fd)
        null = null_fd()
        try:
            _, status = os.waitpid(spawn([script], None, None, (null, null, null)), 0)
        finally:
            os.close(null)
        os.unlink(script)
        if status == 0:
            return path
    except EnvironmentError:
        pass
    remove_tree(path)
    return None


def is_private(agent, path):
    """Whether a real path lies below the private directory."""
    return agent.directory is not None and path.startswith(os.path.realpath(agent.directory) + b'/')


def make_parents(agent, folder):
    if is_private(agent, folder) and not os.path.isdir(folder):
        os.makedirs(folder, 0o700)


def remove(agent, stream):
    path = to_bytes(decode_json(stream.parts[1])['path'])
    folder, name = os.path.split(path.rstrip(b'/'))
    path = os.path.join(os.path.realpath(folder), name)
    if name in (b'', b'.', b'..') or not is_private(agent, path):
        return stream.fail('file', u'%s: is not below the private directory' % to_text(path))
    remove_tree(path)
    stream.reply_json({})


def register(agent):
    agent.operations['put'] = lambda stream: Put(agent, stream).start()
    agent.operations['get'] = lambda stream: Get(agent, stream).start()
    agent.operations['run_in_directory'] = lambda stream: run_in_directory(agent, stream)
    agent.operations['tmp'] = lambda stream: tmp(agent, stream)
    agent.operations['remove'] = lambda stream: remove(agent, stream)
