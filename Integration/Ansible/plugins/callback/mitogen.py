"""Switches Mitogen on, for playbooks, ad-hoc commands and the console, with any strategy.

Ansible imports every callback in its main process before it starts a worker. So importing this one is enough, if
`callbacks_enabled` names it; the events only serve to prepare for the tasks to come.
"""

from __future__ import annotations

import os
import sys

from ansible.plugins.callback import CallbackBase

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from mitogen_swift import hooks  # noqa: E402

DOCUMENTATION = """
    name: mitogen
    type: aggregate
    short_description: Runs modules over persistent interpreters, through the Mitogen router
    description:
        - Enabling this callback switches Mitogen on. It prints nothing.
    requirements:
        - enable in configuration
"""

hooks.install_for_callback()


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'aggregate'
    CALLBACK_NAME = 'mitogen'
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task, is_conditional):
        hooks.hooks.task_is_coming(task)

    def v2_playbook_on_stats(self, stats):
        hooks.hooks.hear()

    def v2_playbook_on_handler_task_start(self, task):
        hooks.hooks.task_is_coming(task)
