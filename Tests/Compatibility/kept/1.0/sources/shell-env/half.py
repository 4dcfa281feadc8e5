# The Python half of the runner shell-env: it runs on the target, in a process of its own, under Python 2.7 or 3.6 and later.
import json
import os
import subprocess
import sys


def run(executor, program, files, call, arguments):
    # `files` has the module's source under its entry, `arguments` is what the run plan asked for: one JSON object. What the
    # script prints is the module's result, what is returned its exit status.
    environment = dict(os.environ)
    for name, value in json.loads(arguments.decode('utf-8')).items():
        if not name.startswith('_ansible_'):
            environment[str('ARG_' + name)] = text(value)
    # What the first line names, or `ansible_sh_interpreter` in its place; None would be this Python.
    words = [word or sys.executable for word in call['interpreter']]
    return subprocess.call(words + ['-c', files[program['entry']], 'shell-env'], env=environment)


def text(value):
    if hasattr(value, 'encode') and not isinstance(value, str):  # Python 2's unicode
        return value.encode('utf-8')
    return value if isinstance(value, str) else json.dumps(value)
