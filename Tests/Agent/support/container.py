"""Containers of Tests/Namespaces/container.sh."""
import os
import subprocess

from . import core
from .processes import alive, become, gone

SCRIPT = os.path.join(core.ROOT, 'Tests', 'Namespaces', 'container.sh')


class Container(object):
    """`words` stand before the script, for other rights; `script` is a copy that those may read. In a `with`, or until
    `end`."""

    def __init__(self, folder, *options, **more):
        command = list(more.get('words', ())) + [str(more.get('script', SCRIPT)), str(folder)] + list(options)
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self._process.stdout.readline()
        assert line, 'the container did not start'
        self.leader = int(line)

    def processes(self):
        """All in its PID namespace that live: its first process is no init, and takes note of no end."""
        own = os.stat('/proc/%d/ns/pid' % self.leader).st_ino
        found = []
        for name in os.listdir('/proc'):
            try:
                if name.isdigit() and os.stat('/proc/%s/ns/pid' % name).st_ino == own and alive(int(name)):
                    found.append(int(name))
            except OSError:
                pass
        return sorted(found)

    def is_empty(self):
        """Whether nothing is left in it, soon, of what was brought into it."""
        return become(lambda: self.processes() == [self.leader])

    def end(self):
        self._process.stdin.close()
        assert gone(self.leader)
        self._process.wait(10)
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self._process.stdin.closed:
            self.end()
