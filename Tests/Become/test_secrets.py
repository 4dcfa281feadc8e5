"""Where a password may be seen while a node is open, and in what is logged: nowhere."""
import os
import subprocess
from pathlib import Path

import pytest

from conftest import TIME_LIMIT, WAYS


def seen(secret: str) -> list[str]:
    """Command lines and environments of all processes that hold it."""
    found = []
    for folder in Path("/proc").iterdir():
        for name in ("cmdline", "environ") if folder.name.isdigit() and int(folder.name) != os.getpid() else ():
            try:
                if secret.encode() in (folder / name).read_bytes():
                    found.append(f"{folder.name}/{name}")
            except OSError:
                pass
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["sudo", "su", "doas"])
def test_it_is_in_no_command_line_environment_or_log(accounts, open_folder, way, method):
    password = accounts.other_password if method == "su" else accounts.login_password
    gate = open_folder / "gate"
    os.mkfifo(gate)
    gate.chmod(0o666)
    command = accounts.command(way, f"{method}:{accounts.other}", "sh", "-c", f"echo open; cat {gate}")
    command.insert(2, "--verbose")
    process = subprocess.Popen(
        command, env=accounts.environment(method, password), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")
    try:
        assert process.stdout.readline() == "open\n"
        assert seen(password) == []
        # The scan itself can find: the account's name stands in command lines.
        assert seen(accounts.other) != []
        gate.write_text("done\n")
        out, log = process.communicate(timeout=TIME_LIMIT)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out) == (0, "done\n"), log
    assert password not in log and "opening" in log


@pytest.mark.parametrize("way", ["router", "agent"])
def test_a_tool_that_repeats_it_is_not_quoted(accounts, open_folder, way):
    """The answer comes back on the terminal, as it does where echo is on, and the tool fails with it in its words."""
    tool = open_folder / "tool"
    tool.write_text("#!/bin/sh\nprintf 'Password: ' > /dev/tty; read -r line < /dev/tty; echo \"no: $line\" >&2; exit 1\n")
    tool.chmod(0o755)
    done = accounts.run(way, "doas:root", password="the very secret", options={"doas.become_exe": str(tool)})
    assert done.status == 255 and "no: <secret>" in done.err, done.err
    assert "the very secret" not in done.err
