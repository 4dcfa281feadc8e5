"""What keeps a file whole: one in the making is hidden beside its place, and one that changes while it is read is noticed."""
import fcntl
import stat

# How the names of hidden files end; before it stand twelve hexadecimal digits.
HIDDEN = b'.mitogen'
# And those of what came of a file whose transfer was cut off, which the next try goes on with.
PARTIAL = b'.mitogen-part'
# A link cannot be locked: one in the making has the name of a hidden file, whose lock it shares, and this behind it.
LINK = b'-link'
# Seconds for which they are kept.
PATIENCE = 86400
# And bytes from which on: a smaller file is sent again in the time of a few round trips.
WORTH_KEEPING = 4194304
# What is read or written at a time.
CHUNK = 65536
# Bytes whose sum takes longer than it takes to load OpenSSL.
WORTH_LOADING = 1048576

# Directories in which this node has removed what dead runs left; forgotten when there are too many to remember.
swept = set()
MOST_SWEPT = 4096


def content_sum(size):
    """A SHA-256 of so many bytes: of many OpenSSL's, which is several times as fast, and slower to load."""
    if size >= WORTH_LOADING:
        try:
            from _hashlib import openssl_sha256
            return openssl_sha256()
        except (ImportError, ValueError):
            pass
    return sha256()


def lock(fd):
    """True: it is ours. False: it is somebody else's. None: this file system has no locks."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except EnvironmentError as e:
        return False if e.errno in (errno.EAGAIN, errno.EACCES) else None


def hidden_name(name):
    """(name of the file in the making, how the name ends), or None for another file's name."""
    for ending in (HIDDEN, PARTIAL):
        stem, _, digits = name[:-len(ending)].rpartition(b'.')
        if name.startswith(b'.') and name.endswith(ending) and len(digits) == 12:
            return stem[1:], ending
    return None


def is_over(folder, name, status):
    """Whether nobody goes on with a hidden file that nobody writes."""
    stem, ending = hidden_name(name)
    if ending == HIDDEN or status.st_size < WORTH_KEEPING or time.time() - status.st_mtime > PATIENCE:
        return True
    try:
        # Its place got another file since.
        return os.stat(os.path.join(folder, stem)).st_ctime > status.st_mtime
    except OSError:
        return False


def sweep(folder):
    """Removes hidden files of this account that nobody has locked, and nobody goes on with: whoever made them is dead."""
    if folder in swept:
        return
    if len(swept) >= MOST_SWEPT:
        swept.clear()
    swept.add(folder)
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.endswith(HIDDEN + LINK) and hidden_name(name[:-len(LINK)]):
            sweep_link(path)
        if not hidden_name(name):
            continue
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except EnvironmentError:
            continue
        keep_private(fd)
        try:
            status = os.fstat(fd)
            if is_ours(status) and lock(fd) and is_named(fd, path) and is_over(folder, name, status):
                os.unlink(path)
        except EnvironmentError:
            pass
        finally:
            close(fd)


