"""Programs for tests: a runner's half that executes a source given as the program's only file."""
import json

from . import core

HALF = core.blob(b'''
def run(executor, program, files, call, arguments):
    scope = {'__name__': 'task', 'arguments': arguments, 'executor': executor}
    try:
        exec(compile(files['task.py'], 'task.py', 'exec'), scope)
    except SystemExit as e:
        return e.code
    return scope.get('rc', 0)
''')


class Program(object):
    def __init__(self, source, module='task', files=()):
        blobs = dict((path, core.blob(data)) for path, data in dict(files, **{'task.py': source.encode()}).items())
        text = json.dumps({'runner': 'test', 'half': HALF[0].hex(), 'module': module,
                           'files': dict((path, blob[0].hex()) for path, blob in blobs.items())})
        program = core.blob(text.encode())
        self.name = program[0].hex()
        self.blobs = [HALF] + list(blobs.values()) + [program]
