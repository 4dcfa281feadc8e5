"""The connection and become methods of the router's plugins, and how their options get values.

Plugins declare options as data. Ansible's own code gives them values: an option that Ansible's plugin of that name has
too is that plugin's; for the others a definition made from the declaration is given to Ansible's config manager, whose
precedence of variables, environment and ansible.cfg holds. There is no precedence code here.
"""

import json

from ansible import constants as C

#: The type under which Ansible's config manager knows our definitions.
PLUGIN_TYPE = 'mitogen'

#: A plugin of this feature stays on its machine and changes the account.
BECOME = 'become'

#: Options that a playbook's keyword of that name sets too.
KEYWORDS = frozenset(['become_exe', 'become_flags', 'become_user', 'port', 'remote_user', 'timeout'])

#: Every hop has its time beside its options.
TIMEOUT = 'timeout'

#: Values that say nothing.
UNSAID = (None, '')


class Option(object):
    """One declared option."""

    __slots__ = ('name', 'names', 'secret', 'default', 'vars', 'definition')

    def __init__(self, declared):
        self.name = declared['name']
        #: Under these Ansible's plugin may have it, the first is preferred.
        self.names = [self.name] + declared.get('aliases', [])
        self.secret = declared.get('secret', False)
        self.default = declared.get('default')
        self.vars = frozenset(declared.get('vars', ()))
        self.definition = {
            'description': [declared.get('description', '')],
            'type': {'string': 'str', 'dictionary': 'dict'}.get(declared['type'], declared['type']),
            'default': self.default,
            'vars': [{'name': name} for name in declared.get('vars', ())],
            'env': [{'name': name} for name in declared.get('env', ())],
            'ini': list(declared.get('ini', ())),
        }
        if self.name in KEYWORDS:
            self.definition['keyword'] = [{'name': self.name}]


class Method(object):
    """A connection or become method."""

    def __init__(self, listed):
        declared = listed['declaration']
        self.name = listed['name']
        self.names = [self.name] + declared.get('aliases', [])
        self.changes_account = BECOME in listed.get('features', ())
        self.options = [Option(option) for option in declared.get('options', ())]
        #: Option -> its value where no variable sets it. Filled in the main process; see `preload`.
        self._unset = {}
        #: Ansible's plugin -> our option's name -> the plugin's name for it.
        self._known = {}
        self._is_defined = False

    def definitions(self):
        return {option.name: option.definition for option in self.options}

    def values(self, plugin, variables, template):
        """What is set and differs from its default, as {option: value} and, of secrets, {slot: value}.

        :param plugin: Ansible's plugin, with its options set; it answers for those that it has.
        :param variables: the host's, for the others.
        :param template: evaluates a variable's value.
        """
        options, secrets = {}, {}
        known = self._known_to(plugin)
        for option in self.options:
            if option.name == TIMEOUT:
                continue
            name = known.get(option.name)
            if name is not None:
                value = plain(plugin.get_option(name))
            else:
                value = self._value(option, variables, template)
            if value in UNSAID:
                continue
            if option.secret:
                secrets[option.name] = str(value)
            elif value != option.default:
                options[option.name] = value
        return options, secrets

    def default(self, name):
        """The declared default of an option; None if it has none."""
        return next((option.default for option in self.options if option.name == name), None)

    def preload(self, plugin=None):
        """In the main process: what every worker would look up again."""
        known = self._known_to(plugin) if plugin is not None else {}
        for option in self.options:
            if option.name not in known:
                self._value(option, {}, None)

    def _known_to(self, plugin):
        key = (plugin.plugin_type, plugin._load_name)
        if key not in self._known:
            theirs = plugin.option_definitions
            self._known[key] = {
                option.name: next(name for name in option.names if name in theirs)
                for option in self.options if any(name in theirs for name in option.names)}
        return self._known[key]

    def _value(self, option, variables, template):
        set_by = [name for name in option.vars if name in variables]
        if set_by:
            return self._configured(option, {name: template(variables[name]) for name in set_by})
        if option.name not in self._unset:
            self._unset[option.name] = self._configured(option, {})
        return self._unset[option.name]

    def _configured(self, option, variables):
        if not self._is_defined:
            C.config.initialize_plugin_configuration_definitions(PLUGIN_TYPE, self.name, self.definitions())
            self._is_defined = True
        return plain(C.config.get_config_value(
            option.name, plugin_type=PLUGIN_TYPE, plugin_name=self.name, variables=variables))


class Catalogue(object):
    """All methods of a router."""

    def __init__(self, methods=()):
        self._connections, self._becomes = {}, {}
        for method in methods:
            for name in method.names:
                if method.changes_account:
                    self._becomes.setdefault(name, method)
                # `mitogen_sudo` is a connection of its own; a bare `sudo` never was one.
                if not method.changes_account or name.startswith('mitogen_'):
                    self._connections.setdefault(name, method)

    @classmethod
    def from_json(cls, text):
        return cls(Method(listed) for listed in json.loads(text))

    def connection(self, name):
        """The method for a connection, by its short or full name; None: it is none of ours."""
        return self._connections.get(name)

    def become(self, name):
        """The method for a become method, by its short or full name; None: it is none of ours."""
        return self._becomes.get(name)


def plain(value):
    """The value without Ansible's tags and wrappers, fit for JSON and for comparing."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bytes):
        return value.decode('utf-8', 'surrogateescape')
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    return str(value)
