"""Ansible's connection plugin over a node: commands and files, for any action and any ansible-core.

The classes here are subclasses of the connection plugins that they stand for, made when one is first asked for. So
documentation, options, name and transport are vanilla's, and where we do not apply (`passes_through`) vanilla's own
code does the work.
"""

import hashlib
import json
import os
import sys

from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display
from ansible.utils.path import unfrackpath

from . import bare, becoming, delegation, routes
from .client import INLINE_LIMIT

display = Display()

#: How a node says that a prompt came again after its secret, where a connection's own login says more.
REFUSED = ('the password was not accepted',)

WINDOWS_SHELLS = ('powershell', 'cmd')


def compact(value):
    return json.dumps(value, separators=(',', ':')).encode('ascii')


def read_whole(path):
    """The content of a small file. One that is written meanwhile gives content that it never had; the router says the same of large ones."""
    def state(status):
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    with open(path, 'rb') as file:
        before = state(os.fstat(file.fileno()))
        content = file.read()
        # What has no size, such as a file of /proc, is made when it is read.
        if os.fstat(file.fileno()).st_size and not before == state(os.fstat(file.fileno())) == state(os.stat(path)):
            raise AnsibleError('{0} changed while it was read'.format(to_text(path)))
    return content


#: What our plugin of a method refuses and Ansible's can do: option -> whether this value is such.
STOCK_ONLY = {
    'buildah': {'auto_commit': bool},
    'kubectl': {
        'kubectl_kubeconfig': lambda value: isinstance(value, dict),
        'kubectl_password': bool,
        'kubectl_token': bool,
    },
}


