"""A large file that comes over the link above: less often a turn of the loop, and more in each.

ssh hands on 32 KiB at a time. To be woken for each costs as much as all that is done with it, here and there; so what comes gathers
in a larger pipe for a moment, in which the other processes of the way have the processor. A call that comes meanwhile waits as long.
"""
import fcntl

# Linux' fcntl, which Python names from 3.10 on, and what it grants to everybody.
SET_PIPE_SIZE = 1031
ROOM = 1048576
# Seconds. Full, the pipe would make the sender wait: at 500 MB/s.
PAUSE = 0.001
# Bytes for which memory is had at a time.
AT_ONCE = 524288


class Gathering(object):
    def __init__(self, link):
        self._link = link
        self._streams = []

    def join(self, stream):
        """Until that stream is answered."""
        fd = self._link._fds and self._link._fds[0]
        if fd is None:
            return
        if not self._streams:
            try:
                fcntl.fcntl(fd, SET_PIPE_SIZE, ROOM)
            except (EnvironmentError, ValueError):
                return  # No pipe, or none that may be so large.
            self._link.loop.watch(fd, lambda: self._readable(fd))
        self._streams.append(stream)

    def _readable(self, fd):
        data = read(fd, AT_ONCE)
        if not data:
            return self._link._readable()
        self._link._take(data)
        if not self._link.open:
            return
        self._streams = [stream for stream in self._streams if not stream.done]
        if not self._streams:
            self._link.loop.watch(fd, self._link._readable)
        elif len(data) < AT_ONCE:
            self._link.loop.watch(fd, None)
            self._link.loop.after(PAUSE, lambda: self._resume(fd))

    def _resume(self, fd):
        if self._link.open:
            self._link.loop.watch(fd, lambda: self._readable(fd))
