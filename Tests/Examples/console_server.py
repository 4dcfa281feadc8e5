"""A console server, as a vendor would build one: it asks for login and password in the stream that the shell then has."""
import socketserver
import subprocess
import threading

LOGIN, PASSWORD = b"admin", b"open sesame"


class Line(socketserver.BaseRequestHandler):
    """One who has called."""

    def handle(self):
        self.request.sendall(b"\r\nconsole server 7\r\n\r\nlogin: ")
        login = self.line()
        self.request.sendall(b"Password: ")
        password = self.line()
        if (login, password) != (LOGIN, PASSWORD):
            self.request.sendall(b"\r\nLogin incorrect\r\n")
            return
        self.request.sendall(b"\r\nLast login: yesterday\r\n$ ")
        command = self.line()
        # Nothing is echoed, and the command's own streams are the line's.
        subprocess.run(["/bin/sh", "-c", command], stdin=self.request, stdout=self.request, stderr=subprocess.DEVNULL,
                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.server.home, "CONSOLE_LINE": "ttyS7"})

    def line(self) -> bytes:
        """One byte at a time: what follows is for the command."""
        text = b""
        while not text.endswith(b"\n"):
            byte = self.request.recv(1)
            if not byte:
                break
            text += byte
        return text.rstrip(b"\r\n")


class ConsoleServer:
    """`with ConsoleServer(home) as server:` listens at `server.port` of 127.0.0.1."""

    def __init__(self, home):
        self.home = str(home)

    def __enter__(self):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line)
        self.server.daemon_threads, self.server.home = True, self.home
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
