"""Asynchronous tasks: `_execute_module` transfers the module and its `async_wrapper`, and runs the wrapper. Ours are tokens
in place of both, nothing is transferred, and what the wrapper's command line says goes with the run.
"""

import os
import shlex

#: What `_execute_module` calls the module that starts a job.
WRAPPER = 'ansible.legacy.async_wrapper'


class Job(object):
    """A module that is about to be started as a job; `token` has its plan."""

    def __init__(self, action, path, token, words):
        self._action = action
        self._path = path
        self._words = words
        self.token = token
        #: Where the wrapper would be.
        self.wrapper = None

    def started_by(self, command):
        """The plan, completed by what the wrapper would be told; None for another command."""
        words = shlex.split(command)
        if self.wrapper not in words:
            return None
        at = words.index(self.wrapper)
        plan, directory = self.token.plan, os.path.dirname(self._path)
        plan.through = 'job'
        plan.call['job'] = {
            'id': words[at + 1],
            'limit': int(words[at + 2]),
            'words': self._words,
            'directory': directory,
            'preserve': not self._action._should_remove_tmp_path(directory),
            'command': self._shown(words[at + 3:], directory),
        }
        # The wrapper reads both streams apart.
        plan.call.pop('merge', None)
        self._action.mitogen_job = None
        return plan

    def _shown(self, words, directory):
        """How the wrapper shows the command of a job that has no result: from 2.21 on with its interpreter."""
        command = words[2:] if words[0] in ('true', 'false') else [self._path]
        if self.token.plan.kind.interpreter != 'node':
            command.append(directory + '/args')
        return ' '.join(command)


def of(action):
    """The job that this action is about to start, or None."""
    return getattr(action, 'mitogen_job', None)


def begin(action, path, token, ansible):
    """A token was to be transferred: the module, then the wrapper."""
    job = of(action)
    if job is None:
        action.mitogen_job = Job(action, path, token, ansible.no_and_yes)
    else:
        job.wrapper = path
