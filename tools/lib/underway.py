"""Programs that a tool runs beside each other, and that a signal to the tool ends."""
import signal
import subprocess
import threading


class Ended(Exception):
    """No program is started any more."""


class Underway:
    """Each has a session of its own, so that ^C reaches the tool alone; the tool passes it on, once."""

    #: Seconds that programs have to end what they started themselves.
    GRACE = 120

    def __init__(self):
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen] = set()
        self._has_ended = False

    def run(self, command: list[str], **more) -> int:
        """The program's status; `more` as of Popen."""
        with self._lock:
            if self._has_ended:
                raise Ended
            process = subprocess.Popen(command, start_new_session=True, **more)
            self._running.add(process)
        status = process.wait()
        with self._lock:
            self._running.discard(process)
            if self._has_ended:
                raise Ended
        return status

    def end(self):
        """Interrupts all, for which each has a way to clean up, and lets no other begin."""
        with self._lock:
            self._has_ended = True
            running = list(self._running)
            for process in running:
                process.send_signal(signal.SIGINT)
        for process in running:
            try:
                process.wait(self.GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
