"""Writes how long each task took, as a line of JSON for each: from its start to its result, on the controller's clock."""
import json
import os
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_times"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.started = time.monotonic()

    def v2_runner_on_ok(self, result):
        seconds = time.monotonic() - self.started
        with open(os.environ["TASK_TIMES"], "a") as file:
            file.write(json.dumps({"task": result._task.get_name(), "seconds": seconds}) + "\n")
