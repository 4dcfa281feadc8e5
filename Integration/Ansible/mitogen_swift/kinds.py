"""What kind of module a file is: which runner of the router runs it, who executes it, and how it wants its arguments.

The runners say so themselves, each in its own library. Nearly every module is of one kind, which can be told here as
ansible-core tells it; the router is asked for the others only.
"""

import collections
import os
import re
import shlex

from ansible.module_utils.common.text.converters import to_text

from .catalogue import plain
from .routes import interpreter_words

#: `arguments` and `interpreter` as a runner's plan has them.
Kind = collections.namedtuple('Kind', 'runner arguments interpreter')

NEW_STYLE = Kind('new-style', 'ansible', 'node')

#: Python that a module's first line may name for it to run in the node's own Python: what Ansible replaces by
#: `ansible_python_interpreter`.
PYTHON_SHEBANG = re.compile(br'\A#![ \t]*\S*/python[ \t]*\r?\n')
#: How far ansible-core looks for bytes that no source has, and what others are.
BINARY_LOOK = 1024
TEXT = bytes(bytearray([7, 8, 9, 10, 12, 13, 27] + list(range(0x20, 0x7f)) + list(range(0x80, 0x100))))
#: ansible-core puts `module_utils` in place of this.
REPLACER = b'#<<INCLUDE_ANSIBLE_MODULE_COMMON>>'

#: path -> (identity of the file, its kind or None). Filled in the main process for what is used often.
_known = {}


def kind_of(path, pattern, ask):
    """The kind of the module at a path; None where Ansible's own way serves it: PowerShell, a Python of its own, a file
    that no runner recognises.

    :param pattern: ansible-core's rule for new-style modules.
    :param ask: called without arguments where that does not tell; returns what the router's `recognise` says.
    """
    stat = os.stat(path)
    identity = (stat.st_mtime_ns, stat.st_size)
    known = _known.get(path)
    if known is not None and known[0] == identity:
        return known[1]
    with open(path, 'rb') as file:
        source = file.read()
    if not source[:BINARY_LOOK].translate(None, TEXT) and REPLACER not in source and pattern.search(source):
        kind = NEW_STYLE
    else:
        said = ask()
        kind = Kind(said['runner'], said['arguments'], said['interpreter']) if said.get('runner') else None
    if kind is not None and kind.interpreter == 'node' and source.startswith(b'#!') and not PYTHON_SHEBANG.match(source):
        kind = None
    _known[path] = (identity, kind)
    return kind


def directive(path):
    """The words of a script's first line behind `#!`."""
    with open(path, 'rb') as file:
        line = file.readline()
    return shlex.split(to_text(line.strip()[2:], errors='surrogate_or_strict'))


def interpreter(words, variables, template):
    """What executes a script whose first line has these words: argv, in which None is the node's own Python.

    As ansible-core's `_get_shebang`: `ansible_NAME_interpreter` stands in for a program called NAME.
    """
    name = os.path.basename(words[0]).strip()
    if name == 'python':
        return [None] + words[1:]
    configured = variables.get('ansible_%s_interpreter' % name)
    if configured is not None:
        configured = plain(template(configured)).strip()
    return (interpreter_words(configured) if configured else words[:1]) + words[1:]


def as_words(arguments):
    """What old-style modules read: `key=value ` for each argument."""
    return ''.join('%s=%s ' % (name, shlex.quote(str(value))) for name, value in arguments.items()).encode(
        'utf-8', 'surrogateescape')
