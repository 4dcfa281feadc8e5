"""What all connections of one Ansible run share: the router, the client, and how errors are told to Ansible."""

import contextvars
import json
import os
from contextlib import contextmanager

from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.utils.display import Display

from . import workers
from .catalogue import Catalogue
from .client import Client, RouterError, RouterGone
from .router import Router

display = Display()

#: -v's count -> what the router passes on. Everything is displayed at -vvv; more of it with each further v.
LOG_LEVELS = {3: 'info', 4: 'debug', 5: 'debug', 6: 'debug'}

#: Codes of errors that leave a host unreachable. All others fail the task.
UNREACHABLE = frozenset(['unreachable', 'authentication', 'timeout', 'node_lost'])

#: The client of one task where a process has several.
_own_client = contextvars.ContextVar('own_client', default=None)


class Session(object):
    """Made in Ansible's main process before it forks; its workers have it by inheritance."""

    def __init__(self, router):
        self.router = router
        self._client = self._new_client()
        #: The environment that the router, and so the node on this machine, was started with.
        self.environment = dict(os.environ)
        self._raw_environment = dict(_raw_environment())
        self._pid = os.getpid()
        self._catalogue = None
        #: Hops of become methods that were asked about -> whether their plugin refuses them.
        self.refused = {}

    @classmethod
    def start(cls):
        return cls(Router.start())

    def _new_client(self):
        return Client(self.router.path, LOG_LEVELS.get(display.verbosity, 'warning'), _show)

    @property
    def client(self):
        return _own_client.get() or self._client

    @contextmanager
    def own_client(self):
        """While it lasts, this thread, and those that it starts with its context, have a link of their own: as long as a
        link lasts, the router keeps what its last request has used."""
        client = self._new_client()
        token = _own_client.set(client)
        try:
            yield
        finally:
            _own_client.reset(token)
            client.close()

    @property
    def catalogue(self):
        """The router's methods; asked for once, in the main process. Raises `RouterError`."""
        if self._catalogue is None:
            (text,) = self.client.request({'op': 'catalogue', 'hops': 0})
            # Nothing is read from this link until the next request of the main process, if there is one.
            self.client.close()
            self._catalogue = Catalogue.from_json(text)
        return self._catalogue

    def recognise(self, module):
        """What the router says of a module's kind: `{}` where no runner knows it."""
        try:
            (text,) = self.client.request({'op': 'recognise', 'hops': 0, 'module': module})
        except RouterError as error:
            raise self.ansible_error(error, ()) from None
        if os.getpid() == self._pid:
            # As above.
            self.client.close()
        return json.loads(text)

    @property
    def is_told(self):
        """Whether log records of nodes are displayed."""
        return display.verbosity in LOG_LEVELS

    def hear(self):
        """Log records come with the answer to any request."""
        self.client.request({'op': 'status', 'hops': 0})
        self.client.close()

    def begin(self, op, route, parts=(), header=None, **more):
        head = {'op': op, 'hops': len(route)}
        if header:
            head.update(header)
        return self.client.begin(head, list(route) + list(parts), **more)

    def wait(self, stream, route):
        try:
            with workers.away():
                return self.client.wait(stream)
        except RouterError as error:
            raise self.ansible_error(error, route) from None

    def request(self, op, route, parts=(), header=None, **more):
        """One request and its reply's parts; errors in Ansible's form."""
        try:
            stream = self.begin(op, route, parts, header, **more)
        except RouterError as error:
            raise self.ansible_error(error, route) from None
        return self.wait(stream, route)

    def changed_environment(self):
        """What the main process or a plugin set in the environment since the router started."""
        if _raw_environment() == self._raw_environment:
            return {}
        return {name: value for name, value in os.environ.items() if self.environment.get(name) != value}

    def ansible_error(self, error, route):
        """The exception that Ansible understands. It carries `mitogen_code`."""
        text = str(error)
        if isinstance(error, RouterGone):
            why = self.router.why_gone()
            if why:
                text = '%s\n%s' % (text, why)
        kind = AnsibleError
        if error.code == 'become' or (error.code == 'authentication' and self._concerns_become(error, route)):
            text = _become_text(error, route)
        elif error.code == 'timeout' and self._concerns_become(error, route):
            # Ansible's own words, which playbooks look for.
            kind, text = AnsibleConnectionFailure, 'Timeout waiting for privilege escalation prompt: %s' % text
        elif error.code == 'authentication':
            kind = AnsibleAuthenticationFailure
        elif error.code in UNREACHABLE:
            kind = AnsibleConnectionFailure
        elif error.code == 'not_found':
            kind = AnsibleFileNotFound
        mapped = kind(text)
        mapped.mitogen_code = error.code
        mapped.mitogen_text = str(error)
        return mapped

    def _concerns_become(self, error, route):
        """Whether it is about the last hop, and that one changes the account."""
        if not route:
            return False
        last = json.loads(route[-1])
        return self.catalogue.become(last.get('method')) is not None and _become_name(last) in error.message


def _raw_environment():
    """The dictionary behind os.environ: comparing it costs a thirtieth of comparing the mapping."""
    return getattr(os.environ, '_data', os.environ)


def _become_name(hop):
    """What Ansible calls the become method of a hop: the generic one stands for many."""
    return hop.get('options', {}).get('method') or hop.get('method')


def _become_text(error, route):
    """For a password Ansible's own words, which playbooks look for; -vvv has what happened. Otherwise all we know."""
    method = _become_name(json.loads(route[-1])) if route else 'become'
    message = error.message.lower()
    if 'password' not in message:
        return str(error)
    if message.startswith(('incorrect', 'missing')):
        return error.message
    display.vvv(str(error))
    wrong = 'incorrect' in message or 'wrong' in message
    return '%s %s password' % ('Incorrect' if wrong else 'Missing', method)


def _show(level, logger, text):
    display.vvv('[mitogen %s] %s' % (logger or level, text))
