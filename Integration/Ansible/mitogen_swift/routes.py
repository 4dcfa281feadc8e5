"""From what Ansible resolved to the hops of a route.

A hop is JSON that the router compares as bytes: same bytes, same node. So it is made the same way every time (sorted
keys, plain values, nothing that differs between two tasks on one account), and it is made anew for every call: a
loop changes options under a connection object that stays the same.

What a method's options are its plugin declares (`catalogue`), and Ansible's own code gives them their values.
"""

import collections
import json
import shlex

from ansible import constants as C

from .catalogue import plain

#: What INTERPRETER_PYTHON may say in place of a path.
DISCOVERY_MODES = frozenset(['auto', 'auto_legacy', 'auto_silent', 'auto_legacy_silent'])

#: Used when neither the hop's configuration nor Ansible's has it (seconds, lost answers).
KEEPALIVE = (30, 10)

#: Where a node may put its private directory, after `remote_tmp` and `system_tmpdirs`.
TEMPORARY = ['$TMPDIR', '$TEMP', '$TMP', '/tmp', '/var/tmp', '/usr/tmp', '.']

#: Options that hold where a connection leads; Ansible's word for it is the default.
ADDRESS = frozenset(['host', 'remote_addr'])

#: What Ansible makes its word of.
OF_THE_HOST = frozenset(['inventory_hostname', 'ansible_host'])

#: argv: the configured interpreter, or None where it is to be discovered among `candidates` in the given mode.
Interpreter = collections.namedtuple('Interpreter', 'argv candidates mode')


def option(plugin, name, default=None):
    """A plugin's option; the default where the plugin of this ansible-core has no such option."""
    try:
        value = plugin.get_option(name)
    except KeyError:
        return default
    return default if value is None else plain(value)


def interpreter_words(configured):
    """An interpreter and its arguments, quoted as for a shell.

    A path with blanks needs no quotes where it shows that it is one: by a last word that is neither an option nor the
    beginning of a path, and leads on from what stands before it, as in `/opt/my python/bin/python3`.
    """
    words = shlex.split(configured)
    leads_on = len(words) > 1 and '/' in words[-1] and words[0].startswith('/') and ' '.join(words) == configured
    if leads_on and not [word for word in words[1:] if word[0] in '-/' or '=' in word]:
        return [configured]
    return words


def interpreter(variables, templar, by_distribution):
    """Which Python shall run on the target.

    :param by_distribution: ansible-core up to 2.18, which prefers the distribution's own Python to the first of the
        list; on every distribution that it knows and that still lives this is /usr/bin/python3.
    """
    configured = _setting('INTERPRETER_PYTHON', 'ansible_python_interpreter', variables)
    if configured and '{' in configured and templar is not None:
        configured = templar.template(configured)
    configured = plain(configured or '').strip()
    if configured and configured not in DISCOVERY_MODES:
        return Interpreter(interpreter_words(configured), [], None)
    candidates = plain(_setting('INTERPRETER_PYTHON_FALLBACK', 'ansible_interpreter_python_fallback', variables))
    known = (variables.get('ansible_facts') or {}).get('discovered_interpreter_python')
    if by_distribution:
        if known and known != '/usr/bin/python3':
            return Interpreter([plain(known)], [], None)
        candidates = ['/usr/bin/python3'] + [c for c in candidates if c != '/usr/bin/python3']
    return Interpreter(None, candidates, None if known else (configured or 'auto'))


#: Settings as they are for hosts without the variable. Filled in the main process; see `preload`.
_settings = {}


def _setting(name, variable, variables):
    """A setting of ansible.cfg that a variable may override; looked up once where none does."""
    if variable in variables:
        return C.config.get_config_value(name, variables=variables)
    if name not in _settings:
        _settings[name] = C.config.get_config_value(name, variables={})
    return _settings[name]


def preload():
    interpreter({}, None, False)


def temporary_candidates(shell):
    """Where the node may put its private directory: the specification's list, in its order."""
    candidates = [option(shell, 'remote_tmp', '~/.ansible/tmp')]
    candidates.extend(option(shell, 'system_tmpdirs', ['/var/tmp', '/tmp']))
    candidates.extend(TEMPORARY)
    return candidates


def encode(hop):
    return json.dumps(hop, sort_keys=True, separators=(',', ':')).encode('ascii')


def connection_hop(connection, name, python, variables, template):
    """The hop of a connection of ours, encoded.

    :param name: the host's in the inventory.
    :param variables: the host's; `template` evaluates one.
    """
    method, context = connection.method, connection._play_context
    made = hop(connection, name, python)
    made['method'] = method.name
    made['options'], made['secrets'] = method.values(connection, variables, template)
    if method.name == 'local':
        # Every host that is reached locally is this machine: one node for all.
        made['name'] = 'localhost'
    for declared in method.options:
        if declared.name in ADDRESS and _is_ansibles_to_say(declared, made['options'].get(declared.name), variables):
            made['options'][declared.name] = plain(context.remote_addr)
        elif declared.name == 'password' and context.password:
            # -k
            made['secrets'].setdefault('password', plain(context.password))
    for key in ('interval', 'count'):
        if 'mitogen_ssh_keepalive_' + key in made['options']:
            made['keepalive'][key] = made['options']['mitogen_ssh_keepalive_' + key]
    return encode(made)


def _is_ansibles_to_say(declared, value, variables):
    """The collection's podman and buildah have `inventory_hostname` behind `ansible_host` in the documentation of their
    `remote_addr`, where it always wins; they never look at that option."""
    if value is None:
        return True
    return (declared.name == 'remote_addr' and value == plain(variables.get('inventory_hostname'))
            and not any(name in variables for name in declared.vars - OF_THE_HOST))


def hop(connection, name, python):
    """What every hop says. Its time is its own: it is no option of the plugin's."""
    return {
        'python': python.argv,
        'python_candidates': python.candidates,
        'timeout': _timeout(connection),
        'keepalive': {'interval': KEEPALIVE[0], 'count': KEEPALIVE[1]},
        'name': name,
    }


def _timeout(connection):
    """Seconds. The plugin's option knows `ansible_ssh_timeout` and ansible.cfg; `ansible_timeout` and `-T` come by the
    play's context."""
    configured = option(connection, 'timeout')
    if configured in (None, C.DEFAULT_TIMEOUT):
        configured = connection._play_context.timeout or C.DEFAULT_TIMEOUT
    return float(configured)
