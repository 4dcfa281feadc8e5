"""The interpreters that agents are tried under: all that pyenv has of these series, and the tests' own."""
import glob
import os
import sys

SERIES = ('2.7', '3.6', '3.8', '3.11', '3.13')


def interpreters():
    root = os.environ.get('PYENV_ROOT') or os.path.expanduser('~/.pyenv')
    found = {}
    for series in SERIES:
        for path in sorted(glob.glob(os.path.join(root, 'versions', series + '.*', 'bin', 'python'))):
            found[series] = path
    found.setdefault('%d.%d' % sys.version_info[:2], sys.executable)
    return found


NEWEST_FIRST = sorted(interpreters().items(), key=lambda item: [int(n) for n in item[0].split('.')], reverse=True)
EVERY = [path for _, path in NEWEST_FIRST]
NAMES = [name for name, _ in NEWEST_FIRST]
# Where a test starts many processes: the oldest, the oldest 3, and the newest.
FEW = [path for name, path in NEWEST_FIRST if name in ('2.7', '3.6', NEWEST_FIRST[0][0])]
FEW_NAMES = [name for name, _ in NEWEST_FIRST if name in ('2.7', '3.6', NEWEST_FIRST[0][0])]
