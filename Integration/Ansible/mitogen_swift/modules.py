"""The module tier: a module runs on the node of the task's account, by one request.

`_execute_module` stays Ansible's. In place of the zip that `_configure_module` builds it gets a `Token`, and when it
hands that to `_low_level_execute_command` the module runs. So arguments, parsing of the result, warnings, facts and
tags are Ansible's own, in every release.
"""

import json
import os
import re

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.loader import module_loader, module_utils_loader
from ansible.utils.display import Display

from . import kinds, routes
from .client import encode_parts
from .connection import compact
from .isolation import full_name

display = Display()


class Token(bytes):
    """Stands for a module that is ready to run. Never transferred; `plan` says what to run and how."""

    plan = None


class Plan(object):
    """One run of one module."""

    __slots__ = ('module', 'kind', 'call', 'arguments', 'python', 'discovery', 'variables', 'through', 'vacates')

    def __init__(self, module, kind, call, arguments, python, discovery, variables):
        self.module = module
        self.kind = kind
        self.call = call
        self.arguments = arguments
        self.python = python
        #: The mode of interpreter discovery, if this run makes it.
        self.discovery = discovery
        self.variables = variables
        #: What stands between the executor and the module: `job`, `batch`, or nothing.
        self.through = None
        #: An account in which nothing of ours may stand while the module runs.
        self.vacates = None

    def header(self):
        return {'module': self.module, 'through': self.through} if self.through else {'module': self.module}


def find(action, module_name):
    """The module's path and, where Ansible must say what is wrong with it, None."""
    if tuple(action._connection.module_implementation_preferences) != ('',):
        return None
    result = module_loader.find_plugin_with_context(module_name, '', collection_list=action._task.collections)
    return result.plugin_resolved_path if result.resolved else None


def variables_of(action, task_vars):
    """The variables of the host that the task is for: with `delegate_to` that other host's."""
    delegate = action._task.delegate_to
    if delegate:
        return task_vars.get('ansible_delegated_vars', {}).get(delegate, task_vars)
    return task_vars


def inform(action):
    """Tells the connection for which host and variables it is asked."""
    variables = action._templar.available_variables
    name = action._task.delegate_to or variables.get('inventory_hostname')
    action._connection.task_is(variables_of(action, variables), action._templar, name)
    action._connection.destination = action._task.args.get('dest')


def description(name, path, ansible):
    """A module as the router is told of it; `ansible` is the facade of `hooks`."""
    return {
        'name': name,
        'path': path,
        'ansible': ansible.directory,
        'version': ansible.version,
        'utils': [path for path in module_utils_loader._get_paths(subdirs=False) if os.path.isdir(path)],
        'collections': ansible.collection_paths(),
    }


def kind_of(name, path, session, ansible):
    return kinds.kind_of(path, ansible.new_style, lambda: session.recognise(description(name, path, ansible)))


def plan(action, module_name, module_path, kind, module_args, task_vars, ansible):
    """What `_execute_module` of this action shall run. None: a script that the node cannot run, having no Python."""
    connection = action._connection
    variables = variables_of(action, task_vars)
    inform(action)
    python = connection.interpreter()
    call = {}
    discovery = python.mode
    if kind.interpreter != 'node':
        discovery = _plan_program(action, module_path, kind, call, variables, python, ansible)
        if discovery is None and not _has_python(connection, python):
            return None
    elif connection.uses_terminal() and not connection.would_pipeline():
        call['merge'] = True
    environment = {}
    action._compute_environment_string(environment)
    if environment:
        call['environment'] = {to_text(k): to_text(v, nonstring='simplerepr') for k, v in environment.items()}
    if connection.mitogen_method == 'local':
        # As Ansible's own `_low_level_execute_command` does.
        connection.cwd = to_bytes(action._loader.get_basedir())
    connection.call_context(call)
    isolation = variables.get('mitogen_task_isolation')
    if isolation is not None:
        call['isolation'] = to_text(action._templar.template(isolation))
    elif ansible.isolated.holds(full_name(module_name, module_path)):
        call['isolation'] = 'fork'
    if module_args.get('_ansible_tmpdir') and not connection.native_tmp_made:
        # Nothing was transferred, so the directory is not there: the module makes one if it needs one.
        if connection.in_native_tmp(module_args['_ansible_tmpdir'] + '/'):
            module_args['_ansible_tmpdir'] = None
    arguments = ansible.encode_arguments(module_args, kind.arguments)
    plan = Plan(description(module_name, module_path, ansible), kind, call, arguments, python, discovery, variables)
    if full_name(module_name, module_path) == 'ansible.builtin.user' and not action._task.check_mode:
        plan.vacates = account_to_leave(module_args)
    return plan