class NodeConnection(object):
    """Mixed into a vanilla connection class. `session`, `by_distribution`, `method` and `vanilla` are set by `hooks`."""

    session = None
    #: Our plugin's, from the catalogue.
    method = None
    #: The class that this one stands for.
    vanilla = None
    #: ansible-core up to 2.18 (see `routes.interpreter`).
    by_distribution = False

    #: What vanilla's own __init__ sets beyond its base class, from an instance made in the main process.
    prototype = None

    def __init__(self, play_context, *args, **kwargs):
        self._made_with = (play_context,) + args, kwargs
        if play_context.shell in WINDOWS_SHELLS:
            super(NodeConnection, self).__init__(play_context, *args, **kwargs)
        else:
            # Vanilla's ssh builds an option parser here, a millisecond in each worker; others look for their tool, which
            # need not be on this machine.
            ConnectionBase.__init__(self, play_context, *args, **kwargs)
            for name, value in (self.prototype or {}).items():
                self.__dict__.setdefault(name, value)
            self.host = play_context.remote_addr
            self.port = play_context.port
            self.user = play_context.remote_user
        self._variables = {}
        self._hops_before = None
        self._templar = None
        self._inventory_name = None
        self._logged_in = False
        #: While this is a route, commands and files take it; otherwise they go to the login account.
        self.on_account = None
        #: A request found no Python for a node of the account: Ansible's own ways need none.
        self.without_python = False
        #: Vanilla would have typed a password to get there.
        self.password_typed = False
        #: The private temporary directory of a task on its account, and whether it is there yet.
        self.native_tmp = None
        self.native_tmp_made = False
        #: Where the task's module will put what is transferred, as the task says it.
        self.destination = None

    # What the hops are made from

    def task_is(self, variables, templar, name):
        """Says for which variables and which inventory name the next calls are."""
        # Connected lets a loop keep this object.
        self._connected = True
        if variables is not self._variables:
            self._hops_before = None
        self._variables = variables
        self._templar = templar
        self._inventory_name = name

    def _resolve_option_variables(self, variables, templar):
        self.task_is(variables, templar, variables.get('inventory_hostname'))
        return super(NodeConnection, self)._resolve_option_variables(variables, templar)

    def set_options(self, task_keys=None, var_options=None, direct=None):
        # `meta: reset_connection` of ansible-core 2.16 gives all variables here, and says nothing else.
        if var_options and not self._variables and 'inventory_hostname' in var_options:
            self.task_is(var_options, None, var_options['inventory_hostname'])
        super(NodeConnection, self).set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    @property
    def is_bare(self):
        """Whether Ansible has no plugin of its own for this connection."""
        return issubclass(self.vanilla, bare.Connection)

    @property
    def mitogen_method(self):
        return self.method.name

    def __getattr__(self, name):
        """What vanilla's own __init__ would have set, made when it is first looked at."""
        made_with = self.__dict__.get('_made_with')
        if made_with is not None and self.prototype is None and not name.startswith('__'):
            self.prototype = {}
            try:
                instance = self.vanilla(*made_with[0], **made_with[1])
            except AnsibleError as error:
                display.debug('mitogen: %s has no %s: %s' % (self.mitogen_method, name, error))
            else:
                for attribute, value in vars(instance).items():
                    self.__dict__.setdefault(attribute, value)
                if name in self.__dict__:
                    return self.__dict__[name]
        raise AttributeError('%r has no %s' % (type(self), name))

    def passes_through(self):
        """Whether vanilla's code serves this host: Windows, and what only vanilla's plugin can do."""
        if getattr(self._shell, '_IS_WINDOWS', False):
            return True
        return any(is_so(routes.option(self, name)) for name, is_so in STOCK_ONLY.get(self.mitogen_method, {}).items())

    def interpreter(self):
        if self.mitogen_method == 'local' and self._inventory_name is None:
            # No task's: the one inside a network connection, whose modules Ansible runs by its own Python.
            return routes.Interpreter([sys.executable], [], None)
        return routes.interpreter(self._variables, self._templar, self.by_distribution)

    def _template(self, value):
        return value if self._templar is None else self._templar.template(value)

    def _name(self):
        return routes.plain(self._inventory_name or self._play_context.remote_addr or '')

    def hop_arguments(self, python=None):
        """What a hop is made from beside its plugin: name, interpreter, variables, and what evaluates them."""
        return self._name(), python or self.interpreter(), self._variables, self._template

    def hops_before(self):
        """The hops to the machine from which the host is reached."""
        if self._hops_before is None:
            everything = self._variables if self._templar is None else self._templar.available_variables
            self._hops_before = delegation.hops(
                self, self._variables, everything.get('hostvars'), self._templar, self._name())
        return self._hops_before

    def login_route(self, python=None):
        """The hops to the account that the connection logs in to."""
        return self.hops_before() + (routes.connection_hop(self, *self.hop_arguments(python)),)

    def account_route(self, python=None):
        """The hops to the account that the task runs as. Only where `reaches_account` says that there are."""
        python = python or self.interpreter()
        route = self.login_route(python)
        if self.become is not None and self.become_changes_account():
            method = becoming.method_for(self, self.become)
            route += (becoming.hop(self, self.become, method, *self.hop_arguments(python)),)
        return route

    def login_user(self):
        if self.mitogen_method == 'local':
            return self.default_user
        return routes.option(self, 'remote_user') or self._play_context.remote_user or self.method.default('remote_user')

    def become_changes_account(self):
        """Ansible skips become for the user that is logged in already, unless BECOME_ALLOW_SAME_USER."""
        from ansible import constants as C
        login, target = self.login_user(), routes.option(self.become, 'become_user')
        return bool(C.BECOME_ALLOW_SAME_USER or login != target or not (login or target))

    def reaches_account(self):
        """Whether a route leads to the task's account; if not, Ansible's become wraps each command."""
        if self.passes_through():
            return False
        return self.become is None or not self.become_changes_account() or \
            becoming.method_for(self, self.become) is not None

    def call_context(self, call):
        """Adds working directory and environment where vanilla's would come from the main process."""
        if self.mitogen_method == 'local':
            self._login_locally()
            environment = self.session.changed_environment()
            if self.cwd:
                call['cwd'] = to_text(self.cwd)
                # The shell through which vanilla runs everything says where it is.
                environment = dict(environment, PWD=call['cwd'])
            if environment:
                call['environment'] = dict(environment, **call.get('environment', {}))
        return call

    def _login_locally(self):
        """Vanilla's local takes the user of the main process for the play's when it first runs something: not before,
        since what Ansible reports of a delegated task shows the difference."""
        if not self._logged_in:
            self._logged_in = True
            super(NodeConnection, self)._connect()

    # Ansible's interface

    def _connect(self):
        # Nothing is opened here: the route of every request says where it goes, and the router opens what it needs.
        self._connected = True
        return self

    @property
    def host_shown(self):
        return self._play_context.remote_addr

    def exec_command(self, cmd, in_data=None, sudoable=True):
        if self.passes_through():
            return super(NodeConnection, self).exec_command(cmd, in_data=in_data, sudoable=sudoable)
        cmd = to_text(cmd, errors='surrogate_or_strict')
        display.vvv('EXEC {0}'.format(cmd), host=self.host_shown)
        become = self.become
        tty = not in_data and sudoable and self.uses_terminal()
        call = self.call_context({'command': cmd, 'tty': tty, 'stream': False, 'prompts': []})
        secrets = {}
        if become is not None and sudoable and become.success:
            call['prompts'], secrets = become_prompts(become)
        login = self.login_route()
        route = self.on_account or login
        if self.mitogen_method != 'ssh' or len(route) > len(login):
            # Behind ssh Ansible's commands come to the login shell, whatever that is.
            call['shell'] = '/bin/sh'
        try:
            meta, stdout, stderr = self.session.request(
                'exec', route, [compact(call), in_data or b'', compact(secrets)])
        except AnsibleError as error:
            if getattr(error, 'mitogen_code', None) == 'no_python' and len(route) == 1 and not self.is_bare:
                # Not even a shell of ours serves there.
                return super(NodeConnection, self).exec_command(cmd, in_data=in_data, sudoable=sudoable)
            if getattr(error, 'mitogen_code', None) == 'authentication' and secrets and any(
                    said in error.mitogen_text for said in REFUSED):
                raise AnsibleError('Incorrect %s password' % become.name) from None
            raise
        if become is not None and sudoable and become.success:
            stdout = without_success(stdout, become.success, self.mitogen_method == 'ssh')
        if tty:
            stdout, stderr = self.as_on_terminal(stdout, stderr, self.on_account and self.password_typed)
        return json.loads(meta).get('rc', 0), stdout, stderr

    def put_file(self, in_path, out_path):
        if self.passes_through():
            return super(NodeConnection, self).put_file(in_path, out_path)
        if self.mitogen_method == 'local':
            in_path = unfrackpath(in_path, basedir=self.cwd)
            out_path = unfrackpath(out_path, basedir=self.cwd)
        display.vvv('PUT {0} TO {1}'.format(in_path, out_path), host=self.host_shown)
        b_in_path = to_bytes(in_path, errors='surrogate_or_strict')
        if not os.path.exists(b_in_path):
            raise AnsibleFileNotFound('file or module does not exist: {0}'.format(to_text(in_path)))
        size = os.stat(b_in_path).st_size
        if size > INLINE_LIMIT:
            self.put(out_path, size, source=os.path.abspath(to_text(in_path)))
        else:
            content = read_whole(b_in_path)
            self.put(out_path, len(content), content=content)
        return 0, b'', b''

    def put(self, out_path, size, content=b'', source=None):
        """Writes a file at the account that owns the place: the task's for what is in its temporary directory."""
        out_path = to_text(out_path, errors='surrogate_or_strict')
        call = {'path': out_path, 'size': size}
        if source is None:
            call['sha256'] = hashlib.sha256(content).hexdigest()
        native = self.in_native_tmp(out_path)
        if native:
            # Ansible makes what it transfers executable for its owner; the directory lets nobody else in.
            call.update(mode='0700', directory=True)
            if source is not None and isinstance(self.destination, str) and self.destination.startswith('/'):
                # Should it be sent once more, to another place, the node has it already.
                call['places'] = [self.destination, os.path.join(self.destination, os.path.basename(source))]
        route = self.on_account or (self.account_route() if native else self.login_route())
        header, rest = {}, None
        if source is not None:
            header['source'] = source
        elif len(content) > INLINE_LIMIT:
            content, rest = b'', [content]
        self.session.request('put', route, [compact(call), content], header, content=rest)
        self.native_tmp_made = self.native_tmp_made or native

    def in_native_tmp(self, path):
        return self.native_tmp is not None and path.startswith(self.native_tmp + '/')

    def fetch_file(self, in_path, out_path):
        if self.passes_through():
            return super(NodeConnection, self).fetch_file(in_path, out_path)
        if self.mitogen_method == 'local':
            in_path = unfrackpath(in_path, basedir=self.cwd)
            out_path = unfrackpath(out_path, basedir=self.cwd)
        display.vvv('FETCH {0} TO {1}'.format(in_path, out_path), host=self.host_shown)
        in_path = to_text(in_path, errors='surrogate_or_strict')
        route = self.on_account or (
            self.account_route() if self.in_native_tmp(in_path) else self.login_route())
        # Whether it may have changed meanwhile, such as a log, is the action's to decide: it compares checksums.
        self.session.request('get', route, [compact({'path': in_path, 'changing': True})],
                             {'destination': os.path.abspath(to_text(out_path))})
        return 0, b'', b''

    def reset(self):
        if self.passes_through():
            return super(NodeConnection, self).reset()
        self.session.request('reset', self.login_route())
        self.close()

    def close(self):
        self._connected = False

    def is_pipelining_enabled(self, wrap_async=False):
        if self.passes_through():
            return super(NodeConnection, self).is_pipelining_enabled(wrap_async)
        from ansible import constants as C
        return not wrap_async and not C.DEFAULT_KEEP_REMOTE_FILES and (
            self.become is None or self.become.pipelining)

    # What vanilla's ssh would have said

    def uses_terminal(self):
        """Whether vanilla asks for a terminal for a command that reads nothing."""
        return self.mitogen_method == 'ssh' and bool(routes.option(self, 'use_tty', True))

    def would_pipeline(self):
        """Whether vanilla hands a module to its interpreter's stdin, where a terminal would be in the way."""
        become = self.become
        return bool(routes.option(self, 'pipelining', self._play_context.pipelining)) and (
            become is None or getattr(become, 'pipelining', become.name != 'su'))

    def types_password(self):
        """Whether vanilla types a password for each command, to get to the task's account."""
        return (self.become is not None and self.become_changes_account()
                and bool(routes.option(self.become, 'become_pass')))

    def as_on_terminal(self, stdout, stderr, password_typed):
        """The output of a command as vanilla returns it from a terminal."""
        if password_typed:
            # The newline behind the prompt is output.
            stdout = b'\r\n' + stdout
        which = b'Shared connection' if self._shares_connection() else b'Connection'
        return stdout, stderr + which + b' to %s closed.\r\n' % to_bytes(self._ssh_host())

    def _ssh_host(self):
        return routes.option(self, 'host') or self._play_context.remote_addr

    def _shares_connection(self):
        return any('controlpersist' in (routes.option(self, name) or '').lower()
                   for name in ('ssh_args', 'ssh_common_args', 'ssh_extra_args'))


