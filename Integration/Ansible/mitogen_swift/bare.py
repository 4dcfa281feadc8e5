"""Ansible's side of methods that the installed Ansible has no plugin for.

`docker` without the collection that has it, `setns`, `doas`: their options come from the declarations of our plugins, so
that Ansible sets them as it sets those of its own plugins. All else of a connection is `NodeConnection`'s.
"""

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.become import BecomeBase
from ansible.plugins.connection import ConnectionBase


class Connection(ConnectionBase):
    """What Ansible asks of a connection plugin beyond `NodeConnection`. There is no other way than the node's."""

    has_pipelining = True
    has_tty = True
    transport = 'bare'

    def _connect(self):
        return self

    def exec_command(self, *args, **kwargs):
        raise AnsibleError('%s: Ansible has no plugin of its own for this connection.' % self._load_name)

    put_file = fetch_file = exec_command

    def close(self):
        self._connected = False


class BecomeModule(BecomeBase):
    """Never wraps a command: the node is the account."""

    def build_become_command(self, cmd, shell):
        raise AnsibleError(
            'The become method %s wraps no commands here, since Ansible has no plugin of that name: install the collection '
            'that has it to use it with a connection that is not Mitogen\'s.' % self._load_name)


def connection_class(method, name):
    return _made(Connection, 'Connection', 'connection', method, name, {'transport': name})


def become_class(method, name):
    return _made(BecomeModule, 'BecomeModule', 'become', method, name, {'name': name})


def _made(base, class_name, plugin_type, method, name, attributes):
    C.config.initialize_plugin_configuration_definitions(plugin_type, name, _definitions(method, plugin_type))
    return type(class_name, (base,), dict(
        attributes, __module__='ansible.plugins.%s.%s' % (plugin_type, name.rpartition('.')[2]), __doc__=None,
        # What the loader writes on a plugin that it has found.
        _load_name=name, _original_path='', _redirected_names=[name], ansible_aliases=[name], ansible_name=name))


def _definitions(method, plugin_type):
    """With the names that Ansible's own plugins have for what it looks up in every plugin of the type."""
    definitions = method.definitions()
    if plugin_type == 'become':
        for option in method.options:
            theirs = next((name for name in option.names if name.startswith('become_')), None)
            if theirs is not None:
                definitions[theirs] = definitions.pop(option.name)
    return definitions
