"""Content of files that this node has passed on and keeps, for the other nodes behind it that get the same.

It lies in files that have no name any more, so that it takes no memory, and ends with this process.
"""

# What is for a node behind this one, and what this node says of it.
KEEP, REPEAT, LOST = 24, 25, 15
KEPT_KINDS = frozenset((KEEP, REPEAT))
# Where to keep it: on a disk if there is one, and /tmp may be memory.
KEPT_IN = ('/var/tmp', '/tmp', '/usr/tmp')
# Bytes that are kept; beyond that, what nobody has asked for longest is lost. A file system never gives more than half of what it has left.
MOST_KEPT = 2147483648
# And files: each has a descriptor of this process.
MOST_FILES = 64
# Bytes of each DATA that is made of what is kept.
PASSED = 65536
# Behind the number of the node that keeps: a name, and where in the file the bytes belong.
KEPT = struct.Struct('>I6sQ')


class Kept(object):
    """`lost(name)` is called when content cannot be kept, or cannot be passed on any more."""

    def __init__(self, lost):
        self._lost = lost
        # name: [descriptor, bytes that it takes]; the last that was asked for is the last here.
        self._files = {}
        self._order = []

    def passing(self, kind, payload):
        """The DATA that a frame of KEEP or REPEAT stands for, to whom it is addressed; none if it is lost."""
        _, name, offset = KEPT.unpack_from(payload)
        rest = payload[KEPT.size:]
        pieces = [rest] if kind == KEEP else []
        try:
            if kind == KEEP:
                self._keep(name, offset, rest)
            else:
                pieces = self._read(name, offset, U32.unpack(rest)[0])
        except (KeyError, EnvironmentError):
            self._forget(name)
            self._lost(name)
            return pieces
        self._order.remove(name)
        self._order.append(name)
        return pieces

    def _keep(self, name, offset, data):
        if name not in self._files:
            if offset:
                # What came before was lost, which has been said.
                raise KeyError(name)
            self._files[name] = [unnamed_file(), 0]
            self._order.append(name)
        file = self._files[name]
        file[1] = max(file[1], offset + len(data))
        while len(self._order) > 1 and (
                len(self._order) > MOST_FILES or sum([size for _, size in self._files.values()]) > MOST_KEPT):
            oldest = [other for other in self._order if other != name][0]
            self._forget(oldest)
            self._lost(oldest)
        room = os.fstatvfs(file[0])
        if room.f_bavail * room.f_frsize < file[1] or file[1] > MOST_KEPT:
            raise EnvironmentError(errno.ENOSPC, 'no room')
        os.lseek(file[0], offset, os.SEEK_SET)
        while data:
            data = data[os.write(file[0], data):]

    def _read(self, name, offset, size):
        fd = self._files[name][0]
        os.lseek(fd, offset, os.SEEK_SET)
        pieces = []
        while size:
            pieces.append(read(fd, min(size, PASSED)))
            if not pieces[-1]:
                raise EnvironmentError(errno.EIO, 'cut short')
            size -= len(pieces[-1])
        return pieces

    def _forget(self, name):
        file = self._files.pop(name, None)
        if file:
            self._order.remove(name)
            close(file[0])


def unnamed_file():
    for folder in KEPT_IN:
        # As a file in the making is called: should this process end before it is unlinked, the next transfer there removes it.
        path = os.path.join(folder, '.kept.%s.mitogen' % to_hex(os.urandom(6)))
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except EnvironmentError:
            continue
        os.unlink(path)
        return keep_private(fd)[0]
    raise EnvironmentError(errno.ENOSPC, 'no place for temporary files')
