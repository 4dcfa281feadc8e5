"""Starts the router: one process for one Ansible run.

Ansible's main process makes the listening socket and hands it over, so nobody ever waits for the router to be
ready: a connection made before the router listens waits in the socket's backlog. The router watches the main
process and ends with it; it removes its directory itself. Only where it was killed is that left to the main process.
"""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile

from . import progress

#: The longest path that a Unix socket can have, on every system that we run on (104 on BSD, 108 on Linux).
SOCKET_PATH_LIMIT = 100
BACKLOG = 4096
#: What is shown of a router that ended at once.
STDERR_LIMIT = 2000

#: The folder that has Package.swift: this file is in Integration/Ansible/mitogen_swift below it.
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))


class RouterUnavailable(Exception):
    """The router cannot be started. The message says what was tried and what the user can do."""


def find_binary(environment=None):
    """The router's executable: MITOGEN_ROUTER_BINARY, the package's release build, PATH; in this order."""
    environment = os.environ if environment is None else environment
    configured = environment.get('MITOGEN_ROUTER_BINARY')
    if configured:
        if os.path.isfile(configured) and os.access(configured, os.X_OK):
            return os.path.abspath(configured)
        raise RouterUnavailable('MITOGEN_ROUTER_BINARY is %s, which is not an executable file' % configured)
    built = os.path.join(ROOT, '.build', 'release', 'mitogen')
    if os.access(built, os.X_OK):
        return built
    found = shutil.which('mitogen', path=environment.get('PATH'))
    if found:
        return os.path.abspath(found)
    raise RouterUnavailable('there is no %s and no `mitogen` on PATH; build it with tools/build, or set '
                            'MITOGEN_ROUTER_BINARY' % built)


class Router(object):
    """A started router, as the process that started it and its forks see it."""

    def __init__(self, binary, path, process, stderr, owner):
        self.binary = binary
        self.path = path
        self._process = process
        self._stderr = stderr
        #: The process whose end the router waits for.
        self.owner = owner

    @classmethod
    def start(cls, binary=None):
        """Makes the socket, starts the process, waits for nothing. Raises `RouterUnavailable`."""
        binary = binary or find_binary()
        directory = _private_directory()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        shown = progress.begin(directory)
        try:
            path = os.path.join(directory, 'router')
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen(BACKLOG)
            # Unlinked at once; whoever holds the descriptor can say why the router ended.
            stderr = tempfile.TemporaryFile(prefix='mitogen-')
            command = [binary, 'router', '--listen-fd', str(listener.fileno()), '--watch-pid', str(os.getpid()),
                       '--directory', directory]
            if shown is not None:
                command += ['--progress-fd', str(shown)]
            process = subprocess.Popen(
                command, pass_fds=[listener.fileno()] + ([] if shown is None else [shown]), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
        except OSError as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise RouterUnavailable('%s does not start: %s' % (binary, error.strerror or error))
        finally:
            # From here on only the router holds the listener, so that connecting fails when it is gone.
            listener.close()
            if shown is not None:
                os.close(shown)
        router = cls(binary, path, process, stderr, os.getpid())
        atexit.register(router._remove_what_is_left)
        return router

    def _remove_what_is_left(self):
        if self.ended():
            shutil.rmtree(os.path.dirname(self.path), ignore_errors=True)

    def why_gone(self):
        """What the router wrote to stderr last; empty when it wrote nothing."""
        try:
            size = os.fstat(self._stderr.fileno()).st_size
            return os.pread(self._stderr.fileno(), STDERR_LIMIT, max(0, size - STDERR_LIMIT)).decode(
                'utf-8', 'replace').strip()
        except OSError:
            return ''

    def ended(self):
        """In the process that started it: whether the router has ended. Elsewhere: False."""
        return os.getpid() == self.owner and self._process.poll() is not None


def _private_directory():
    """A new directory that only we may enter, with a path short enough for a socket in it."""
    for base in (None, '/tmp'):
        directory = tempfile.mkdtemp(prefix='mitogen-', dir=base)
        if len(os.path.join(directory, 'router')) <= SOCKET_PATH_LIMIT:
            return directory
        os.rmdir(directory)
    raise RouterUnavailable('the temporary directory has too long a path for a socket; set TMPDIR to a shorter one')
