"""The main process waits for its workers, where Ansible's looks after them.

Ansible's strategies look for results a thousand times a second, and for a free place among the workers several thousand times;
each time they ask the system for the state of every worker. Where the processors have the tasks of many hosts to run, that is
a tenth of all there is to do. Here a result that comes wakes who waits for it.
"""

import threading
import time
from collections import deque

from ansible.plugins import strategy as strategy_module

#: Seconds after which a strategy that waits looks whether all its workers live.
PATIENCE = 0.05
#: Seconds between two looks for a free place: of a worker that ends, nothing comes.
INTERVAL = 0.001


class Arrivals(deque):
    """The results of one strategy. A thread of Ansible's appends them."""

    def __init__(self, results=()):
        super(Arrivals, self).__init__(results)
        self._came = threading.Event()

    def append(self, result):
        super(Arrivals, self).append(result)
        self._came.set()

    def wait(self, seconds):
        """Until there is one, and at most so long."""
        self._came.clear()
        if not self:
            self._came.wait(seconds)


def arrivals(strategy):
    results = strategy._results
    if not isinstance(results, Arrivals):
        with strategy._results_lock:
            results = strategy._results = Arrivals(strategy._results)
    return results


def has_place(strategy):
    """Workers are asked in the order in which Ansible asks them: one that waits for others to start with is asked after all that do not."""
    workers, first = strategy._workers, strategy._cur_worker
    return any(worker is None or not worker.is_alive() for worker in workers[first:] + workers[:first])


def install(is_on):
    """From now on strategies wait, while `is_on()`."""
    base = strategy_module.StrategyBase
    queue_task, process_results = base._queue_task, base._process_pending_results

    def _queue_task(strategy, *args, **kwargs):
        while is_on() and not has_place(strategy):
            time.sleep(INTERVAL)
        return queue_task(strategy, *args, **kwargs)

    def _process_pending_results(strategy, iterator, one_pass=False, max_passes=None):
        # With a limit it is asked between two hosts; without, when there is nothing else to do.
        if max_passes is None and strategy._pending_results > 0 and is_on():
            arrivals(strategy).wait(PATIENCE)
        return process_results(strategy, iterator, one_pass=one_pass, max_passes=max_passes)

    base._queue_task, base._process_pending_results = _queue_task, _process_pending_results
