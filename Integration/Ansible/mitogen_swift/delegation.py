"""The hops before a host's own: `mitogen_via`.

    mitogen_via = [[METHOD:]USER@]NAME

NAME is a host of the inventory. Its hop is made by the same code and from the same variables as if it were the target,
its own `mitogen_via` included. USER is the account to become there, by METHOD or that host's become method. USER@NAME
with a name that the inventory has not got is an ssh host.
"""

import collections

from ansible import constants as C
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader

from . import becoming, routes

VARIABLE = 'mitogen_via'

Via = collections.namedtuple('Via', 'method user name')


def parse(text):
    """`Via` of a variable's value.

    >>> parse('sudo:root@bastion')
    Via(method='sudo', user='root', name='bastion')
    """
    account, at, name = text.strip().rpartition('@')
    method, colon, user = account.rpartition(':')
    if not name or (at and not user) or (colon and not method):
        raise AnsibleError('%s is "%s"; it must be NAME, USER@NAME or METHOD:USER@NAME.' % (VARIABLE, text))
    return Via(method or None, user or None, name)


class HopVariables(object):
    """A host's variables as a mapping; errors name the host.

    :param is_template: says of a value that it was not evaluated: ansible-core up to 2.18 leaves as it is what names
        something that is not defined.
    """

    def __init__(self, name, variables, is_template=None):
        self._name = name
        self._variables = variables
        self._is_template = is_template

    def __contains__(self, key):
        return key in self._variables

    def __iter__(self):
        return iter(self._variables)

    def __getitem__(self, key):
        try:
            value = self._variables[key]
        except AnsibleUndefinedVariable as error:
            raise self._undefined(key, error) from None
        if self._is_template is not None and isinstance(value, str) and self._is_template(value):
            raise self._undefined(key, value)
        return value

    def _undefined(self, key, detail):
        return AnsibleError('%s of %s, which %s leads through, is not defined: %s' % (key, self._name, VARIABLE, detail))

    def get(self, key, default=None):
        return self[key] if key in self else default

    def some(self, names):
        return {name: self[name] for name in names if name in self}


def hops(connection, variables, hostvars, templar, name):
    """The encoded hops to the machine from which the host `name` is reached; none where it is reached from here.

    :param connection: a connection of ours, for what all have in common.
    :param variables: the host's; `templar` evaluates them, where there is one.
    :param hostvars: of the whole inventory, evaluated when looked at.
    """
    if VARIABLE not in variables:
        return ()
    via = variables[VARIABLE]
    via = routes.plain(via if templar is None else templar.template(via))
    if not via:
        return ()
    return _Resolver(connection, hostvars, templar).hops(str(via), [name])


class _Resolver(object):
    def __init__(self, connection, hostvars, templar):
        self._by_distribution = connection.by_distribution
        self._catalogue = connection.session.catalogue
        self._hostvars = hostvars if hostvars is not None else {}
        self._is_template = templar.is_template if templar is not None and self._by_distribution else None

    def hops(self, text, behind):
        """The hops that `text` stands for; `behind` are the hosts that are reached through them, the nearest last."""
        via = parse(text)
        if via.name in behind:
            chain = [via.name] + behind[behind.index(via.name):][::-1]
            raise AnsibleError('%s goes in a circle: %s.' % (VARIABLE, ' through '.join(reversed(chain))))
        if via.name not in self._hostvars:
            return self._stranger(via, behind[-1])
        variables = HopVariables(via.name, self._hostvars[via.name], self._is_template)
        before = ()
        if variables.get(VARIABLE):
            before = self.hops(routes.plain(variables[VARIABLE]), behind + [via.name])
        plugin = self._connection(variables, via.name)
        python = routes.interpreter(variables, None, self._by_distribution)
        made = before + (routes.connection_hop(plugin, via.name, python, variables, _as_is),)
        if via.user is not None:
            made += (self._become(via, variables, plugin, python),)
        return made

    def _stranger(self, via, behind):
        """USER@NAME of no inventory: an ssh host."""
        if via.user is None or via.method not in (None, 'ssh'):
            raise AnsibleError('%s of %s is "%s", which is not in the inventory. A host outside it is written USER@NAME.'
                               % (VARIABLE, behind, via.name))
        variables = HopVariables(via.name, {'inventory_hostname': via.name, 'ansible_user': via.user})
        plugin = self._connection(variables, via.name)
        python = routes.interpreter(variables, None, self._by_distribution)
        return (routes.connection_hop(plugin, via.name, python, variables, _as_is),)

    def _connection(self, variables, name):
        """The connection plugin of a host on the way, with its options, as Ansible makes a target's."""
        method = routes.plain(variables.get('ansible_connection') or C.DEFAULT_TRANSPORT)
        context = PlayContext()
        context.connection = 'ssh' if method == 'smart' else method
        context.remote_addr = routes.plain(variables.get('ansible_host') or name)
        plugin = connection_loader.get(context.connection, context, None)
        if getattr(plugin, 'mitogen_method', None) is None:
            raise AnsibleError('%s leads through %s, whose connection is "%s"; Mitogen has no such connection.'
                               % (VARIABLE, name, method))
        plugin.set_options(var_options=variables.some(C.config.get_plugin_vars('connection', plugin._load_name)))
        return plugin

    def _become(self, via, variables, plugin, python):
        name = via.method or routes.plain(variables.get('ansible_become_method') or C.DEFAULT_BECOME_METHOD)
        become = become_loader.get(name)
        method = None if become is None else self._catalogue.become(become.ansible_name)
        if method is None:
            raise AnsibleError('%s is to become %s by "%s", which Mitogen has no plugin for.' % (VARIABLE, via.user, name))
        become.set_options(var_options=variables.some(C.config.get_plugin_vars('become', become._load_name)))
        become.set_option('become_user', via.user)
        return becoming.hop(plugin, become, method, via.name, python, variables, _as_is)


def _as_is(value):
    """Variables of another host are evaluated by its own `hostvars`."""
    return value
