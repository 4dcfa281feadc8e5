"""Which modules run in an interpreter of their own: those of our list, and of the user's."""

import fnmatch
import os
import re

from ansible import constants as C
from ansible.utils.display import Display

display = Display()

BUILT_IN = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'isolated_modules.txt')

#: Where the user says which file has more.
SETTING = {
    'isolated_modules': {
        'description': 'A file with names of modules that run in an interpreter of their own.',
        'type': 'path',
        'env': [{'name': 'MITOGEN_ISOLATED_MODULES'}],
        'ini': [{'section': 'mitogen', 'key': 'isolated_modules'}],
        'default': None,
    },
}

#: Names under which Ansible has its own modules: the same ones.
OWN = ('ansible.legacy.', 'ansible.builtin.')


class IsolatedModules(object):
    """Names and patterns, from the text of such files. Pure."""

    def __init__(self, texts):
        lines = [line.partition('#')[0].strip() for text in texts for line in text.splitlines()]
        self._patterns = [re.compile(fnmatch.translate(line)) for line in lines if line]
        self._known = {}

    def holds(self, name):
        """Whether a module is meant, named in full."""
        known = self._known.get(name)
        if known is None:
            names = (name, name.rpartition('.')[2])
            known = self._known[name] = any(pattern.match(n) for pattern in self._patterns for n in names)
        return known


def full_name(name, path):
    """A module's name with its collection. Ansible may know it by a shorter one: `collections:` leads from that to the path."""
    words = path.split(os.sep)
    if 'ansible_collections' in words:
        collection = words[words.index('ansible_collections') + 1:][:2]
        return '.'.join(collection + [os.path.splitext(words[-1])[0]])
    for prefix in OWN:
        if name.startswith(prefix):
            name = name[len(prefix):]
    return OWN[-1] + name if '.' not in name else name


def configured():
    """Ours and the user's; read in the main process."""
    C.config.initialize_plugin_configuration_definitions('mitogen', 'isolation', SETTING)
    paths = [BUILT_IN]
    own = C.config.get_config_value('isolated_modules', plugin_type='mitogen', plugin_name='isolation')
    if own:
        paths.append(own)
    texts = []
    for path in paths:
        try:
            with open(path, encoding='utf-8') as file:
                texts.append(file.read())
        except (OSError, UnicodeError) as error:
            display.warning('Mitogen cannot read the list of isolated modules: %s' % error)
    return IsolatedModules(texts)
