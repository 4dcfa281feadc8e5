"""Each ansible-core with each Python of a target: the same results as stock Ansible, where its modules run on that Python; and where they do
not, what needs none of them."""
import json
import subprocess
import tarfile
from pathlib import Path

import pythons
import results

import sides
import venvs

HERE = Path(__file__).resolve().parent
#: A whole run, in seconds; far above what the slowest takes.
TIME_LIMIT = 1200
#: ansible-core -> the oldest Pythons 3 on which its modules run; 2.16 is the last whose modules run on 2.7.
OLDEST = {"2.16": (3, 6), "2.17": (3, 7), "2.18": (3, 8), "2.19": (3, 8), "2.20": (3, 9), "2.21": (3, 9)}


def supports(series: str, python: str) -> bool:
    version = tuple(map(int, python.split(".")))
    return version >= OLDEST[series] or (series == "2.16" and version == (2, 7))


def prepare(work: Path):
    """What the play copies: a file too large for a call, a folder, an archive."""
    work.joinpath("large").write_bytes(bytes(range(251)) * 1000)
    for name in ("tree/a", "tree/b/c", "tree/b/ü"):
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
    with tarfile.open(work / "archive.tar.gz", "w:gz") as archive:
        archive.add(work / "tree", "unpacked")


def play(side: sides.Side, series: str, work: Path) -> tuple[list[dict], str]:
    """The records of the play, run from an empty `work`, and all that was said."""
    prepare(work)
    folder = work / "run"
    folder.mkdir()
    environment = side.environment(folder)
    results.record(environment, folder)
    hosts = {f"python{name}": {"ansible_python_interpreter": path} for name, path in zip(pythons.FEW_NAMES, pythons.FEW)}
    groups = {"supported": {"hosts": {f"python{name}": {} for name in pythons.FEW_NAMES if supports(series, name)}}}
    inventory = work / "inventory.json"
    variables = {"ansible_connection": "local", "ansible_async_dir": f"{work}/jobs", "work": str(work)}
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables, "children": groups}}))
    command = [side.venv.tool("ansible-playbook"), "-i", str(inventory), "--forks", "4", "play.yml"]
    done = subprocess.run(command, cwd=HERE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT)
    return results.recorded(folder), done.stdout + done.stderr


def test_results_are_stocks(series, tmp_path):
    venv, found = venvs.for_series(series), {}
    for name, side in (("stock", sides.stock(venv)), ("ours", sides.ours(venv))):
        # Of one length: that of a path can be seen in a result.
        work = tmp_path / "work"
        work.mkdir()
        found[name], said = play(side, series, work)
        work.rename(tmp_path / name)
        ended = {record["host"] for record in found[name] if record["task"].startswith("JSON in its text")}
        assert ended == {f"python{name}" for name in pythons.FEW_NAMES}, f"{name} did not come to the end:\n{said[-2000:]}"
    differences = results.compare(found["stock"], found["ours"])
    assert not differences, "\n".join([*differences, said[-1000:]])
