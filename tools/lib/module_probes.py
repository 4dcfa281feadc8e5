"""What a task of each common module takes, through each side; and what running a module in a warm interpreter adds to the module."""
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import paths
import results
import sides
import venvs
from hosts import Hosts
from probes import LOCAL_HOP
from router_client import Router

ABOUT = "time per task of common modules, each side; and a module's cost over the bare module (printed)"
LINKS = ()
CONTAINERS = 0
#: Each module runs so often in a run, after once that is not counted: the code of a module is sent with its first task.
REPEATS = 5
#: Calls for the cost in process; the median of so many is steady to some hundredths of a millisecond.
CALLS = 300

#: Task by task what the modules are asked for: nothing that needs another account than the login's.
MODULES = {
    "assemble": {"src": "{{ scratch }}/parts", "dest": "{{ scratch }}/assembled", "remote_src": True},
    "blockinfile": {"path": "{{ scratch }}/lines", "block": "one\ntwo {{ round }}"},
    "command": {"_raw_params": "hostname"},
    "copy": {"content": "round {{ round }}\n", "dest": "{{ scratch }}/copied"},
    "fetch": {"src": "{{ scratch }}/lines", "dest": "{{ here }}/fetched", "flat": True},
    "file": {"path": "{{ scratch }}/folder-{{ round }}", "state": "directory"},
    "find": {"paths": "{{ scratch }}", "recurse": True},
    "getent": {"database": "passwd"},
    "group": {"name": "{{ login }}", "state": "present"},
    "lineinfile": {"path": "{{ scratch }}/lines", "regexp": "^round", "line": "round {{ round }}"},
    "package_facts": {},
    "ping": {},
    "raw": {"_raw_params": "hostname"},
    "replace": {"path": "{{ scratch }}/lines", "regexp": "one", "replace": "one"},
    "script": {"_raw_params": "script.sh {{ round }}"},
    "setup": {"gather_subset": "min"},
    "shell": {"_raw_params": "hostname | cat"},
    "slurp": {"src": "{{ scratch }}/lines"},
    "stat": {"path": "{{ scratch }}/lines"},
    "tempfile": {},
    "template": {"src": "template.j2", "dest": "{{ scratch }}/templated"},
    "unarchive": {"src": "archive.tar.gz", "dest": "{{ scratch }}"},
    "user": {"name": "{{ login }}", "state": "present"},
}


def playbook(folder: Path, login: str) -> Path:
    scratch = f"/home/{login}/scratch"
    prepare = [{"name": "prepare", "shell": f"rm -rf {scratch}; mkdir -p {scratch}/parts; echo a > {scratch}/parts/1; echo one > {scratch}/lines"}]
    tasks = [{"name": name, name: arguments, "vars": {"round": number}}
             for number in range(REPEATS + 1) for name, arguments in MODULES.items()]
    (folder / "template.j2").write_text("round {{ round }} on {{ inventory_hostname }}\n")
    (folder / "script.sh").write_text("#!/bin/sh\necho $1\n")
    (folder / "packed").write_text("packed\n")
    subprocess.run(["tar", "czf", "archive.tar.gz", "packed"], cwd=folder, check=True)
    variables = {"scratch": scratch, "here": str(folder), "login": login}
    path = folder / "modules.json"
    path.write_text(json.dumps([{"hosts": "web1", "gather_facts": False, "vars": variables, "tasks": prepare + tasks}]))
    return path


def times(side: sides.Side, hosts: Hosts) -> dict[str, list[float]]:
    """Module -> what each of its tasks took in one cold run, the first left out."""
    folder = hosts.state / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    environment = side.environment(folder)
    environment["ANSIBLE_CALLBACK_PLUGINS"] = results.joined(environment.get("ANSIBLE_CALLBACK_PLUGINS"), paths.TOOLS / "lib" / "callbacks", ":")
    environment["ANSIBLE_CALLBACKS_ENABLED"] = results.joined(environment.get("ANSIBLE_CALLBACKS_ENABLED"), "task_times", ",")
    environment["TASK_TIMES"] = str(folder / "times")
    inventory = hosts.inventory({"web1": hosts.variables(1)})
    done = subprocess.run([side.venv.tool("ansible-playbook"), "-i", str(inventory), str(playbook(folder, hosts.login))], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True)
    results.end_masters(folder)
    if done.returncode:
        sys.exit(f"modules, {side.name}: {done.stdout[-1500:]}{done.stderr[-500:]}")
    found: dict[str, list[float]] = {name: [] for name in MODULES}
    for line in (folder / "times").read_text().splitlines():
        record = json.loads(line)
        if record["task"] in found:
            found[record["task"]].append(record["seconds"])
    return {name: values[1:] for name, values in found.items()}


