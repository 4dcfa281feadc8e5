"""How far transfers are, on the row of the terminal below Ansible's output.

The router knows of all transfers, of all workers, and shows that row. Both write to the terminal: who does has a file in the
router's directory locked, the first byte of which is `1` while the row stands. Ansible's lines then take its place, and the
router shows it below them again.
"""

import fcntl
import functools
import os
import sys
import threading

from ansible.utils.display import Display

#: In the router's directory.
NAME = 'terminal'
#: Removes the row.
CLEAR = b'\r\x1b[K'
#: Of Ansible's display: what writes to the terminal, or waits there for somebody to type.
WRITERS = ('display', 'prompt', 'prompt_until', 'do_var_prompt')


def begin(directory):
    """The descriptor on which the router is to show progress, or None. Before the router starts, in the main process."""
    setting = os.environ.get('MITOGEN_PROGRESS')
    if setting == '0':
        return None
    try:
        if sys.stdout.isatty() and os.environ.get('TERM', 'dumb') != 'dumb':
            # Opened anew, so that the router never waits for a terminal that is stopped, and Ansible's own descriptors stay as they are.
            turns = Terminal(directory, sys.stdout.fileno())
            shown = os.open(os.ttyname(sys.stdout.fileno()), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            turns.share()
        elif setting == '1':
            shown = os.dup(sys.stderr.fileno())
        else:
            return None
    except (OSError, ValueError):
        # Not a terminal that can be opened, or no descriptor at all.
        return None
    return shown


class Terminal(object):
    """The main process's side of the file. Workers display through the main process, in which two threads do."""

    def __init__(self, directory, fd):
        self._fd = fd
        self._turn = os.open(os.path.join(directory, NAME), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._pid = os.getpid()
        self._counting = threading.Lock()
        self._writers = 0
        #: What was written last has no end of line: the row would stand behind it.
        self._is_open_line = False

    def share(self):
        for name in WRITERS:
            original = getattr(Display, name, None)
            if original is not None:
                setattr(Display, name, self._taking_turns(original, name == 'display'))

    def _taking_turns(self, original, may_leave_open):
        @functools.wraps(original)
        def function(display, *arguments, **named):
            if os.getpid() != self._pid:
                return original(display, *arguments, **named)
            self._enter()
            try:
                return original(display, *arguments, **named)
            finally:
                self._leave(may_leave_open and named.get('newline', True) is False)
        return function

    def _enter(self):
        with self._counting:
            self._writers += 1
            if self._writers > 1 or self._is_open_line:
                return
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            if os.pread(self._turn, 1, 0) == b'1':
                try:
                    os.write(self._fd, CLEAR)
                except OSError:
                    pass  # The terminal has gone; who writes there next is told.
                os.pwrite(self._turn, b'0', 0)

    def _leave(self, is_open_line):
        with self._counting:
            self._writers -= 1
            self._is_open_line = is_open_line
            if not self._writers and not is_open_line:
                fcntl.flock(self._turn, fcntl.LOCK_UN)
