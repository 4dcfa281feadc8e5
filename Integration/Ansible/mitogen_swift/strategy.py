"""What our strategies add to Ansible's own: Mitogen is in force while they run, and in no other play."""

from .hooks import hooks


class Accelerated(object):
    """Mixed in before a stock strategy."""

    def run(self, *args, **kwargs):
        if not hooks.start():
            return super(Accelerated, self).run(*args, **kwargs)
        hooks.active += 1
        try:
            return super(Accelerated, self).run(*args, **kwargs)
        finally:
            hooks.hear()
            hooks.active -= 1

    def _queue_task(self, host, task, *args, **kwargs):
        hooks.task_is_coming(task)
        return super(Accelerated, self)._queue_task(host, task, *args, **kwargs)
