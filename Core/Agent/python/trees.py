"""The operations `list`, `put_many` and `get_many`: trees of files, many in a message."""

# Seconds of work after which whatever else came gets its turn.
TURN = 0.01
# A larger file does not come in a batch.
LARGEST = 126976


class Work(object):
    """Requests one after the other, in the order in which they came; each stops between two files."""

    def __init__(self, agent):
        self._agent = agent
        self._waiting = deque()

    def add(self, stream, steps):
        """`steps`: a generator that answers the request."""
        self._waiting.append((stream, steps))
        if len(self._waiting) == 1:
            self._turn()

    def _turn(self):
        until = now() + TURN
        while self._waiting and now() < until:
            stream, steps = self._waiting[0]
            try:
                if stream.done:
                    steps.close()
                else:
                    next(steps)
                    continue
            except StopIteration:
                pass
            except Exception as e:
                stream.fail('internal', '%s: %s' % (type(e).__name__, e))
            self._waiting.popleft()
        if self._waiting:
            self._agent.loop.after(0, self._turn)


def expanded(text):
    """A path as bytes, absolute; `~` is the home of this account."""
    return os.path.abspath(os.path.expanduser(to_bytes(text)))


def refusal(path, error):
    return {'path': to_text(path), 'message': to_text(error.strerror or str(error))}


# -- what is there --

def list_trees(stream):
    call = decode_json(stream.parts[1])
    roots, entries, pending = [], [], deque()
    for number, text in enumerate(call['paths']):
        path = expanded(text)
        roots.append(to_text(path))
        # One that is named is followed, if it is a link; those below it are not.
        pending.append((number, path, b'', os.stat))
    while pending:
        number, root, below, look = pending.popleft()
        path = os.path.join(root, below) if below else root
        try:
            status = look(path)
            entry = described(path, status)
            entries.append([number, below.decode('utf-8')] + entry)
            if entry[0] == 'directory' and call.get('recursive'):
                for name in sorted(os.listdir(path), reverse=True):
                    # Depth first: a directory's own files come behind it.
                    pending.appendleft((number, root, os.path.join(below, name), os.lstat))
        except UnicodeDecodeError:
            entries.append([number, to_text(below), 'error', 0, '', 0, 'its name is not UTF-8'])
        except EnvironmentError as e:
            kind = 'missing' if e.errno in (errno.ENOENT, errno.ENOTDIR) else 'error'
            entries.append([number, to_text(below), kind, 0, '', 0, to_text(e.strerror or str(e))])
        yield
    stream.reply_json({'roots': roots, 'entries': entries})


def described(path, status):
    """[kind, size, mode, mtime, target of a link]"""
    kind, target = 'other', ''
    if stat.S_ISREG(status.st_mode):
        kind = 'file'
    elif stat.S_ISDIR(status.st_mode):
        kind = 'directory'
    elif stat.S_ISLNK(status.st_mode):
        kind, target = 'link', os.readlink(path).decode('utf-8')
    return [kind, status.st_size, mode_text(status), nanoseconds(status), target]


# -- from here --

def get_many(stream):
    metas, contents = [], []
    for text in decode_json(stream.parts[1])['paths']:
        content = b''
        try:
            meta, content = read_whole(text)
        except EnvironmentError as e:
            meta = refusal(text, e)
        metas.append(meta)
        contents.append(content)
        yield
    stream.reply_json({'files': metas}, *contents)


def read_whole(text):
    reading = WholeReading(text)
    try:
        content = reading.read(LARGEST + 1)
        if len(content) > LARGEST or reading.has_changed():
            return {'path': text, 'message': 'changed while it was read'}, b''
        return reading.meta(), content
    finally:
        reading.close()


# -- to here --

class Writing(object):
    """The entries of one batch, in their order: a directory comes before what is in it."""

    def __init__(self, preserve):
        self._preserve = preserve
        self.folders = set()

    def directory(self, entry, path, content):
        try:
            # For its owner at least: what goes in comes behind it, and a mode that forbids that at the end.
            os.mkdir(path, int(entry['mode'], 8) | 0o700)
            self.folders.add(os.path.dirname(path))
        except EnvironmentError as e:
            if e.errno != errno.EEXIST or not os.path.isdir(path):
                raise

    def finish(self, entry, path, content):
        """All that goes into a directory is there."""
        os.chmod(path, int(entry['mode'], 8))
        set_times(path, entry['mtime'])

    def link(self, entry, path, content):
        make_link(to_bytes(entry['target']), path)
        self.folders.add(os.path.dirname(path))

    def file(self, entry, path, content):
        path = os.path.realpath(path)
        if to_hex(sha256(content).digest()) != entry['sha256']:
            raise EnvironmentError(errno.EIO, 'what came is not what was sent')
        hidden = HiddenFile(path)
        try:
            if hidden.old is not None and not stat.S_ISREG(hidden.old.st_mode):
                raise EnvironmentError(errno.EEXIST, 'is there, and no file')
            rest = content
            while rest:
                rest = rest[os.write(hidden.fd, rest):]
            mode = int(entry['mode'], 8)
            hidden.settle(mode if self._preserve else None, mode, entry['mtime'] if self._preserve else None)
        except EnvironmentError:
            hidden.discard()
            raise
        self.folders.add(os.path.dirname(path))


def put_many(stream):
    call = decode_json(stream.parts[1])
    writing, errors = Writing(call.get('preserve')), []
    contents = iter(stream.parts[2:])
    for entry in call['entries']:
        path = expanded(entry['path'])
        content = next(contents, b'') if entry['kind'] == 'file' else b''
        try:
            getattr(writing, entry['kind'])(entry, path, content)
        except EnvironmentError as e:
            errors.append(refusal(path, e))
        yield
    for folder in writing.folders:
        try:
            sync_folder(folder)
        except EnvironmentError as e:
            errors.append(refusal(folder, e))
        yield
    stream.reply_json({'errors': errors})


def register(agent):
    work = Work(agent)
    agent.operations['list'] = lambda stream: work.add(stream, list_trees(stream))
    agent.operations['get_many'] = lambda stream: work.add(stream, get_many(stream))
    agent.operations['put_many'] = lambda stream: work.add(stream, put_many(stream))
