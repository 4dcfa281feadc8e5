"""Playbooks through ours on containers, with ansible-core alone: no collection is installed."""
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import paths
import sides
from targets import FULL_NAMES, PROGRAMS, STAND_INS, STOOD_IN, TIME_LIMIT, host_of, standing
from venvs import Venv

RECORDER = paths.TESTS / "Comparison" / "callback_plugins"


def variables(hosts, method: str, **more) -> dict:
    """Inventory variables of a method's container."""
    if method in STOOD_IN:
        program, name = STOOD_IN[method]
        found = {"ansible_connection": method, "ansible_host": name, PROGRAMS[method]: str(STAND_INS / program)}
    else:
        hosts.require(host_of(method))
        found = hosts.container_variables(method)
    return found | {"ansible_python_interpreter": "/usr/bin/python3"} | more


def every_host(hosts) -> dict[str, dict]:
    """Each method by both of its names, and as another account; without those that the machine refuses."""
    found = {}
    for method in (*standing(hosts), *STOOD_IN):
        found[f"{method}-short"] = variables(hosts, method)
        found[f"{method}-full"] = variables(hosts, method, ansible_connection=FULL_NAMES[method])
    for method in standing(hosts):
        found[f"{method}-app"] = variables(hosts, method, ansible_user="app")
    return found


@dataclass
class Outcome:
    status: int
    output: str
    records: list[dict]

    def result(self, host: str, task: str) -> dict:
        """The task's result, whatever became of it; its event is in it."""
        for record in self.records:
            if record["host"] == host and record["task"].startswith(task + " ("):
                return record["result"] | {"event": record["event"]}
        raise AssertionError(f"{host} has no result of {task}:\n{self.output}")


def play(hosts, folder: Path, venv: Venv, inventory: dict[str, dict], tasks: list[dict], **environment: str) -> Outcome:
    folder.mkdir(exist_ok=True)
    (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": inventory}}))
    (folder / "playbook.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    settings = sides.ours(venv).environment(folder) | {
        "LXD_DIR": hosts.values.get("LXD_DIR", ""), "ANSIBLE_FORKS": "30", "RECORD_TO": str(folder / "records"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections")}
    settings["ANSIBLE_CALLBACK_PLUGINS"] += f":{RECORDER}"
    settings["ANSIBLE_CALLBACKS_ENABLED"] += ",record"
    done = subprocess.run([venv.tool("ansible-playbook"), "-i", str(folder / "inventory.json"), str(folder / "playbook.json")],
                          env=settings | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, timeout=3 * TIME_LIMIT)
    records = (folder / "records").read_text().splitlines() if os.path.exists(folder / "records") else []
    return Outcome(done.returncode, done.stdout + done.stderr, [json.loads(line) for line in records])
