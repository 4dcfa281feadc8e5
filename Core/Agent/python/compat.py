"""What differs between Python 2.7 and 3.x, and cheap stand-ins for modules that are slow to import.

`json` alone costs a cold interpreter 12 ms and `hashlib` 5; their C halves cost one. Where those are missing
(PyPy, a FIPS build) the public modules serve. First of all, nothing may be imported from the working directory, where
`python -c` looks before anywhere else: it may be anybody's.
"""
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import binascii  # noqa: E402
import errno
import gc
import os
import select
import time

PY2 = sys.version_info[0] == 2
if PY2:
    import fcntl
    import signal
    import thread
else:
    import _signal as signal
    import _thread as thread

now = getattr(time, 'monotonic', time.time)
# Objects of a module whose dictionary is this namespace; kept, since Python 2 empties a dead module's dictionary.
_this_module = sys.modules.get(__name__)


class _ScannerSettings(object):
    encoding = 'utf-8'
    strict = False
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo = {}


def _c_json():
    import _json
    scan = _json.make_scanner(_ScannerSettings)
    encode = _json.make_encoder(
        None, str, _json.encode_basestring_ascii, None, ':', ',', False, False, True)

    def decode_json(data):
        text = data.decode('utf-8').strip()
        try:
            return scan(text, 0)[0]
        except StopIteration:
            raise ValueError('not JSON')

    def encode_json(value):
        return ''.join(encode(value, 0)).encode('ascii')

    if decode_json(encode_json({'a': [1, None, 'b']})) != {'a': [1, None, 'b']}:
        raise ImportError('_json')
    return decode_json, encode_json


def _public_json():
    import json
    return (lambda data: json.loads(data.decode('utf-8'))), (lambda value: json.dumps(value).encode('ascii'))


try:
    decode_json, encode_json = _c_json()
except Exception:
    decode_json, encode_json = _public_json()


def sha256(data=b''):
    """A hash object. The C module is another in each series; 2.7 often has only OpenSSL's."""
    for name in ('_sha2', '_sha256', 'hashlib'):
        try:
            return __import__(name).sha256(data)
        except (ImportError, AttributeError):
            pass
    raise ImportError('no SHA-256')


def to_bytes(text):
    """For paths, arguments and the environment: the agent's own locale must not matter."""
    return text if isinstance(text, bytes) else text.encode('utf-8', 'replace' if PY2 else 'surrogateescape')


def to_text(data):
    return data if not isinstance(data, bytes) else data.decode('utf-8', 'replace')


def set_blocking(fd, blocking):
    if not PY2:
        os.set_blocking(fd, blocking)
        return
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK if blocking else flags | os.O_NONBLOCK)


def keep_private(*fds):
    """Not for the programs that we start. Python 3 makes descriptors so."""
    for fd in fds if PY2 else ():
        fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return fds


def pipe():
    return keep_private(*os.pipe())


def socketpair():
    import _socket
    pair = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    if PY2:
        return keep_private(*[os.dup(s.fileno()) for s in pair])
    return tuple([s.detach() for s in pair])


def read(fd, size):
    """Bytes; empty at the end (a dead peer and a closed terminal are ends too); None if there is nothing now."""
    while True:
        try:
            return os.read(fd, size)
        except OSError as e:
            if e.errno == errno.EAGAIN:
                return None
            if e.errno != errno.EINTR:
                return b''


def write(fd, data):
    """How many bytes were taken; None if the other end is gone."""
    while True:
        try:
            return os.write(fd, data)
        except OSError as e:
            if e.errno == errno.EAGAIN:
                return 0
            if e.errno != errno.EINTR:
                return None


def close(*fds):
    for fd in fds:
        try:
            os.close(fd)
        except OSError:
            pass