def account_to_leave(options):
    """Of `user`: the account that its tools refuse to touch while anything runs in it, or None."""
    if options.get('state') == 'absent' or options.get('uid') is not None or options.get('move_home'):
        return options.get('name') or options.get('user')


def _plan_program(action, path, kind, call, variables, python, ansible):
    """Adds to the call what the runner of a program needs. Returns the mode of discovery: Ansible looks for a Python
    only where the script asks for one."""
    connection = action._connection
    call['directory'] = routes.temporary_candidates(connection._shell)
    if connection.uses_terminal():
        call['merge'] = True
    if kind.interpreter == 'none':
        return None
    words = kinds.directive(path)
    call['interpreter'] = kinds.interpreter(words, variables, action._templar.template)
    if ansible.series < (2, 19) and os.path.basename(words[0]).startswith('python'):
        # ansible-core adds a line for the encoding, which tracebacks count.
        call['coding'] = True
    return python.mode if call['interpreter'][0] is None else None


def _has_python(connection, python):
    try:
        connection.session.request('node', connection.account_route(python))
    except AnsibleError as error:
        if getattr(error, 'mitogen_code', None) == 'no_python':
            return False
        raise
    return True


def shebang(plan):
    """What ansible-core takes for the first line of the module that runs."""
    known = (plan.variables.get('ansible_facts') or {}).get('discovered_interpreter_python')
    python = ' '.join(plan.python.argv or [known or '/usr/bin/python3'])
    return '#!' + ' '.join(python if word is None else word for word in plan.call.get('interpreter') or [None])


def run(action, plan, ansible):
    """The round trip. Returns rc, stdout, stderr."""
    connection = action._connection
    session = connection.session
    probe = None
    if plan.discovery and ansible.by_distribution:
        try:
            discover(action, plan, ansible, _Prober(action, connection.login_route(plan.python)))
        except _NoPython as found:
            return _without_python(action, plan, found.error)
        plan.python = connection.interpreter()
    route = connection.account_route(plan.python)
    if plan.vacates:
        session.request('vacate', connection.login_route(plan.python), [compact({'account': to_text(plan.vacates)})])
    if plan.discovery and not ansible.by_distribution:
        # Sent together with the module: the first task on a host costs no further round trip.
        login = connection.login_route(plan.python)
        probe = _begin(session, 'node', login)
    try:
        stream = _begin(session, 'run', route, [compact(plan.call), plan.arguments], plan.header())
        meta, stdout, stderr = session.wait(stream, route)
        connection.without_python = False
        if probe is not None:
            (hello,) = session.wait(probe, login)
            discover(action, plan, ansible, _Found(json.loads(hello).get('python')))
    except Exception as error:
        if probe is not None and not probe.ended:
            session.client.abandon(probe)
        return _without_python(action, plan, error)
    if plan.kind.interpreter == 'none':
        action._used_interpreter = None
    return (json.loads(meta).get('rc', 0),) + _as_seen(connection, plan, stdout, stderr)


def _as_seen(connection, plan, stdout, stderr):
    """What the module has written, as Ansible would get it."""
    if plan.call.get('merge'):
        return connection.as_on_terminal(stdout.replace(b'\n', b'\r\n'), stderr, connection.types_password())
    return stdout, stderr


