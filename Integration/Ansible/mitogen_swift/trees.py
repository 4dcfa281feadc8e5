"""`copy` of a folder: its files go together.

Ansible's action copies one file after the other, each with two modules and a transfer: on a slow link a folder of small files costs
minutes. Here the action runs twice. The first time it only tells which files, folders and links there are; what it would do for
each is then done together (`together`), by Ansible's own code; and the second time it is told what came of each. So order, results and
messages are Ansible's, and so is the end at the first file that fails.
"""

import functools
import os

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from . import modules, together

NAMES = frozenset(['ansible.builtin.copy', 'ansible.legacy.copy', 'copy'])

#: Pieces that wait at the same time; each is a thread.
WINDOW = 500


def wrap(action_class, hooks):
    """Once for each class: its `run` looks first at what is to be copied."""
    original = action_class.run
    if hasattr(original, 'mitogen_original'):
        return

    @functools.wraps(original)
    def run(action, tmp=None, task_vars=None):
        if not (hooks.active and hooks.takes(action, task_vars) and is_tree(action)):
            return original(action, tmp, task_vars)
        return Tree(action, functools.partial(original, action, tmp, task_vars), hooks.facade).run()

    run.mitogen_original = original
    action_class.run = run


def is_tree(action):
    """Whether the task copies a folder of the controller's."""
    options = action._task.args
    source = options.get('src')
    if not isinstance(source, str) or not options.get('dest') or options.get('content') is not None:
        return False
    try:
        if boolean(options.get('remote_src', False), strict=False) or boolean(options.get('raw', False), strict=False):
            return False
        return os.path.isdir(action._find_needle('files', source))
    except (AnsibleError, TypeError):
        return False  # The action will say what is wrong.


class Tree(object):
    """One task. `act` runs the action as it is."""

    def __init__(self, action, act, ansible):
        self._action = action
        self._act = act
        self._ansible = ansible
        self._copy_file, self._execute_module = action._copy_file, action._execute_module
        #: What the action would do, in its order: for each a function without arguments.
        self._files, self._others = [], []

    def run(self):
        action = self._action
        modules.inform(action)
        try:
            action._copy_file = functools.partial(self._note, self._files, self._copy_file)
            action._execute_module = functools.partial(self._note, self._others, self._execute_module)
            # The files of all modules lie there.
            action._remove_tmp_path = lambda *arguments, **more: None
            noted = self._act()
        finally:
            del action._copy_file, action._execute_module, action._remove_tmp_path
        is_native = action._connection._shell.tmpdir == action._connection.native_tmp
        if len(self._files) + len(self._others) < 2 or noted.get('failed') or not is_native:
            return self._act()
        done = self._done(self._files)
        if not any(failed(piece) for piece in done):
            done += self._done(self._others)
        results = iter(done)
        action._copy_file = functools.partial(self._tell, results, self._copy_file)
        action._execute_module = functools.partial(self._tell, results, self._execute_module)
        try:
            return self._act()
        finally:
            del action._copy_file, action._execute_module

    @staticmethod
    def _note(steps, function, *arguments, **named):
        steps.append(functools.partial(function, *arguments, **named))
        return {'changed': False}

    @staticmethod
    def _tell(results, function, *arguments, **named):
        piece = next(results, None)
        if piece is None:
            # The results have led elsewhere than the action's first way.
            return function(*arguments, **named)
        if piece.error is not None:
            raise piece.error
        return piece.value

    def _done(self, steps):
        """The pieces up to the end, or to the window in which one has failed."""
        done = []
        directory = self._action._connection.native_tmp
        for at in range(0, len(steps), WINDOW):
            done += together.run(steps[at:at + WINDOW], self._action, directory, self._ansible)
            if any(failed(piece) for piece in done[at:]):
                break
        return done


def failed(piece):
    return piece.is_abandoned or piece.error is not None or bool(piece.value and piece.value.get('failed'))
