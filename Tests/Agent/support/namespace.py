"""A part of the agent loaded over the core, in this process: for what is pure in it."""
from . import core


def namespace(part=None):
    scope = {'__name__': 'agent_under_test'}
    for name in ['core'] + ([part] if part else []):
        for file in core.assembly()[name]:
            exec(compile(core.file_bytes(file), file, 'exec'), scope)
    return scope
