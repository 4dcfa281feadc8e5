"""How far transfers are, below Ansible's output: a real play on a terminal, through a relay that takes its time."""
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
MITOGEN = HERE.parents[1] / ".build" / "release" / "mitogen"
RELAY = HERE / "relay_ssh.py"
LARGE = os.urandom(3_000_000)
ESCAPE = "\x1b"


class Play:
    """One host gets a large file, while another runs tasks that print."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "large").write_bytes(LARGE)
        hosts = {name: {"ansible_connection": "ssh", "ansible_ssh_executable": str(RELAY), "ansible_python_interpreter": sys.executable}
                 for name in ("slow", "busy")}
        (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        copy = {"name": "copy", "copy": {"src": str(folder / "large"), "dest": str(folder / "there")}, "when": "inventory_hostname == 'slow'"}
        say = {"name": "say", "debug": {"msg": "number {{ item }}"}, "when": "inventory_hostname == 'busy'", "loop": list(range(5))}
        pause = {"name": "wait", "command": "sleep 0.5", "when": "inventory_hostname == 'busy'"}
        (folder / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "strategy": "free", "tasks": [
            copy, *[{**task, "name": f"{task['name']} {number}"} for number in range(4) for task in (pause, say)]]}]))

    def environment(self, **more):
        printed = subprocess.run([str(MITOGEN), "ansible-config", "--env"], capture_output=True, text=True, check=True).stdout
        settings = dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines() if line.startswith("export "))
        settings = {name: value.strip("'\"") for name, value in settings.items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MITOGEN_", "ANSIBLE_", "RELAY_"))}
        (self.folder / "ansible.cfg").touch()
        return kept | settings | {"ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "TERM": "xterm", "LANG": "C.UTF-8",
                                  "COLUMNS": "80", "HOME": str(self.folder), "RELAY_PACE": "0.07"} | more

    @property
    def command(self):
        return [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(self.folder / "inventory.json"), str(self.folder / "play.json")]

    def on_a_terminal(self, **more):
        (self.folder / "there").unlink(missing_ok=True)
        ours, theirs = pty.openpty()
        process = subprocess.Popen(self.command, cwd=self.folder, env=self.environment(**more), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 4096):
                seen += data
        except OSError:
            pass  # The end of a terminal.
        os.close(ours)
        assert process.wait(120) == 0, seen.decode()
        assert (self.folder / "there").read_bytes() == LARGE
        return seen.decode()


def rows(written):
    """What stands on a terminal at last: it knows the ends of lines, the way back to a row's beginning, and the removal of the rest."""
    screen, row, column = [""], 0, 0
    at = 0
    while at < len(written):
        if written.startswith(ESCAPE + "[K", at):
            screen[row] = screen[row][:column]
            at += 3
            continue
        character = written[at]
        assert character != ESCAPE, written[at:at + 20]
        if character == "\n":
            screen.append("")
            row, column = row + 1, 0
        elif character == "\r":
            column = 0
        else:
            screen[row] = screen[row][:column].ljust(column) + character + screen[row][column + 1:]
            column += 1
        at += 1
    return screen


def shown(written):
    """The rows of progress that were written."""
    return [piece.split("\r")[0] for piece in written.split("\r" + ESCAPE + "[K")[1:] if piece.split("\r")[0].startswith("slow: large")]


@pytest.fixture
def play(tmp_path):
    return Play(tmp_path)


def test_a_row_below_the_output_says_how_far_a_transfer_is_and_leaves_nothing(play):
    seen = play.on_a_terminal()
    progress = shown(seen)
    assert progress and all("% " in row and " of 2.8 MiB  " in row and "/s" in row and len(row) < 80 for row in progress), seen
    final = rows(seen)
    assert "number 4" in seen and not [row for row in final if row.startswith("slow: large")]
    # Every line of Ansible's stands as it is without the row; their order is that of two hosts that run free.
    quiet = rows(play.on_a_terminal(MITOGEN_PROGRESS="0"))
    assert set(final) == set(quiet)


def test_nothing_is_written_of_it_where_the_user_wants_none(play):
    assert ESCAPE not in play.on_a_terminal(MITOGEN_PROGRESS="0")


def test_nothing_is_written_of_a_short_transfer(play):
    assert ESCAPE not in play.on_a_terminal(RELAY_PACE="0")


def test_nothing_is_written_where_the_output_is_no_terminal(play):
    done = subprocess.run(play.command, cwd=play.folder, env=play.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and ESCAPE not in done.stdout and "MiB" not in done.stdout + done.stderr


def test_the_user_may_want_it_there(play):
    done = subprocess.run(play.command, cwd=play.folder, env=play.environment(MITOGEN_PROGRESS="1"), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stderr.splitlines() if line.startswith("mitogen: ")]
    assert lines and lines[-1].startswith("mitogen: 2.8 MiB in 0:0") and ESCAPE not in done.stderr
