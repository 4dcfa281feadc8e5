"""The probe process: Core/Modules behind a pipe (Tests/ClosureProbe)."""

import json
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def executable():
    """MITOGEN_CLOSURE_PROBE, else the newest of the package's builds."""
    named = os.environ.get('MITOGEN_CLOSURE_PROBE')
    if named:
        return named
    builds = [os.path.join(ROOT, '.build', kind, 'ClosureProbe') for kind in ('release', 'debug')]
    builds = [path for path in builds if os.path.exists(path)]
    if not builds:
        raise RuntimeError('ClosureProbe is not built: swift build --product ClosureProbe')
    return max(builds, key=os.path.getmtime)


class Probe:
    def __init__(self):
        self.process = subprocess.Popen([executable()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b'\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError('the probe ended with %r at %r' % (self.process.wait(), request))
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
