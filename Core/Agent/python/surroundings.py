"""What a process reads of its system once and for all, and a task may change: each task finds it as it is now.

Executors are renewed: one that was made since has not yet asked a name server, nsswitch.conf or for the time zone. The
environment changes by the rules of environment.py.
"""

ENVIRONMENTS = '/etc/environment', '~/.pam_environment'
READ_ONCE = '/etc/resolv.conf', '/etc/nsswitch.conf', '/etc/host.conf', '/etc/gai.conf', '/etc/localtime'


class Surroundings(object):
    def __init__(self, pool):
        self._pool = pool
        self._paths = [os.path.expanduser(path) for path in ENVIRONMENTS + READ_ONCE]
        self._seen = self._look()
        self._environments = self._read()

    def check(self):
        """Before each request: so many times stat(2)."""
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        environments, changes = self._read(), {}
        for before, after in zip(self._environments, environments):
            more = environment_changes(before, after, os.environ)
            change_environment(more)
            changes.update(more)
        self._environments = environments
        self._pool.renew(changes)

    def _look(self):
        seen = []
        for path in self._paths:
            try:
                status = os.stat(path)
                seen.append((status.st_ino, status.st_size, status.st_ctime))
            except OSError:
                seen.append(None)
        return seen

    def _read(self):
        found = []
        for path in self._paths[:len(ENVIRONMENTS)]:
            try:
                with open(path, 'rb') as f:
                    found.append(environment_of(f.read(65536)))
            except EnvironmentError:
                found.append({})
        return found


def register(agent):
    agent.before_each = Surroundings(agent.pool).check
