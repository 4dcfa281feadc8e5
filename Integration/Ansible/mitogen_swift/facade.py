"""What of ansible-core is not public and is not the same in all series: names, signatures, and what differs."""

import inspect
import json
import os
from contextlib import nullcontext

import ansible
from ansible import constants as C
from ansible.executor import interpreter_discovery, module_common
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.release import __version__
from ansible.utils.collection_loader import AnsibleCollectionConfig

from . import isolation, kinds, modules, workers

OLDEST, NEWEST = (2, 16), (2, 21)

_SIGNATURES = {
    '_compute_environment_string': ['raw_environment_out'],
    '_configure_module': ['module_name', 'module_args', 'task_vars'],
    '_fixup_perms2': ['remote_paths', 'remote_user', 'execute'],
    '_is_become_unprivileged': [],
    '_is_pipelining_enabled': ['module_style', 'wrap_async'],
    '_low_level_execute_command': ['cmd', 'sudoable', 'in_data', 'executable', 'encoding_errors', 'chdir'],
    '_make_tmp_path': ['remote_user'],
    '_remote_expand_user': ['path', 'sudoable', 'pathsep'],
    '_remove_tmp_path': ['tmp_path', 'force'],
    '_should_remove_tmp_path': ['tmp_path'],
    '_transfer_data': ['remote_path', 'data'],
    '_transfer_file': ['local_path', 'remote_path'],
}
#: What the newest series adds.
_SIGNATURES_2_21 = {'_low_level_execute_command': _SIGNATURES['_low_level_execute_command'] + ['process_result']}


class Facade(object):
    """ansible-core's functions as `modules` calls them, whatever the series calls them."""

    def __init__(self, version):
        self.series = version
        self.version = __version__
        self.directory = os.path.dirname(os.path.realpath(ansible.__file__))
        self.by_distribution = version < (2, 19)
        #: How async_wrapper writes what is or is not so.
        self.no_and_yes = [0, 1] if version < (2, 19) else [False, True]
        self.new_style = module_common.NEW_STYLE_PYTHON_MODULE_RE
        self.isolated = isolation.configured()
        self.discover_interpreter = interpreter_discovery.discover_interpreter
        if version < (2, 19):
            from ansible.module_utils.common.json import AnsibleJSONEncoder
            self._encoding = {'cls': AnsibleJSONEncoder, 'vault_to_text': True}
        else:
            from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
            self._encoding = {'cls': get_module_encoder('legacy', Direction.CONTROLLER_TO_MODULE)}
            # ansible-core imports what reads results when the first result comes: in each worker.
            get_module_decoder('legacy', Direction.MODULE_TO_CONTROLLER)

    def encode_arguments(self, arguments, form):
        """As a runner's plan asks for them."""
        if form == 'words':
            return kinds.as_words(arguments)
        if form == 'ansible':
            arguments = {'ANSIBLE_MODULE_ARGS': arguments}
        return json.dumps(arguments, **self._encoding).encode('utf-8')

    def task_context(self, worker):
        """What a worker enters before its task."""
        if self.series < (2, 19):
            return nullcontext()
        from ansible._internal import _task
        if hasattr(_task.TaskContext, 'create'):
            return _task.TaskContext.create(task=worker._task, task_vars=worker._task_vars, host_name=worker._host.name)
        return _task.TaskContext(worker._task)

    def waits_for_modules_only(self, action_class):
        """Whether it is an action of Ansible's own of which that is known; None is the one for modules without."""
        if action_class is None:
            return True
        folder, name = os.path.split(getattr(action_class, '_original_path', ''))
        return folder == os.path.join(self.directory, 'plugins', 'action') and os.path.splitext(name)[0] in workers.ACTIONS

    @staticmethod
    def has_one_facts_module(variables):
        """Whether `gather_facts` runs `setup`, and nothing beside it, on a host with these variables."""
        return list(C.config.get_config_value('FACTS_MODULES', variables=variables)) == ['smart']

    def collection_paths(self):
        return [to_text(path) for path in AnsibleCollectionConfig.collection_paths]

    def configured(self, token, path):
        """What `_configure_module` returns for a module whose source stays here. Whatever its kind, it is called new:
        for all others ansible-core transfers files."""
        shebang = modules.shebang(token.plan)
        if self.series < (2, 19):
            return 'new', shebang, token, path
        return module_common._BuiltModule(
            b_module_data=token, module_style='new', shebang=shebang, serialization_profile='legacy'), path


def series(version=__version__):
    """(2, 19) for 2.19.4."""
    major, minor = version.split('.')[:2]
    return int(major), int(minor)


def mismatches(version):
    """What the module tier relies on and this ansible-core has not got: one line for each; empty if all is there."""
    found = []
    expected = dict(_SIGNATURES)
    if version >= (2, 21):
        expected.update(_SIGNATURES_2_21)
    for name, parameters in sorted(expected.items()):
        function = getattr(ActionBase, name, None)
        if function is None:
            found.append('ActionBase.%s is missing' % name)
            continue
        actual = list(inspect.signature(function).parameters)[1:]
        if actual != parameters:
            found.append('ActionBase.%s takes (%s), not (%s)' % (name, ', '.join(actual), ', '.join(parameters)))
    discovery = getattr(interpreter_discovery, 'discover_interpreter', None)
    if discovery is None or list(inspect.signature(discovery).parameters) != [
            'action', 'interpreter_name', 'discovery_mode', 'task_vars']:
        found.append('interpreter_discovery.discover_interpreter has changed')
    if not hasattr(module_common, 'NEW_STYLE_PYTHON_MODULE_RE'):
        found.append('module_common.NEW_STYLE_PYTHON_MODULE_RE is missing')
    if version >= (2, 19):
        built = getattr(module_common, '_BuiltModule', None)
        needed = ['b_module_data', 'module_style', 'shebang', 'serialization_profile']
        if built is None or list(inspect.signature(built).parameters)[:4] != needed:
            found.append('module_common._BuiltModule has changed')
    return found