def sweep_link(path):
    """Removes a link in the making, unless the hidden file is there that goes with it, and somebody has that locked."""
    try:
        fd = os.open(path[:-len(LINK)], os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except EnvironmentError as e:
        is_dead = e.errno == errno.ENOENT
    else:
        is_dead = lock(keep_private(fd)[0])
        close(fd)
    try:
        if is_dead and os.lstat(path).st_uid == os.geteuid():
            os.unlink(path)
    except EnvironmentError:
        pass


def make_link(target, path):
    """A link to `target`, in place of what is there; that is no directory."""
    try:
        return os.symlink(target, path)
    except EnvironmentError as e:
        if e.errno != errno.EEXIST:
            raise
    holder = HiddenFile(path)
    try:
        os.symlink(target, holder.hidden + LINK)
        try:
            os.rename(holder.hidden + LINK, path)
        except EnvironmentError:
            os.unlink(holder.hidden + LINK)
            raise
    finally:
        holder.discard()


def is_ours(status):
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1


def is_named(fd, path):
    """Whether a file that was opened and then locked has that name still: who had it locked may have put it in its place."""
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except OSError:
        return False


def umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def sync_folder(folder):
    """So that a new name outlives a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError:
        pass  # Some file systems cannot; the file itself is safe.
    finally:
        os.close(fd)


def begin_to_write(fd, start, size):
    """Has the kernel write to the disk what fsync would otherwise have to wait for."""
    try:
        # Of what is not on the disk it begins to be; some of what is leaves the memory.
        os.posix_fadvise(fd, start, size, os.POSIX_FADV_DONTNEED)
    except (AttributeError, EnvironmentError):
        pass  # Python 2 cannot; fsync waits then.


def set_attributes(fd, path, mode, mtime):
    """Of a file that has its content; None: as it is."""
    if mode is not None:
        os.fchmod(fd, mode)
    if mtime is not None:
        set_times(path, mtime)
    os.fsync(fd)


def set_times(path, nanoseconds):
    if PY2:
        os.utime(path, (nanoseconds / 1e9, nanoseconds / 1e9))
    else:
        os.utime(path, ns=(nanoseconds, nanoseconds))


class HiddenFile(object):
    """A file in the making, 0600. `settle`, `discard` or `leave` ends it.

    `key`: of twelve hexadecimal digits, names the source. What an earlier try left of the same is then gone on with:
    there are `have` bytes, which may be anything until they are compared. `folder`: where it is in the making, if not
    beside its place, but on the same file system.
    """

    def __init__(self, path, key=None, folder=None):
        beside, name = os.path.split(path)
        folder = folder or beside
        self._path = path
        try:
            sweep(folder)
        except EnvironmentError:
            pass  # A directory that may be written and not be read.
        try:
            self.old = os.stat(path)
        except OSError:
            self.old = None
        # A name that is cut must not end within a character: some file systems refuse that.
        self._stem = os.path.join(folder, b'.' + name[:64].decode('utf-8', 'ignore').encode('utf-8') + b'.')
        self.have = 0
        self.can_stay = bool(key) and self._go_on(to_bytes(key))
        while not self.can_stay:
            self.hidden = self._stem + to_bytes(to_hex(os.urandom(6))) + HIDDEN
            self.fd = os.open(self.hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            keep_private(self.fd)
            # Between the two calls another run may have taken it for a dead one's.
            if lock(self.fd) is not False and os.fstat(self.fd).st_nlink:
                return
            close(self.fd)

    def _go_on(self, key):
        """Opens what is there under a name that another try finds. False where somebody else writes it, or it is not ours."""
        self.hidden = self._stem + key + PARTIAL
        try:
            self.fd = os.open(self.hidden, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        except EnvironmentError as e:
            if e.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENOSPC):
                raise
            return False
        keep_private(self.fd)
        if is_ours(os.fstat(self.fd)) and lock(self.fd) and is_named(self.fd, self.hidden):
            self.have = os.fstat(self.fd).st_size
            return True
        close(self.fd)
        return False

    def begin_at(self, offset):
        """What is written next stands there; what was behind it is gone."""
        os.ftruncate(self.fd, offset)
        os.lseek(self.fd, offset, os.SEEK_SET)

    def leave(self):
        """For the next try."""
        close(self.fd)

    def settle(self, mode=None, new_mode=0o666, mtime=None, lasting=True):
        """Puts it in its place, of which it takes owner and mode.

        `mode`: in any case. `new_mode`: less the umask, where there was no file. `mtime`: in nanoseconds.
        `lasting`: whether it is to outlive a power cut; the caller then syncs the directory.
        """
        if mode is None:
            mode = stat.S_IMODE(self.old.st_mode) if self.old else new_mode & ~umask()
        # The owner first: giving a file away takes the bits that make it run as its owner.
        if self.old and (self.old.st_uid, self.old.st_gid) != (os.geteuid(), os.getegid()):
            try:
                os.fchown(self.fd, self.old.st_uid, self.old.st_gid)
            except OSError:
                pass
        os.fchmod(self.fd, mode)
        if mtime is not None:
            set_times(self.hidden, mtime)
        if lasting:
            os.fsync(self.fd)
        os.rename(self.hidden, self._path)
        # What was written is in its place: an error of close tells nothing that fsync has not told.
        close(self.fd)

    def discard(self):
        # While it is locked: what has this name is ours.
        try:
            os.unlink(self.hidden)
        except OSError:
            pass
        close(self.fd)


class WholeReading(object):
    """A file that is read from its beginning to its end, and what it was when that began."""

    def __init__(self, path):
        self.path = path
        self.fd = os.open(to_bytes(path), os.O_RDONLY | os.O_NONBLOCK)
        keep_private(self.fd)
        self.status = os.fstat(self.fd)
        if stat.S_ISDIR(self.status.st_mode):
            close(self.fd)
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        self.size = 0
        self.sum = content_sum(self.status.st_size)

    def read(self, size):
        """So many bytes, fewer only at the end. Sizes that stat gives are not to be trusted: see /proc."""
        pieces, wanted = [], size
        while wanted:
            data = read(self.fd, wanted)
            if not data:
                break
            pieces.append(data)
            wanted -= len(data)
        data = b''.join(pieces)
        self.sum.update(data)
        self.size += len(data)
        return data

    def rewind(self):
        os.lseek(self.fd, 0, os.SEEK_SET)
        self.size = 0
        self.sum = content_sum(self.status.st_size)

    def has_changed(self):
        """What was read of a file that was written meanwhile is neither its old content nor its new one.

        What has no size, such as a file of /proc, is made when it is read.
        """
        if not stat.S_ISREG(self.status.st_mode) or not self.status.st_size:
            return False
        try:
            return not identity(self.status) == identity(os.fstat(self.fd)) == identity(os.stat(to_bytes(self.path)))
        except OSError:
            return True

    def meta(self):
        return {'size': self.size, 'sha256': self.sum.hexdigest(), 'mode': mode_text(self.status),
                'mtime': nanoseconds(self.status)}

    def close(self):
        close(self.fd)


def identity(status):
    return status.st_dev, status.st_ino, status.st_size, nanoseconds(status)


def mode_text(status):
    return '%04o' % stat.S_IMODE(status.st_mode)


def nanoseconds(status):
    """The time of the last change of content."""
    return int(status.st_mtime * 1e9) if PY2 else status.st_mtime_ns
