"""Modules whose runs go together: several pieces of one action, each of which waits where its module would run.

A piece is a function that calls Ansible's own, in a thread of its own, of which only one runs at any time: so nothing of
Ansible's needs to be safe for threads. When each of them waits for a module or has ended, the runs that are wanted go to
the node in one request for each program, and each piece goes on with the result of its own.
"""

import contextvars
import os
import threading

from . import modules
from .client import INLINE_LIMIT
from .connection import compact

#: Bytes of files and arguments in one request, far below the wire's limit for a message.
BATCH_LIMIT = 4 * 1024 * 1024
#: A request has three parts for each run, and their number is of 16 bits.
BATCH_COUNT = 4096


class Abandoned(BaseException):
    """Ends a piece whose run has no sense any more: one before it has failed. No handler of Ansible's takes it for its own."""


class Piece(threading.Thread):
    """One of the functions, and in the end what it returned or raised.

    `wanted` is the plan that it waits for; `file` what the module will read, as (path there, content).
    """

    def __init__(self, function, action, ansible):
        super().__init__(daemon=True)
        self._function = function
        self._action = action
        self._ansible = ansible
        self._context = contextvars.copy_context()
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._answer = None
        self.wanted = self.file = self.value = self.error = None
        self.is_abandoned = False
        #: A file too large to go with its module lies there now.
        self._is_alone = False

    def run(self):
        try:
            self.value = self._context.run(self._function)
        except Abandoned:
            self.is_abandoned = True
        except BaseException as error:
            self.error = error
        self._stopped.release()

    def begin(self):
        self.start()
        self._stopped.acquire()

    def resume(self, answer):
        """`answer`: rc, stdout, stderr; None ends the piece."""
        self._answer, self.wanted, self.file = answer, None, None
        self._go.release()
        self._stopped.acquire()

    # In the thread itself

    def take(self, local, there):
        """A file is to be transferred for the module that follows. Whether it goes with that."""
        if os.path.getsize(local) > INLINE_LIMIT:
            self._is_alone = True
            return False
        with open(local, 'rb') as file:
            self.file = (there, file.read())
        return True

    def module(self, plan):
        """The result of a module; what cannot go with others runs at once."""
        is_alone, self._is_alone = self._is_alone, False
        if is_alone or plan.discovery or plan.kind.interpreter != 'node':
            return modules.run(self._action, plan, self._ansible)
        self.wanted = plan
        self._stopped.release()
        self._go.acquire()
        if self._answer is None:
            raise Abandoned()
        return self._answer


def current():
    """The piece that runs, or None: the action runs as a whole."""
    thread = threading.current_thread()
    return thread if isinstance(thread, Piece) else None


def run(functions, action, directory, ansible):
    """Runs all of them to their end, in as few requests as that takes. Returns the pieces, in order.

    Behind a piece one of whose modules failed, pieces that still wait are abandoned, as if they had never been come to.
    `directory`: the node's own, for the files of modules.
    """
    pieces = [Piece(function, action, ansible) for function in functions]
    try:
        for piece in pieces:
            piece.begin()
        last = len(pieces)
        while True:
            waiting = [(at, piece) for at, piece in enumerate(pieces) if piece.wanted]
            if not waiting:
                return pieces
            for at, piece in waiting:
                if at > last:
                    piece.resume(None)
            for batch in list(batches([pair for pair in waiting if pair[0] <= last])):
                last = min(last, _run_batch([pair for pair in batch if pair[0] <= last], action, directory, last))
    finally:
        # Those that an exception here, such as a task's time limit, has left waiting.
        for piece in pieces:
            if piece.wanted:
                piece.resume(None)


def batches(waiting):
    """Lists of (place, piece) that one request can take: one program, one kind of call, and within the limits."""
    groups = {}
    for at, piece in waiting:
        groups.setdefault((piece.wanted.module['name'], compact(piece.wanted.call)), []).append((at, piece))
    for group in groups.values():
        batch, size = [], 0
        for at, piece in group:
            weight = len(piece.wanted.arguments) + len(piece.file[1] if piece.file else b'')
            if batch and (size + weight > BATCH_LIMIT or len(batch) >= BATCH_COUNT):
                yield batch
                batch, size = [], 0
            batch.append((at, piece))
            size += weight
        yield batch


def _run_batch(batch, action, directory, last):
    """One request; resumes its pieces. Returns the place of the first whose module failed, or `last`."""
    if not batch:
        return last
    plan = batch[0][1].wanted
    results = modules.run_batch(action, plan, [(piece.wanted.arguments, piece.file) for _, piece in batch], directory)
    for (at, piece), result in zip(batch, results):
        piece.resume(result)
        if result[0]:
            last = min(last, at)
    for _, piece in batch[len(results):]:
        piece.resume(None)
    return last
