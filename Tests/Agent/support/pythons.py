"""The interpreters that agents are tried under: all that pyenv has of these series, and the tests' own."""
import glob
import os
import sys

#: All of them, where the tests are run for every Python that there is.
IN_FULL = bool(os.environ.get('MITOGEN_TEST_MATRIX'))
SERIES = ('2.7', '3.6', '3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14') if IN_FULL else ('2.7', '3.6', '3.8', '3.11', '3.13')

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
FEW_NAMES = [name for name in NAMES if IN_FULL or name in ('2.7', '3.6', NAMES[0])]
FEW = [path for name, path in NEWEST_FIRST if name in FEW_NAMES]
