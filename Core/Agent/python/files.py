"""The operations `put`, `get`, `tmp` and `remove`: files of this node, for the controller."""
import stat

# Content up to this is in the request or the reply itself; more travels as DATA.
INLINE = 126976
CHUNK = 65536
FALLBACKS = ('$TMPDIR', '$TEMP', '$TMP', '/tmp', '/var/tmp', '/usr/tmp', '.')


def fail_with(stream, error, what):
    code = 'not_found' if error.errno in (errno.ENOENT, errno.ENOTDIR) else 'file'
    stream.fail(code, u'%s: %s' % (to_text(what), error.strerror or error))


class Put(object):
    """Writes to a hidden file beside the destination and renames it, so that nobody sees half a file."""

    def __init__(self, agent, stream):
        self._agent = agent
        self._stream = stream
        self._call = call = decode_json(stream.parts[1])
        self._path = os.path.realpath(to_bytes(call['path']))
        self._size = 0
        self._sum = sha256()
        self._temporary = None
        self._fd = None

    def start(self):
        try:
            if self._call.get('directory'):
                make_parents(self._agent, os.path.dirname(self._path))
            self._open()
            content = self._stream.parts[2] if len(self._stream.parts) > 2 else b''
            self._write(content)
        except EnvironmentError as e:
            return self._failed(e)
        if self._call.get('size', len(content)) <= len(content):
            return self._finish()
        self._stream.on_cancel = lambda: self._give_up('cancelled', 'cancelled')
        self._stream.listen(self._data)

    def _open(self):
        try:
            self._old = os.stat(self._path)
        except OSError:
            self._old = None
        if self._old is not None and not stat.S_ISREG(self._old.st_mode):
            # A device or a pipe is written, not replaced.
            self._fd = os.open(self._path, os.O_WRONLY)
            return
        folder, name = os.path.split(self._path)
        temporary = os.path.join(folder, b'.' + name[:64] + b'.' + to_bytes(to_hex(os.urandom(6))))
        self._fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._temporary = temporary
        keep_private(self._fd)

    def _write(self, data):
        self._sum.update(data)
        self._size += len(data)
        while data:
            data = data[os.write(self._fd, data):]

    def _data(self, data):
        if self._stream.done:
            return
        if data is None:
            return self._finish()
        try:
            self._write(data)
        except EnvironmentError as e:
            return self._failed(e)
        self._stream.consumed(len(data))

    def _finish(self):
        if self._size != self._call.get('size', self._size):
            return self._give_up('protocol', u'%s: %d bytes came of %d' % (
                to_text(self._path), self._size, self._call['size']))
        try:
            if self._temporary:
                self._settle()
            os.close(self._fd)
        except EnvironmentError as e:
            return self._failed(e)
        self._stream.reply_json({
            'path': to_text(self._path), 'sha256': self._sum.hexdigest(), 'size': self._size})

    def _settle(self):
        os.fchmod(self._fd, self._mode())
        if self._old is not None and (self._old.st_uid, self._old.st_gid) != (os.geteuid(), os.getegid()):
            try:
                os.fchown(self._fd, self._old.st_uid, self._old.st_gid)
            except OSError:
                pass
        # What goes when we go need not outlive a power cut.
        lasting = not is_private(self._agent, self._path)
        if lasting:
            os.fsync(self._fd)
        os.rename(self._temporary, self._path)
        self._temporary = None
        if lasting:
            folder = os.open(os.path.dirname(self._path), os.O_RDONLY)
            try:
                os.fsync(folder)
            except OSError:
                pass  # Some file systems cannot; the file itself is safe.
            finally:
                os.close(folder)

    def _mode(self):
        if self._call.get('mode'):
            return int(self._call['mode'], 8)
        if self._old is not None:
            return stat.S_IMODE(self._old.st_mode)
        umask = os.umask(0o22)
        os.umask(umask)
        return 0o666 & ~umask

    def _failed(self, error):
        self._clean()
        fail_with(self._stream, error, self._call['path'])

    def _give_up(self, code, message):
        self._clean()
        self._stream.fail(code, message)

    def _clean(self):
        if self._fd is not None:
            close(self._fd)
        if self._temporary:
            remove_tree(self._temporary)


class Get(object):
    def __init__(self, agent, stream):
        self._stream = stream
        self._path = decode_json(stream.parts[1])['path']
        self._sum = sha256()
        self._size = 0

    def start(self):
        try:
            self._fd = os.open(to_bytes(self._path), os.O_RDONLY | os.O_NONBLOCK)
            keep_private(self._fd)
            status = os.fstat(self._fd)
            if stat.S_ISDIR(status.st_mode):
                close(self._fd)
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        except EnvironmentError as e:
            return fail_with(self._stream, e, self._path)
        self._mode = '%04o' % stat.S_IMODE(status.st_mode)
        self._stream.on_cancel = self._cancelled
        first = self._read(INLINE + 1)
        if len(first) <= INLINE:
            return self._finish(first)
        self._stream.send(first)
        self._stream.on_drained = self._more
        self._more()

    def _read(self, size):
        """So many bytes, fewer only at the end. Sizes that stat gives are not to be trusted: see /proc."""
        pieces, wanted = [], size
        while wanted:
            data = read(self._fd, wanted)
            if not data:
                break
            pieces.append(data)
            wanted -= len(data)
        data = b''.join(pieces)
        self._sum.update(data)
        self._size += len(data)
        return data

    def _more(self):
        while not self._stream.done and self._stream.backlog() < CHUNK:
            data = self._read(CHUNK)
            if not data:
                return self._finish(b'')
            self._stream.send(data)

    def _finish(self, content):
        close(self._fd)
        self._stream.on_drained = None
        self._stream.reply_json(
            {'size': self._size, 'sha256': self._sum.hexdigest(), 'mode': self._mode}, content)

    def _cancelled(self):
        self._stream.on_drained = None
        close(self._fd)
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
