"""A secret for a program that reads it from a file. On Linux the file has no name, and its path leads through /proc."""


class SecretFile(object):
    """Ends with a newline, without which ssh does not read a key. `close` removes what is left of it."""

    def __init__(self, secret):
        self._fd, name = self._create()
        self.path = name
        if os.path.isdir('/proc/self/fd'):
            os.unlink(name)
            self.path = '/proc/%d/fd/%d' % (os.getpid(), self._fd)
        secret = to_bytes(secret)
        rest = secret if secret.endswith(b'\n') else secret + b'\n'
        while rest:
            rest = rest[os.write(self._fd, rest):]

    @staticmethod
    def _create():
        for folder in ('/dev/shm', os.environ.get('TMPDIR') or '/tmp', '/tmp', '/var/tmp'):
            name = '%s/mitogen-%s' % (folder, to_hex(os.urandom(8)))
            try:
                return keep_private(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))[0], name
            except OSError:
                pass
        raise OSError(errno.EACCES, 'there is no directory for a temporary file')

    def close(self):
        close(self._fd)
        if not self.path.startswith('/proc/'):
            try:
                os.unlink(self.path)
            except OSError:
                pass


def secret_files(plan, secrets):
    """{slot: SecretFile} of a plan."""
    slots = set([e['secret_file'] for e in plan['argv'] if isinstance(e, dict) and 'secret_file' in e])
    return dict([(slot, SecretFile(secrets.get(slot) or '')) for slot in slots])
