"""Servers for single tests: an sshd with a configuration of its own, and ports where something else listens."""
import contextlib
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from hosts import Hosts


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def running(mark: str) -> list[str]:
    """Command lines of this machine that hold the mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if mark in command:
                found.append(command)
    return found


class Server:
    """An sshd on a free port, with the keys of the others; `lines` stand before what `common.sh` says to all."""

    def __init__(self, hosts: Hosts, folder: Path, lines: tuple[str, ...] = ()):
        self.port = free_port()
        ssh = hosts.state / "ssh"
        usual = (f"ListenAddress 127.0.0.1:{self.port}", f"HostKey {ssh}/host_key", f"AuthorizedKeysFile {ssh}/authorized_keys", "StrictModes no", "UsePAM yes",
                 "PidFile none", "PermitRootLogin yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication no", "UseDNS no", "PrintMotd no")
        folder.mkdir()
        self.log = folder / "log"
        (folder / "sshd_config").write_text("\n".join((*lines, *usual)) + "\n")
        with open(self.log, "w") as log:
            command = [shutil.which("sshd", path="/usr/sbin"), "-D", "-e", "-f", str(folder / "sshd_config")]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)  # nothing tells when a port listens: it is tried again

    def stop(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def listening(says: bytes | None = None):
    """A port where something listens that says nothing, or that and no more."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4)

        def serve():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                connection.sendall(says)
                connection.recv(1024)
                connection.close()

        if says is not None:
            threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
