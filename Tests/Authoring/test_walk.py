"""Plugins/AUTHORING.md, as its reader would follow it: every file on the page is written, every command is run."""
import re
import subprocess

import venvs
from conftest import REPOSITORY, TIME_LIMIT, swift_environment

PAGE = REPOSITORY / "Plugins" / "AUTHORING.md"
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script(page: str) -> str:
    """One script of bash: what the page says, each block announced by its number."""
    lines = ["set -eu"]
    for number, (language, file, text) in enumerate(BLOCK.findall(page), 1):
        lines.append(f"echo '== {number}'")
        if file:
            lines.append(f"cat > {file} <<'END OF THE FILE'\n{text}END OF THE FILE")
        elif language == "sh":
            lines += [text] if "! " not in text else [negated(text)]
        else:
            raise AssertionError(f"a block of {language} that is neither a file nor a command: {text}")
    return "\n".join(lines) + "\necho '== end'\n"


def negated(text: str) -> str:
    """`set -e` takes no notice of a command behind `!`: one that succeeds there has to end the script."""
    return re.sub(r"^! (.*)$", r"if \1; then echo 'this has to fail'; exit 1; fi", text, flags=re.MULTILINE)


def test_every_command_of_the_page_works(tmp_path):
    venv = venvs.for_series(venvs.DEFAULT_SERIES)
    page = PAGE.read_text()
    values = swift_environment(tmp_path)
    values |= {"PATH": f"{venv.path / 'bin'}:{values['PATH']}", "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(["bash", "-c", script(page)], cwd=tmp_path, env=values, capture_output=True, text=True, timeout=TIME_LIMIT,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout.endswith("== end\n"), done.stdout[-6000:] + done.stderr[-3000:]
    # Each library, in C and in Swift, passes all that the harness looks at; and Swift's runtime is in it, not beside.
    assert done.stdout.count("ok    exports: mitogen_library_v1, and nothing else") == done.stdout.count("ok    linkage: ") >= 7
    assert "libswiftCore" not in done.stdout
    # What the plays assert came from ours: Ansible has no plugins of these names.
    assert done.stdout.count("failed=0") == 4 and "All assertions passed" in done.stdout


def test_a_command_that_has_to_fail_and_does_not_is_noticed():
    done = subprocess.run(["bash", "-c", "set -eu\n" + negated("! true\n")], capture_output=True, text=True)
    assert done.returncode == 1 and "has to fail" in done.stdout
