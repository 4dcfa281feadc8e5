"""From what Ansible resolved to the hops of a route.

A hop is JSON that the router compares as bytes: same bytes, same node. So it is made the same way every time (sorted
keys, plain values, nothing that differs between two tasks on one account), and it is made anew for every call: a
loop changes options under a connection object that stays the same.

Values come from Ansible's own config manager (`get_option`); there is no precedence code here.
"""

import collections
import json
import shlex

from ansible import constants as C

#: What INTERPRETER_PYTHON may say in place of a path.
DISCOVERY_MODES = frozenset(['auto', 'auto_legacy', 'auto_silent', 'auto_legacy_silent'])

#: Used when neither the hop's configuration nor Ansible's has it (seconds, lost answers).
KEEPALIVE = (30, 10)

#: Where a node may put its private directory, after `remote_tmp` and `system_tmpdirs`.
TEMPORARY = ['$TMPDIR', '$TEMP', '$TMP', '/tmp', '/var/tmp', '/usr/tmp', '.']

#: Options of Ansible's ssh connection that our ssh plugin knows by the same name.
SSH_OPTIONS = (
    'host', 'host_key_checking', 'password_mechanism', 'pkcs11_provider', 'port', 'private_key_file',
    'reconnection_retries', 'remote_user', 'ssh_args', 'ssh_common_args', 'ssh_executable', 'ssh_extra_args',
    'sshpass_prompt', 'verbosity',
)

#: Variables that only our ssh plugin knows: the plugin's option has the variable's name.
SSH_VARIABLES = {
    'mitogen_ssh_compression': bool,
    'mitogen_ssh_debug_level': int,
    'mitogen_ssh_keepalive_count': int,
    'mitogen_ssh_keepalive_interval': int,
}

#: Values that say nothing.
UNSAID = (None, '')

#: sudo's flags that its plugin knows; with others the connection tier runs Ansible's own command line.
SUDO_FLAGS = frozenset('EHSinrtu')

#: argv: the configured interpreter, or None where it is to be discovered among `candidates` in the given mode.
Interpreter = collections.namedtuple('Interpreter', 'argv candidates mode')


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


def option(plugin, name, default=None):
    """A plugin's option; the default where the plugin of this ansible-core has no such option."""
    try:
        value = plugin.get_option(name)
    except KeyError:
        return default
    return default if value is None else plain(value)


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
        return Interpreter(shlex.split(configured), [], None)
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


def connection_hop(connection, name, python, variables, templar):
    """The hop of Ansible's connection."""
    hop = _hop(connection, name, python)
    if hop['method'] == 'ssh':
        _ssh(connection, hop, variables, templar)
    return encode(hop)


def _hop(connection, name, python):
    """What every hop of a connection says."""
    return {
        'method': connection.mitogen_method,
        'options': {},
        'secrets': {},
        'python': python.argv,
        'python_candidates': python.candidates,
        'timeout': _timeout(connection),
        'keepalive': {'interval': KEEPALIVE[0], 'count': KEEPALIVE[1]},
        # Every host that is reached locally is this machine: one node for all.
        'name': 'localhost' if connection.mitogen_method == 'local' else name,
    }


def _timeout(connection):
    """Seconds. The plugin's option knows `ansible_ssh_timeout` and ansible.cfg; `ansible_timeout` and `-T` come by the
    play's context."""
    configured = option(connection, 'timeout')
    if configured in (None, C.DEFAULT_TIMEOUT):
        configured = connection._play_context.timeout or C.DEFAULT_TIMEOUT
    return float(configured)


def _ssh(connection, hop, variables, templar):
    options = hop['options']
    for name in SSH_OPTIONS:
        value = option(connection, name)
        if value not in UNSAID:
            options[name] = value
    options.setdefault('host', plain(connection._play_context.remote_addr))
    for name, kind in SSH_VARIABLES.items():
        if name in variables:
            options[name] = _number(kind, variables[name], templar)
    for key in ('interval', 'count'):
        if 'mitogen_ssh_keepalive_' + key in options:
            hop['keepalive'][key] = options['mitogen_ssh_keepalive_' + key]
    password = option(connection, 'password') or connection._play_context.password
    if password:
        hop['secrets']['password'] = plain(password)
    for name in ('private_key', 'private_key_passphrase'):
        secret = option(connection, name)
        if secret:
            hop['secrets'][name] = secret


def _number(kind, value, templar):
    if templar is not None:
        value = templar.template(value)
    if kind is bool:
        return plain(value) in (True, 1, '1', 'true', 'True', 'yes', 'on')
    return int(value)


def takes_sudo(become):
    """Whether our sudo plugin can stand for this become plugin with the options that it has now."""
    if become.ansible_name not in ('ansible.builtin.sudo', 'sudo'):
        return False
    executable = option(become, 'become_exe') or 'sudo'
    if executable.split() != [executable]:
        return False
    try:
        flags = shlex.split(option(become, 'become_flags') or '')
    except ValueError:
        return False
    return all(flag[:1] == '-' and flag[1:] and SUDO_FLAGS.issuperset(flag[1:]) for flag in flags)


def sudo_hop(connection, become, name, python):
    """The hop from the login account to another one."""
    hop = _hop(connection, name, python)
    hop['method'] = 'sudo'
    # It is started with the configured interpreter, or the one that its parent found.
    hop['python_candidates'] = []
    for option_name in ('become_user', 'become_exe', 'become_flags', 'sudo_chdir'):
        value = option(become, option_name)
        if value not in UNSAID:
            hop['options'][option_name] = value
    password = option(become, 'become_pass')
    if password:
        hop['secrets']['password'] = password
    return encode(hop)
