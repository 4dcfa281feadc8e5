"""`mitogen copy`: what it copies, where to, and what it says."""
import fcntl
import os
import pty
import signal
import stat
import subprocess
import time

import pytest

LARGE = os.urandom(3_000_000)


@pytest.fixture
def tree(tmp_path):
    """A thousand small files, and one of everything else."""
    top = tmp_path / "source" / "top"
    for number in range(20):
        folder = top / f"d{number}" / "inner"
        folder.mkdir(parents=True)
        for name in range(50):
            (folder / f"f{name}").write_bytes(b"%d of %d" % (name, number) * 300)
    (top / "large").write_bytes(LARGE)
    (top / "empty").mkdir()
    (top / "link").symlink_to("d1/inner")
    (top / "grüß").write_text("ä")
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    (top / "d1" / "inner").chmod(0o555)
    os.utime(top / "d1" / "inner", ns=(10**18, 10**18))
    os.utime(top / "run", ns=(10**18 + 1000, 10**18 + 1000))
    return top


def described(top, *, times):
    """{path: (kind, mode, content, time)} of a tree."""
    found = {}
    for path in [top, *top.rglob("*")]:
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        kept = (stat.S_IMODE(status.st_mode), status.st_mtime_ns) if times and not path.is_symlink() else ()
        found[str(path.relative_to(top))] = (stat.S_IFMT(status.st_mode), content, *kept)
    return found


def hidden(folder):
    return [name for name in os.listdir(folder) if name.endswith(".mitogen")]


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("route", ["near", "far"])
@pytest.mark.parametrize("content", [b"", b"small", LARGE[:126_976], LARGE[:126_977], LARGE[:131_072], LARGE],
                         ids=["empty", "small", "inline", "just streamed", "whole pieces", "large"])
