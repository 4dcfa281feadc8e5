"""Several hosts' tasks in one worker.

For each task and host Ansible forks a worker. On a controller that talks to many hosts these forks, and what each worker touches
of its parent's memory, cost more than the tasks. Where more workers may run than the processors can make use of, the workers
of several hosts become one *crew*: one process, in which each host's part is a thread of which one runs at any time.
Another one runs while it waits for the router, and only then, so nothing of Ansible's needs to be safe for threads.

What a worker changes it changes in its own copy, as in a process of its own: `HostWorker.take_part`. All else is Ansible's:
how many hosts have a task at a time, results, limits. What may wait for anything but the router has a process of its own:
`may_share`.
"""

import contextvars
import inspect
import io
import math
import mmap
import os
import sys
import threading
import traceback
from contextlib import contextmanager, nullcontext

from ansible.executor.process import worker as worker_module
from ansible.plugins import strategy as strategy_module
from ansible.utils.display import Display

display = Display()

#: Hosts in a worker: a number, 1 for none but its own; by itself as many as leave one crew for each processor.
SETTING = 'MITOGEN_HOSTS_PER_WORKER'
#: What waits for one of a crew waits with all of them, and beyond this the forks that are saved are few: of 400 workers' CPU
#: crews of 5 save 46 %, of 10 50 %, of 20 53 %.
LARGEST = 16

#: Ansible's actions that wait for nothing but their modules, commands and files.
ACTIONS = frozenset([
    'assemble', 'assert', 'command', 'copy', 'debug', 'dnf', 'fail', 'fetch', 'gather_facts', 'normal', 'package', 'raw',
    'script', 'service', 'set_fact', 'set_stats', 'shell', 'template', 'unarchive', 'uri', 'yum'])
#: `with_`: lookups that only arrange what they are given.
ARRANGING = frozenset([
    'dict', 'flattened', 'indexed_items', 'items', 'list', 'nested', 'random_choice', 'sequence', 'subelements', 'together'])

#: The action that waits by sleeping where it has several modules to run.
FACTS = frozenset(['gather_facts', 'ansible.builtin.gather_facts', 'ansible.legacy.gather_facts'])

#: The baton of the crew that this process is, or None.
_baton = None


def away():
    """While it lasts, the thread waits for the router: another host's part may run."""
    return _baton.away() if _baton else nullcontext()


def crew_size(workers, processors, setting=''):
    """How many hosts go together, where at most `workers` have a task at a time."""
    if setting.isdigit() and int(setting):
        return min(int(setting), workers)
    return max(1, min(LARGEST, math.ceil(workers / max(processors, 1))))


def may_share(task, knows_action):
    """Whether a task waits for nothing but the router and its modules. `knows_action(task)`: whether its action does."""
    if task.async_val or task.until or task.retries is not None or task.timeout or task.delegate_to or task.throttle:
        return False
    if task.loop_control and task.loop_control.pause:
        return False
    return (not task.loop_with or task.loop_with in ARRANGING) and knows_action(task)


def connection_name(task, variables, play_context):
    """The name of the connection plugin as far as it can be told without templating, or None."""
    for name in (variables.get('ansible_connection'), task.connection, play_context.connection):
        if name:
            return name if isinstance(name, str) and '{{' not in name else None
    return None


class Baton(object):
    """Held by the one thread that runs. What is one thing for a process and another for each worker goes with it."""

    def __init__(self):
        self._free = threading.Lock()

    @contextmanager
    def held(self):
        with self._free:
            yield

    @contextmanager
    def away(self):
        mine = worker_module.current_worker, sys.stdout, sys.stderr
        self._free.release()
        try:
            yield
        finally:
            self._free.acquire()
            worker_module.current_worker, sys.stdout, sys.stderr = mine


class Crews(object):
    """In the main process: the workers that are about to go together.

    :param takes: whether a worker may share its process.
    :param part: a context manager made of the worker: what is around each task of those that share a process.
    """

    def __init__(self, takes, part):
        self.takes = takes
        self.part = part
        self._strategy = None
        self._waiting = []
        self._size = 1
        self._is_queueing = False

    @contextmanager
    def queueing(self, strategy):
        """A strategy looks for a free place, and starts a worker there."""
        if strategy is not self._strategy:
            self._strategy, self._waiting = strategy, []
            self._size = crew_size(len(strategy._workers), len(os.sched_getaffinity(0)), os.environ.get(SETTING, ''))
        self._is_queueing = True
        try:
            yield
        except BaseException:
            self._waiting = []
            raise
        finally:
            self._is_queueing = False
        if len(self._waiting) >= self._size:
            self.go()

    def may_wait(self, worker):
        """Whether the worker is started later, with others."""
        if self._size < 2 or not self._is_queueing or not self.takes(worker):
            return False
        self._waiting.append(worker)
        return True

    def waits(self, worker):
        return worker in self._waiting

    def is_wanted(self):
        """Whether those that wait will be started yet."""
        if self._is_queueing:
            # All places are taken, some by those that wait: none becomes free before they have begun.
            self.go()
        return not self._strategy._tqm._terminated

    def forget(self, worker):
        self._waiting.remove(worker)

    def go(self):
        members, self._waiting = self._waiting, []
        if members:
            members[0].lead(members)


