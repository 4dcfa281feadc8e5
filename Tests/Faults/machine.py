"""A machine that can be rebooted: an sshd of its own, whose reboot ends all that runs in it and changes its boot id."""
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from processes import eventually, everything, read

#: Ends the server and every process that came from it, then starts it again. The order to reboot is answered before.
REBOOT = """#!/bin/bash
[ "$1" = now ] || { setsid -f "$0" now </dev/null >/dev/null 2>&1; exit 0; }
family() { local child; for child in $(cat /proc/$1/task/$1/children); do family "$child"; echo "$child"; done; }
old=$(cat pid)
members=$(family "$old")
kill "$old"
kill -KILL $members
until [ ! -e "/proc/$old" ] || grep -q "^State:.Z" "/proc/$old/status"; do sleep 0.02; done
echo "boot $$" >boot_id
exec ./start
"""
START = """#!/bin/bash
echo $$ >pid
exec {sshd} -D -E log -f sshd_config
"""


class Machine:
    def __init__(self, hosts, folder: Path):
        self.folder, ssh = folder, hosts.state / "ssh"
        configuration = (hosts.state / "ssh" / "sshd1.conf").read_text().splitlines()
        kept = [line for line in configuration if not line.startswith("ListenAddress")]
        self.port = _free_port()
        (folder / "sshd_config").write_text("\n".join([f"ListenAddress 127.0.0.2:{self.port}", *kept]) + "\n")
        (folder / "boot_id").write_text("boot 0\n")
        for name, text in (("reboot", REBOOT.replace("[ ", f"cd {folder}\n[ ", 1)), ("start", START.format(sshd=shutil.which("sshd", path="/usr/sbin")))):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        #: Its inventory variables: root, as for a reboot.
        self.variables = {"ansible_port": self.port, "ansible_user": "root", "ansible_ssh_private_key_file": str(ssh / "key")}

    def start(self):
        subprocess.Popen(["setsid", "-f", "./start"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait()
        eventually(lambda: "listening" in (self.folder / "log").read_text() if (self.folder / "log").exists() else False)

    def stop(self):
        pid = int((self.folder / "pid").read_text())
        if (process := read(pid)) and "sshd" in process.command:
            os.kill(pid, signal.SIGTERM)
        eventually(lambda: not [p for p in everything() if str(self.folder) in p.command])


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.2", 0))
        return one.getsockname()[1]
