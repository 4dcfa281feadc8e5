"""Connection methods that Ansible itself has no code for: what their plugin libraries declare is all that we need.

The manifest beside a library lists the plugin's options, with the variables, ini keys and environment variables that
set them. From it comes a definition for Ansible's config manager, which resolves them as it does those of its own
plugins. So `docker`, `lxd` and the others work with ansible-core alone, without their collections, and so does the
library of a vendor.

A collection's own plugin is loaded only where it has to do the work: see `DeclaredConnection.stock`.
"""

import json
import os

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display

display = Display()

#: Where the registry looks for libraries of a site (Core/Registry/RegistryConfiguration.swift).
SITE = '/usr/local/lib/mitogen/plugins'
ENDING = '.manifest.json'

#: Methods with a class over vanilla's own plugin, which knows more than a declaration.
VANILLA = frozenset(['ssh', 'local'])

#: Ansible's names of the declared types.
TYPES = {'string': 'str', 'dictionary': 'dict'}

#: Methods in which an account that is not named is root.
ENTERED_AS_ROOT = frozenset(['incus', 'jail', 'lxc', 'lxd', 'machinectl'])

#: What our plugin of a method refuses and the collection's plugin can do: option -> whether this value is such.
STOCK_ONLY = {
    'buildah': {'auto_commit': bool},
    'kubectl': {
        'kubectl_kubeconfig': lambda value: isinstance(value, dict),
        'kubectl_password': bool,
        'kubectl_token': bool,
    },
}


class Method(object):
    """One declared connection method."""

    def __init__(self, plugin, path):
        declaration = plugin['declaration']
        self.name = plugin['name']
        self.path = path
        self.names = [self.name] + declaration.get('aliases', [])
        self.options = declaration.get('options', [])
        #: By this name the config manager knows it: a collection's plugin keeps its own definition.
        self.load_name = 'mitogen.' + self.name

    def full_name(self):
        """Its name in the collection that has a plugin of it."""
        return next((name for name in self.names if '.' in name), self.name)

    def define(self):
        """Gives the config manager its options."""
        C.config.initialize_plugin_configuration_definitions(
            'connection', self.load_name, {option['name']: definition(option) for option in self.options})


def definition(option):
    """A declared option as Ansible's documentation of a plugin would have it."""
    made = {
        'description': [option.get('description', '')],
        'type': TYPES.get(option['type'], option['type']),
        'vars': [{'name': name} for name in option.get('vars', ())],
        'env': [{'name': name} for name in option.get('env', ())],
        'ini': list(option.get('ini', ())),
    }
    if 'default' in option:
        made['default'] = option['default']
    if option['name'] == 'remote_user':
        made['cli'] = [{'name': 'user'}]
    if option['name'] == 'kubectl_kubeconfig':
        # The collection's plugin also takes a configuration itself.
        made['type'] = 'raw'
    return made


def folders(binary, environment):
    """Where libraries are, in the order of the registry."""
    found = [folder for folder in environment.get('MITOGEN_PLUGIN_PATH', '').split(':') if folder]
    found.append(environment.get('MITOGEN_PLUGIN_SITE') or SITE)
    own = os.path.dirname(os.path.realpath(binary))
    return found + [own, os.path.join(os.path.dirname(own), 'lib', 'mitogen')]


def read(binary, environment=None):
    """The methods that the libraries of this installation declare: name -> `Method`, each under all its names."""
    found = {}
    for folder in folders(binary, os.environ if environment is None else environment):
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith(ENDING))
        except OSError:
            continue
        for name in names:
            for method in _methods(os.path.join(folder, name)):
                if method.name not in found:
                    method.define()
                    for known in method.names:
                        found.setdefault(known, method)
    return found


def _methods(path):
    """What a manifest declares. One that cannot be read declares nothing: the router says why."""
    try:
        with open(path, 'rb') as file:
            plugins = json.loads(file.read())['plugins']
        return [Method(plugin, path) for plugin in plugins
                if plugin['kind'] == 'connection' and plugin['name'] not in VANILLA
                and 'become' not in plugin.get('features', ())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        display.vvv('[mitogen] %s is left out: %r' % (path, error))
        return []


def is_the_users_own(name):
    """Whether a folder of connection plugins has one of this name: beside the playbook, in a role, or configured."""
    return any(os.path.isfile(os.path.join(folder, name + '.py')) for folder in connection_loader._get_paths())


class DeclaredConnection(ConnectionBase):
    """Stands where vanilla's class stands for ssh: what only stock Ansible can do goes to the collection's plugin.

    `declared` (the method) and `load` (vanilla's loader) are set by `hooks`.
    """

    declared = None
    load = None
    transport = None
    has_pipelining = True

    def __init__(self, play_context, *args, **kwargs):
        super(DeclaredConnection, self).__init__(play_context, *args, **kwargs)
        self._arguments = (args, kwargs)
        self._settings = {}
        self._stock = None

    def set_options(self, task_keys=None, var_options=None, direct=None):
        self._settings = {'task_keys': task_keys, 'var_options': var_options, 'direct': direct}
        self._stock = None
        super(DeclaredConnection, self).set_options(**self._settings)

    def has_stock(self):
        """Whether the collection's plugin is installed. It is imported by this."""
        return self.load(self.ansible_name, class_only=True).object is not None

    def stock(self):
        """The collection's own connection, with the options of this one."""
        if self._stock is None:
            args, kwargs = self._arguments
            made = self.load(self.ansible_name, self._play_context, *args, **kwargs).object
            if made is None:
                raise AnsibleConnectionFailure(
                    'this needs the connection plugin %s of Ansible, which is not installed (ansible-galaxy '
                    'collection install %s)' % (self.ansible_name, self.ansible_name.rpartition('.')[0]))
            made.set_become_plugin(self.become)
            made.set_options(**self._settings)
            self._stock = made
        return self._stock

    def _connect(self):
        self.stock()._connect()
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        return self.stock().exec_command(cmd, in_data=in_data, sudoable=sudoable)

    def put_file(self, in_path, out_path):
        return self.stock().put_file(in_path, out_path)

    def fetch_file(self, in_path, out_path):
        return self.stock().fetch_file(in_path, out_path)

    def reset(self):
        return self.stock().reset()

    def close(self):
        if self._stock is not None:
            self._stock.close()

    def is_pipelining_enabled(self, wrap_async=False):
        return self.stock().is_pipelining_enabled(wrap_async)