#: Runs in a bare Python: how long `ping` takes there, executed again and again from compiled code.
BARE = """
import io, json, statistics, sys, time
from ansible.module_utils import basic
path, arguments, calls = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = arguments, 'legacy'
code = compile(open(path).read(), path, 'exec')
real, taken = sys.stdout, []
for _ in range(calls):
    sys.stdout = io.StringIO()
    start = time.perf_counter()
    try:
        exec(code, {'__name__': '__main__', '__file__': path})
    except SystemExit:
        pass
    taken.append(time.perf_counter() - start)
sys.stdout = real
print(statistics.median(taken))
"""


def in_process(venv: venvs.Venv) -> tuple[float, float]:
    """Seconds of one `ping` through router, agent and executor on this machine, and of the bare module in the same Python."""
    code = "import ansible, ansible.release, os; print(os.path.dirname(ansible.__file__), ansible.release.__version__)"
    package, version = subprocess.run([venv.python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    path = f"{package}/modules/ping.py"
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"data": "pong", "_ansible_tracebacks_for": [], "_ansible_remote_tmp": "/tmp", "_ansible_version": version}})
    bare = float(subprocess.run([venv.python, "-c", BARE, path, arguments, str(CALLS)], capture_output=True, text=True, check=True).stdout)
    module = {"name": "ping", "path": path, "ansible": package, "version": version, "utils": [], "collections": []}
    hop = LOCAL_HOP | {"python": [str(venv.python)]}
    taken = []
    with Router() as router:
        for _ in range(CALLS):
            start = time.perf_counter()
            router.request("run", [hop], b"{}", arguments.encode(), module=module)
            taken.append(time.perf_counter() - start)
    return statistics.median(taken), bare


def run(hosts: Hosts, rounds: int, tsv: bool):
    """Lines to print."""
    venv = venvs.for_series(venvs.DEFAULT_SERIES, venvs.MITOGEN_PEER)
    each = {"ours": sides.ours(venv), "stock": sides.stock(venv), "mitogen": sides.mitogen_peer(venv)}
    taken: dict[str, dict[str, list[float]]] = {name: {module: [] for module in MODULES} for name in each}
    for number in range(rounds):
        for name, side in each.items():
            for module, values in times(side, hosts).items():
                taken[name][module] += values
            print(f"  modules {number + 1}/{rounds} {name}", file=sys.stderr, flush=True)
    if not tsv:
        yield f"modules: {ABOUT}"
    for module in MODULES:
        medians = {name: statistics.median(values[module]) for name, values in taken.items()}
        if tsv:
            for peer in ("stock", "mitogen"):
                yield "\t".join(("modules", module, f"{medians['ours']:.4f}", peer, f"{medians[peer]:.4f}", f"{medians['ours'] / medians[peer]:.4f}"))
        else:
            cells = ", ".join(f"{name} {value * 1000:.1f} ms" for name, value in medians.items())
            yield f"  {module:14} {cells}: {medians['ours'] / medians['stock']:.3f} of stock, {medians['ours'] / medians['mitogen']:.3f} of mitogen"
    whole, bare = in_process(venv)
    cost = f"{(whole - bare) * 1000:.2f} ms"
    if tsv:
        yield "\t".join(("modules", "in-process", cost, "aim", "1 ms", "-"))
    else:
        yield f"  in-process     {cost} for router, agent and executor over the bare module's {bare * 1000:.2f} ms (ping, local; aim under 1 ms)"
