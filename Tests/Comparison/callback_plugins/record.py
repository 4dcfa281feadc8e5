"""Records every result that Ansible hands to callbacks as a line of JSON in the file $RECORD_TO."""
import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: aggregate
short_description: records every task's result as JSON
description: One line of JSON for each event, for comparing two runs.
"""


def plain(value):
    """`value` in JSON's own types: newer releases of Ansible tag their strings and numbers with where they come from."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    return str(value)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.file = open(os.environ["RECORD_TO"], "w", buffering=1)
        self.play = ""

    def write(self, event, host, where, result):
        record = {"event": event, "host": host, "play": self.play, "task": where, "at": round(time.monotonic(), 3), "result": plain(result)}
        self.file.write(json.dumps(record, sort_keys=True) + "\n")

    def write_result(self, event, result):
        # 2.19 renamed the parts; the old names still work there, with a warning
        public = hasattr(type(result), "result")
        task = result.task if public else result._task
        where = "%s (%s)" % (task.get_name(), os.path.basename(task.get_path() or ""))
        host = result.host if public else result._host
        self.write(event, host.get_name(), where, result.result if public else result._result)

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name()

    def v2_runner_on_ok(self, result):
        self.write_result("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.write_result("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result):
        self.write_result("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self.write_result("unreachable", result)

    def v2_runner_item_on_ok(self, result):
        self.write_result("item ok", result)

    def v2_runner_item_on_failed(self, result):
        self.write_result("item failed", result)

    def v2_runner_item_on_skipped(self, result):
        self.write_result("item skipped", result)

    def v2_runner_retry(self, result):
        self.write_result("retry", result)

    def v2_runner_on_async_failed(self, result):
        self.write_result("async failed", result)

    def v2_playbook_on_notify(self, handler, host):
        self.write("notify", host.get_name(), handler.get_name(), {})

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            self.write("recap", host, "recap", stats.summarize(host))
