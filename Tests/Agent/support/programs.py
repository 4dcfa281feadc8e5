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
    def __init__(self, source):
        task = core.blob(source.encode())
        text = json.dumps({
            'runner': 'test', 'half': HALF[0].hex(), 'module': 'task', 'files': {'task.py': task[0].hex()}})
        program = core.blob(text.encode())
        self.name = program[0].hex()
        self.blobs = [HALF, task, program]
