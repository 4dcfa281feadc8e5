"""Programs as the router would build them, from an unpacked ansible-core, by Ansible's own dependency finder's rules.

Only for tests: takes the whole of module_utils, which is more than the closure and is enough.
"""
import functools
import json
import os

from . import core

# As Core/Modules/ModuleClosure.swift has it.
LATE = ['ansible/module_utils/distro/_distro.py']
NEW_STYLE = [os.path.join(core.ROOT, 'Plugins', 'Runner', 'NewStyle', name + '.py')
             for name in ('importer', 'new_style')]
EXTEND = b'from pkgutil import extend_path\n__path__=extend_path(__path__,__name__)\n'


class AnsibleProgram(object):
    """`folder`: what holds the package `ansible`; `sources`: {path in the zip: bytes} added or replaced."""

    def __init__(self, folder, version, module='ansible.modules.command', sources=(), **more):
        files = {'ansible/__init__.py': EXTEND + b"__version__='%s'\n__author__='Ansible, Inc.'\n" % version.encode(),
                 'ansible/module_utils/__init__.py': EXTEND, 'ansible/modules/__init__.py': EXTEND}
        entry = module.replace('.', '/') + '.py'
        utils = os.path.join(folder, 'ansible', 'module_utils')
        for top, _, names in os.walk(utils):
            for name in names:
                if name.endswith('.py'):
                    path = os.path.relpath(os.path.join(top, name), folder)
                    files.setdefault(path, None)
        if os.path.exists(os.path.join(folder, entry)):
            files[entry] = None
        for path in files:
            if files[path] is None:
                files[path] = stripped(os.path.join(folder, path))
        files.update(sources)
        blobs = dict((path, core.blob(data)) for path, data in files.items())
        half = core.blob(b'\n'.join([stripped(path) for path in NEW_STYLE]))
        program = {'runner': 'new-style', 'half': half[0].hex(), 'module': module, 'entry': entry,
                   'files': dict((path, b[0].hex()) for path, b in blobs.items()), 'ansible_version': version}
        if version >= '2.19':
            program['profile'] = 'legacy'
        late = [path for path in LATE if path in files]
        program['late'] = late
        program.update(more)
        whole = core.blob(json.dumps(program).encode())
        self.name = whole[0].hex()
        self.blobs = [half] + list(blobs.values()) + [whole]
        self.late = [blobs[path] for path in late]
        self.needed = [blob for blob in self.blobs if blob not in self.late]


@functools.lru_cache(None)
def stripped(path):
    with open(path, 'rb') as f:
        return core.strip(f.read(), False)


def arguments(**values):
    values.setdefault('_ansible_version', '2.19')
    values.setdefault('_ansible_remote_tmp', '~/.ansible/tmp')
    values.setdefault('_ansible_keep_remote_files', False)
    values.setdefault('_ansible_no_log', False)
    values.setdefault('_ansible_socket', None)
    values.setdefault('_ansible_module_name', 'command')
    return json.dumps({'ANSIBLE_MODULE_ARGS': values}).encode()