class HostWorker(worker_module.WorkerProcess):
    """One host's task. `leader` is the worker whose process it runs in, once it does; by itself that is its own."""

    crews = None
    leader = members = None
    #: Its process could not be started.
    has_none = False

    # In the main process

    def start(self):
        if self.crews is None or not self.crews.may_wait(self):
            super(HostWorker, self).start()

    def lead(self, members):
        """Starts the process of a crew. Where that cannot be, Ansible finds its workers dead: these hosts are counted already."""
        if len(members) > 1:
            ended = mmap.mmap(-1, len(members))
            for place, member in enumerate(members):
                member.leader, member.ended, member.place = self, ended, place
            self.members = members
        try:
            super(HostWorker, self).start()
        except OSError as error:
            display.error('No process can be started for the tasks of %s: %s' % (
                ', '.join(member._host.name for member in members), error.strerror or error))
            for member in members:
                member.has_none = True

    def is_alive(self):
        if self.crews is not None and self.crews.waits(self):
            return self.crews.is_wanted()
        if self.leader is None:
            return super(HostWorker, self).is_alive()
        return not self.ended[self.place] and super(HostWorker, self.leader).is_alive()

    @property
    def exitcode(self):
        """Of the process, as long as the host's part has not ended well."""
        if self.has_none:
            return 1
        if self.leader is None:
            return super(HostWorker, self).exitcode
        return None if self.ended[self.place] else super(HostWorker, self.leader).exitcode

    def terminate(self):
        if self.crews is not None and self.crews.waits(self):
            self.crews.forget(self)
        else:
            super(HostWorker, self.leader or self).terminate()

    def close(self):
        # A crew's process outlives the parts that have ended.
        if self.leader is None:
            super(HostWorker, self).close()

    # In the worker

    def run(self):
        self._context = contextvars.copy_context()
        return super(HostWorker, self).run()

    def _run(self):
        if self.members is None:
            return super(HostWorker, self)._run()
        global _baton
        _baton = Baton()
        threads = [threading.Thread(target=self._context.copy().run, args=(member.take_part,), daemon=True)
                   for member in self.members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def take_part(self):
        try:
            with _baton.held():
                self._stand_alone()
                with self.crews.part(self):
                    super(HostWorker, self)._run()
                self.ended[self.place] = 1
        except BaseException:
            self._hard_exit(traceback.format_exc())

    def _stand_alone(self):
        """What a worker changes: copies, where a process of its own would have had them."""
        # A worker empties its host before it sends it. (A host's own ways of copying make it anew.)
        host = object.__new__(type(self._host))
        host.__dict__.update(self._host.__dict__)
        self._host = host
        task = self._task.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = self._task._parent
        self._task = task
        self._play_context = self._play_context.copy()
        # Each has its temporary files.
        loader = object.__new__(type(self._loader))
        loader.__dict__.update(self._loader.__dict__)
        loader._tempfiles = set()
        self._loader = loader
        if hasattr(self.leader, '_new_stdin'):
            self._new_stdin = self.leader._new_stdin
        if isinstance(sys.stdout, io.StringIO):
            # What a task writes there is told of, with its name.
            sys.stdout, sys.stderr = io.StringIO(), io.StringIO()


def is_known():
    """Whether strategies and workers are of this ansible-core as they have been so far."""
    expected = {
        (strategy_module.StrategyBase, '_queue_task'): ['self', 'host', 'task', 'task_vars', 'play_context'],
        (strategy_module.StrategyBase, '_process_pending_results'): ['self', 'iterator', 'one_pass', 'max_passes'],
        (worker_module.WorkerProcess, 'run'): ['self'],
        (worker_module.WorkerProcess, '_run'): ['self'],
        (worker_module.WorkerProcess, '_hard_exit'): ['self', 'e'],
    }
    return hasattr(worker_module, 'current_worker') and strategy_module.WorkerProcess is worker_module.WorkerProcess and all(
        hasattr(owner, name) and list(inspect.signature(getattr(owner, name)).parameters) == parameters
        for (owner, name), parameters in expected.items())


def install(crews):
    """Strategies make workers of ours from now on; those of plays that are not ours have a process each."""
    HostWorker.crews = crews
    base = strategy_module.StrategyBase
    queue_task, process_results = base._queue_task, base._process_pending_results

    def _queue_task(strategy, *args, **kwargs):
        with crews.queueing(strategy):
            return queue_task(strategy, *args, **kwargs)

    def _process_pending_results(strategy, iterator, one_pass=False, max_passes=None):
        if max_passes is None:
            # With a limit it is asked between two hosts; without, when there are no more.
            crews.go()
        return process_results(strategy, iterator, one_pass=one_pass, max_passes=max_passes)

    base._queue_task, base._process_pending_results = _queue_task, _process_pending_results
    strategy_module.WorkerProcess = HostWorker
