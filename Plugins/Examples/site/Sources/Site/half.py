# The Python half of the runner site-script: it runs on the target, in a process of its own, under Python 2.7 or 3.6 and later.
import json
import os
import subprocess
import sys


def run(executor, program, files, call, arguments):
    # `program` has what the run plan said under `settings`, beside the keys that every program has.
    environment = dict(os.environ, SITE_ZONE=str(program['zone']))
    for name, value in json.loads(arguments.decode('utf-8')).items():
        if not name.startswith('_ansible_'):
            environment[str('ARG_' + name)] = text(value)
    # What the first line names, or `ansible_sh_interpreter` in its place; None would be this Python.
    words = [word or sys.executable for word in call['interpreter']]
    return subprocess.call(words + ['-c', files[program['entry']], 'site-script'], env=environment)


def text(value):
    if hasattr(value, 'encode') and not isinstance(value, str):  # Python 2's unicode
        return value.encode('utf-8')
    return value if isinstance(value, str) else json.dumps(value)
