"""What a play came to, one line of JSON for each task of each host, for `mitogen plugins check --live`."""
import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: verdicts
type: stdout
short_description: verdicts as lines of JSON
description: One line for each task of each host.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "verdicts"

    def say(self, grade, result, text):
        # 2.19 renamed the parts; the old names still work there, with a warning
        public = hasattr(type(result), "result")
        host = result.host if public else result._host
        task = result.task if public else result._task
        values = result.result if public else result._result
        said = {"grade": grade, "host": str(host.get_name()), "task": str(task.get_name()), "text": str(text or values.get("msg") or values)}
        print(json.dumps(said), flush=True)

    def v2_runner_on_ok(self, result):
        self.say("ok", result, "as it should be")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.say("ok" if ignore_errors else "fail", result, "fails, as it should" if ignore_errors else "")

    def v2_runner_on_unreachable(self, result):
        self.say("fail", result, "")

    def v2_runner_on_skipped(self, result):
        self.say("note", result, "left out: ansible_become_user is not set")