def test_a_file_goes_and_comes_back(copy, tmp_path, route, content):
    (tmp_path / "file").write_bytes(content)
    there = f"{getattr(copy, route)}:{tmp_path}/there"
    copy.works(tmp_path / "file", there)
    assert (tmp_path / "there").read_bytes() == content
    copy.works(there, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    assert not hidden(tmp_path)


@pytest.mark.parametrize("route", ["near", "far"])
def test_a_tree_goes_and_comes_back_as_it_was(copy, tmp_path, tree, route):
    there = f"{getattr(copy, route)}:{tmp_path}/there"
    copy.works("-r", "-p", tree, there)
    assert described(tmp_path / "there", times=True) == described(tree, times=True)
    copy.works("-rp", there, tmp_path / "back")
    assert described(tmp_path / "back", times=True) == described(tree, times=True)


def test_without_preserving_a_new_file_has_the_mode_less_the_umask_and_an_old_one_keeps_its(copy, tmp_path, tree):
    (tmp_path / "into" / "top").mkdir(parents=True)
    (tmp_path / "into" / "top" / "run").write_text("old")
    (tmp_path / "into" / "top" / "run").chmod(0o600)
    (tree / "other").write_text("")
    (tree / "other").chmod(0o777)
    copy.works("-r", tree, f"local:{tmp_path}/into")
    mask = os.umask(0)
    os.umask(mask)
    assert described(tmp_path / "into" / "top", times=False) == described(tree, times=False)
    modes = [stat.S_IMODE((tmp_path / "into" / "top" / name).stat().st_mode) for name in ("run", "other")]
    assert modes == [0o600, 0o777 & ~mask]


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_a_tree_of_a_thousand_files_costs_a_few_requests_and_none_waits_for_another(copy, tmp_path, tree, back):
    words = [f"{copy.far}:{tree}", tmp_path / "copy"] if back else [tree, f"{copy.far}:{tmp_path}/copy"]
    copy.works("-r", *words)
    assert described(tmp_path / "copy", times=False) == described(tree, times=False)
    record = copy.record
    assert record["requests"] < 40, record
    assert record["unanswered"] >= 5, record


def test_several_sources_go_into_a_directory(copy, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    (tmp_path / "into").mkdir()
    copy.works(tmp_path / "one", tmp_path / "two", f"local:{tmp_path}/into/")
    copy.works(f"local:{tmp_path}/one", f"local:{tmp_path}/into/two", tmp_path / "relay")
    for folder in ("into", "relay"):
        assert [(tmp_path / folder / name).read_text() for name in ("one", "two")] == ["one", "two"]


def test_what_cannot_be_copied_is_told_and_the_rest_is_copied(copy, tmp_path):
    (tmp_path / "good").write_text("good")
    (tmp_path / "into").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for sources, into in (([tmp_path / name for name in ("none", "pipe", "relay", "good")], f"local:{tmp_path}/into"),
                          ([f"local:{tmp_path}/{name}" for name in ("none", "pipe", "relay", "good")], tmp_path / "into")):
        done = copy.run(*sources, into)
        assert done.returncode == 1
        said = done.stderr.splitlines()
        assert len(said) == 3 and all(line.startswith(f"mitogen: {tmp_path}/") for line in said)
        assert "No such file" in said[0] and "left out" in said[1] and "-r" in said[2]
        assert os.listdir(tmp_path / "into") == ["good"]
        (tmp_path / "into" / "good").unlink()


@pytest.mark.parametrize("words,message", [
    (["good", "also", "local:{}/good"], "no directory"), (["good", "local:{}/none/file"], "No such file"),
    (["local:{}/good", "{}/none/file"], "No such file"), (["large", "local:{}/none/file"], "No such file"),
    (["local:{}/large", "{}/none/file"], "No such file")])
def test_a_destination_that_cannot_be_is_told(copy, tmp_path, words, message):
    copy.folder = tmp_path
    (tmp_path / "good").write_text("")
    (tmp_path / "also").write_text("")
    (tmp_path / "large").write_bytes(LARGE)
    done = copy.run(*[word.format(tmp_path) for word in words])
    assert done.returncode in (1, 255) and message in done.stderr, done.stderr


@pytest.mark.parametrize("words", [["a"], ["a", "b"], ["local:/a", "local:/b"], ["local:/a", "ssh://x:/b", "c"], ["ssh://x", "a"]])
def test_a_call_that_means_nothing_is_refused(copy, words):
    done = copy.run(*words)
    assert done.returncode == 64 and "Usage: mitogen" in done.stderr


# -- on the way --

def test_content_that_is_damaged_on_the_way_leaves_the_old_file(copy, tmp_path):
    (tmp_path / "file").write_bytes(LARGE)
    (tmp_path / "there").write_text("old")
    copy.settings["RELAY_DAMAGE"] = "1"
    done = copy.run(tmp_path / "file", f"{copy.far}:{tmp_path}/there")
    assert done.returncode == 1 and "what came is not what was sent" in done.stderr
    assert (tmp_path / "there").read_text() == "old" and not hidden(tmp_path)


def test_a_source_that_changes_while_it_is_read_leaves_the_old_file(copy, tmp_path):
    (tmp_path / "file").write_bytes(LARGE)
    (tmp_path / "there").write_text("old")
    copy.settings["RELAY_HOLD"] = "1000000"
    process = copy.start(tmp_path / "file", f"{copy.far}:{tmp_path}/there")
    wait_for(copy.held)
    with open(tmp_path / "file", "ab") as file:
        file.write(b"more")
    copy.go.touch()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1 and "changed while it was read" in stderr
    assert (tmp_path / "there").read_text() == "old" and not hidden(tmp_path)


def test_a_copy_that_is_killed_leaves_the_old_file_and_the_next_removes_what_is_left(copy, tmp_path):
    (tmp_path / "file").write_bytes(LARGE)
    (tmp_path / "there").write_text("old")
    copy.settings["RELAY_HOLD"] = "1000000"
    process = copy.start(tmp_path / "file", f"{copy.far}:{tmp_path}/there")
    wait_for(copy.held)
    assert hidden(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    copy.go.touch()
    assert (tmp_path / "there").read_text() == "old"
    deadline = time.monotonic() + 30
    # The agent that was cut off ends when its link does; only then is what it wrote a leftover.
    while hidden(tmp_path):
        copy.works(tmp_path / "file", f"local:{tmp_path}/there")
        assert time.monotonic() < deadline
    assert (tmp_path / "there").read_bytes() == LARGE


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_a_copy_that_was_cut_off_goes_on_where_it_was(copy, tmp_path, back):
    content = os.urandom(9_000_000)
    (tmp_path / "source").write_bytes(content)
    (tmp_path / "target").write_text("old")
    words = [f"{copy.far}:{tmp_path}/source", tmp_path / "target"] if back else [tmp_path / "source", f"{copy.far}:{tmp_path}/target"]
    copy.settings["RELAY_HOLD"] = "6000000"
    process = copy.start(*words)
    wait_for(copy.held)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    copy.go.touch()
    # What the last process wrote is unlocked when it has gone.
    partial, = tmp_path.glob(".target.*.mitogen-part")
    with open(partial) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert 5_000_000 < os.fstat(file.fileno()).st_size < 7_000_000
    assert (tmp_path / "target").read_text() == "old"
    copy.works(*words)
    assert (tmp_path / "target").read_bytes() == content
    assert copy.record["data"] < 4_000_000
    assert sorted(os.listdir(tmp_path)) == ["relay", "source", "target"]


# -- progress --

def on_a_terminal(copy, *words):
    """What is written on standard error, where that is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(copy.command(*words), env=copy.environment(), cwd=copy.folder, stdin=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while data := os.read(ours, 4096):
            seen += data
    except OSError:
        pass  # The end of a terminal.
    os.close(ours)
    assert process.wait(60) == 0
    return seen.decode()


@pytest.fixture
def slow(copy, tmp_path):
    """The words of a copy that takes some seconds."""
    (tmp_path / "file").write_bytes(LARGE)
    copy.settings["RELAY_PACE"] = "0.05"
    return [tmp_path / "file", f"{copy.far}:{tmp_path}/there"]


def test_a_terminal_shows_bytes_rate_and_time_left(copy, slow):
    seen = on_a_terminal(copy, *slow)
    assert "%  " in seen and " of 2.8 MiB  " in seen and "/s  0:0" in seen and " left" in seen
    assert seen.count("\n") == 1 and seen.splitlines()[-1].rpartition("\x1b[K")[2].startswith("2.8 MiB in 0:0")


def test_a_terminal_shows_nothing_of_a_short_copy(copy, tmp_path):
    (tmp_path / "file").write_bytes(LARGE)
    assert on_a_terminal(copy, tmp_path / "file", f"local:{tmp_path}/there") == ""


def test_nothing_is_shown_where_there_is_no_terminal_or_the_user_wants_none(copy, slow):
    copy.works(*slow)
    copy.settings["MITOGEN_PROGRESS"] = "0"
    assert on_a_terminal(copy, *slow) == ""


def test_the_user_may_want_it_in_a_file(copy, slow):
    copy.settings["MITOGEN_PROGRESS"] = "1"
    lines = copy.run(*slow).stderr.splitlines()
    assert lines and lines[-1].startswith("2.8 MiB in ") and all("\r" not in line for line in lines)
