"""The operations `get`, `tmp` and `remove`, and what `put` (put.py) shares with them: files of this node, for the controller."""

# Content up to this is in the request or the reply itself; more travels as DATA.
INLINE = 126976
FALLBACKS = ('$TMPDIR', '$TEMP', '$TMP', '/tmp', '/var/tmp', '/usr/tmp', '.')


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
    gathering = Gathering(agent.link)
    agent.operations['put'] = lambda stream: Put(agent, stream, gathering).start()
    agent.operations['get'] = lambda stream: Get(agent, stream).start()
    agent.operations['run_in_directory'] = lambda stream: run_in_directory(agent, stream)
    agent.operations['tmp'] = lambda stream: tmp(agent, stream)
    agent.operations['remove'] = lambda stream: remove(agent, stream)