def run_batch(action, plan, runs, directory):
    """One round trip for several runs of a module, one after the other.

    :param plan: of the first of them; the others differ in their arguments alone.
    :param runs: (arguments, (path there, content) or None) of each.
    :param directory: the node's own, made if it is not there.
    :returns: (rc, stdout, stderr) of each up to the first that failed.
    """
    connection = action._connection
    mark = os.urandom(8).hex()
    call = dict(plan.call, batch={'mark': mark, 'directory': directory})
    parts = []
    for arguments, file in runs:
        path, content = file or ('', b'')
        parts += [arguments, to_bytes(path), content]
    connection.native_tmp_made = True
    meta, stdout, stderr = connection.session.request(
        'run', connection.account_route(plan.python), [compact(call), encode_parts(parts)], {'module': plan.module, 'through': 'batch'})
    results = [(rc,) + _as_seen(connection, plan, out, err)
               for (rc, out), (_, err) in zip(marked(stdout, mark), marked(stderr, mark))]
    if len(results) < len(runs) and not (results and results[-1][0]):
        # Its interpreter ended with it.
        rc = json.loads(meta).get('rc', 0) or 1
        results.append((rc,) + _as_seen(connection, plan, stdout.rpartition(mark.encode())[2], stderr.rpartition(mark.encode())[2]))
    return results


def marked(output, mark):
    """[(rc, output)] of what was written by runs that each ended with a line of `mark` and rc."""
    pieces = re.split(b'\n%s ([0-9]+)\n' % mark.encode(), output)
    return [(int(rc), written) for written, rc in zip(pieces[0::2], pieces[1::2])]


def _without_python(action, plan, error):
    """Ansible has words of its own for this when it sees what a shell would have said."""
    if getattr(error, 'mitogen_code', None) != 'no_python':
        raise error
    name = plan.python.argv[0] if plan.python.argv else '/usr/bin/python3'
    action._used_interpreter = '#!' + name
    return 127, '', '/bin/sh: 1: %s: not found\n%s\n' % (name, error.mitogen_text)


def _begin(session, op, route, parts=(), header=None):
    from .client import RouterError
    try:
        return session.begin(op, route, parts, header)
    except RouterError as error:
        raise session.ansible_error(error, route) from None


class _NoPython(BaseException):
    """Ends Ansible's discovery, which would go on with a default."""

    def __init__(self, error):
        super().__init__()
        self.error = error


class _Prober(object):
    """Stands for the action in Ansible's own interpreter discovery, whose first command also tells whether the node has a Python at all."""

    def __init__(self, action, route):
        self._action = action
        self._route = route

    def __getattr__(self, name):
        return getattr(self._action, name)

    def _low_level_execute_command(self, *arguments, **named):
        session = self._action._connection.session
        # Sent together: it costs no round trip.
        node = _begin(session, 'node', self._route)
        try:
            answer = self._action._low_level_execute_command(*arguments, **named)
            session.wait(node, self._route)
        except AnsibleError as error:
            if not node.ended:
                session.client.abandon(node)
            if getattr(error, 'mitogen_code', None) == 'no_python':
                raise _NoPython(error) from None
            raise
        return answer


class _Found(object):
    """Stands for the action in Ansible's own interpreter discovery: its probe was answered by the node's HELLO."""

    def __init__(self, path):
        self._path = path

    def _low_level_execute_command(self, cmd, sudoable=True, in_data=None):
        return {'rc': 0, 'stdout': 'FOUND\n%s\nENDFOUND\n' % self._path, 'stderr': ''}


def discover(action, plan, ansible, prober):
    """Ansible's own discovery, with its words and its fact, over a probe that is ours."""
    found = ansible.discover_interpreter(prober, 'python', plan.discovery, plan.variables)
    key = 'discovered_interpreter_python'
    action._discovered_interpreter = found
    task = action._task
    plan.variables.setdefault('ansible_facts', {})[key] = found
    if not task.delegate_to or task.delegate_facts:
        action._discovered_interpreter_key = key
    plan.discovery = None
