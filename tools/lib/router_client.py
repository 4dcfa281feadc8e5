"""A client of the router, as small as the protocol allows (Core/PROTOCOL.md): one request at a time."""
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import paths

HEADER = struct.Struct(">IIIBBH")
HELLO, PING, PONG, REQUEST, REPLY, DATA, ERROR = 1, 2, 3, 16, 17, 18, 22


class RouterRefused(Exception):
    """The router's ERROR."""


class Client:
    """One client of a router's socket."""

    def __init__(self, path: Path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.stream = 0
        self.send(HELLO, 0, json.dumps({"mitogen": 1, "features": [], "client": "probe", "pid": os.getpid()}).encode())
        self.hello = json.loads(self.receive()[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def another(self) -> "Client":
        return Client(self.path)

    def send(self, kind: int, stream: int, payload: bytes):
        self.socket.sendall(HEADER.pack(len(payload), 0, stream, kind, 0, 0) + payload)

    def is_spoken_to(self) -> bool:
        """Whether there is something to receive."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def receive(self) -> tuple[int, int, bytes]:
        """(kind, stream, payload) of the next frame."""
        length, _, stream, kind, _, _ = HEADER.unpack(self.exactly(HEADER.size))
        return kind, stream, self.exactly(length)

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise RouterRefused("the router has gone")
            data += piece
        return data

    def start(self, op: str, hops: list[dict] = (), *parts: bytes, **header) -> int:
        """Sends a request and does not wait; returns its stream. `header` is what its operation needs in addition."""
        self.stream += 1
        everything = [json.dumps({"op": op, "hops": len(hops)} | header).encode(), *(json.dumps(hop).encode() for hop in hops), *parts]
        lengths = struct.pack(">H", len(everything)) + b"".join(struct.pack(">I", len(part)) for part in everything)
        self.send(REQUEST, self.stream, lengths + b"".join(everything))
        return self.stream

    def replies(self, streams: set[int]) -> dict[int, bytes]:
        """Waits until every stream has its answer; returns their first parts."""
        return {stream: parts[0] for stream, parts in self.answers(streams).items()}

    def answers(self, streams: set[int]) -> dict[int, list[bytes]]:
        """Waits until every stream has its answer; returns all their parts."""
        answers: dict[int, list[bytes]] = {}
        while streams - answers.keys():
            kind, stream, payload = self.receive()
            if kind == PING:
                self.send(PONG, 0, payload)
            elif kind == ERROR:
                raise RouterRefused(payload.decode())
            elif kind == REPLY:
                count = struct.unpack_from(">H", payload)[0]
                lengths, at = struct.unpack_from(f">{count}I", payload, 2), 2 + 4 * count
                answers[stream] = [payload[at + sum(lengths[:index]):][:length] for index, length in enumerate(lengths)]
        return answers

    def request(self, op: str, hops: list[dict] = (), *parts: bytes, **header) -> bytes:
        stream = self.start(op, hops, *parts, **header)
        return self.replies({stream})[stream]


class Router(Client):
    """`with Router() as router:` a router of our own, and a client of it."""

    def __init__(self, environment: dict[str, str] | None = None, before: list[str] = ()):
        """`before`: words that stand before the router's command line."""
        self.directory = Path(tempfile.mkdtemp(prefix="probe-"))
        path = self.directory / "router"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(16)
            fd = listener.fileno()
            command = [*before, str(paths.MITOGEN), "router", "--listen-fd", str(fd), "--watch-pid", str(os.getpid()), "--directory", str(self.directory)]
            self.process = subprocess.Popen(command, pass_fds=[fd], env=environment, stdin=subprocess.DEVNULL)
        super().__init__(path)

    def __exit__(self, *_):
        super().__exit__()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def memory(self, kind: str = "VmRSS") -> int:
        """Of the router's process, in bytes."""
        return memory_of(self.process.pid, kind)


def memory_of(pid: int, kind: str = "VmRSS") -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(kind + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(kind)
