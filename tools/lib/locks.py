"""What one tool does at a time, though several be run beside each other."""
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import paths


@contextmanager
def held(name: str) -> Iterator[None]:
    """Waits for who has it. It goes with the process, however that ends."""
    folder = paths.CACHE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