def become_prompts(become):
    """The prompt rules and secrets for a command that Ansible's become plugin has wrapped."""
    # From its success on, what a command prints is its own, and its stdin is let go.
    rules, secrets = [{'match': 'contains', 'text': become.success, 'then': {'begin': True}}], {}
    password = routes.option(become, 'become_pass')
    for text in become.fail:
        rules.append(_failure(text, 'Incorrect %s password' % become.name))
    for text in become.missing:
        rules.append(_failure(text, 'Missing %s password' % become.name))
    if become.prompt and password:
        secrets['become_password'] = password
        for text in becoming.prompt_texts(become):
            rules.append({'match': 'contains', 'text': text, 'then': {'send': 'become_password'}})
    return rules, secrets


def _failure(text, message):
    return {'match': 'contains', 'text': text,
            'then': {'fail': {'code': 'become', 'message': message, 'hint': ''}}}


def without_success(stdout, success, keeps_front):
    """The output of a command without the line by which its become method says that it worked.

    :param keeps_front: vanilla's ssh leaves what was said before that line, vanilla's local does not.
    """
    marker = to_bytes(success)
    at = stdout.find(marker)
    if at < 0:
        return stdout
    front = stdout[:stdout.rfind(b'\n', 0, at) + 1] if keeps_front else b''
    end = stdout.find(b'\n', at)
    return front if end < 0 else front + stdout[end + 1:]
