"""Programs of the runners that start a process, as the router would build them; and a controller's way to run them."""
import json
import os

from . import core

KIT = os.path.join(core.ROOT, 'Plugins', 'Runner', 'RunnerKit', 'script.py')
HALVES = {'binary': 'Binary/binary.py', 'json-args': 'JSONArgs/json_args.py', 'old-style': 'OldStyle/old_style.py',
          'want-json': 'WantJSON/want_json.py'}
FILES = core.part('files')


def read(path):
    with open(path, 'rb') as f:
        return core.strip(f.read(), False)


class Script(object):
    def __init__(self, runner, content, name='module'):
        half = core.blob(read(KIT) + b'\n' + read(os.path.join(core.ROOT, 'Plugins', 'Runner', HALVES[runner])))
        source = core.blob(content)
        text = json.dumps({'runner': runner, 'half': half[0].hex(), 'module': name, 'entry': name,
                           'ansible_version': '2.19.0', 'files': {name: source[0].hex()}})
        program = core.blob(text.encode())
        self.name = program[0].hex()
        self.blobs = [FILES, half, source, program]


def start(agent, script, arguments=b'', **call):
    """Returns the stream. `directory`: the candidates for the node's private directory."""
    agent.supply(*script.blobs)
    call.setdefault('directory', ['/tmp'])
    if 'binary' not in call:
        call.setdefault('interpreter', ['/bin/sh'])
    header = {'op': 'run_in_directory', 'part': FILES[0].hex(), 'program': script.name}
    return agent.request(header, json.dumps(call).encode(), arguments)


def run(agent, script, arguments=b'', **call):
    return agent.result(start(agent, script, arguments, **call))
