"""What many nodes behind one cost: the time to open them, and what crosses the link to the one before them."""
import json
import os
import statistics
import time

import venvs
from hosts import FAR_ADDRESS, Hosts
from probes import ssh_hop
from router_client import Router

ABOUT = "50 hops behind one: opened side by side; bytes on the way to it for 1 and for 20 (printed, no peer)"
#: Only counts bytes.
LINKS = (0,)
MANY, CHILDREN = 50, 20


def hop_behind(number: int, method: str) -> dict:
    options = {"become_user": "root", "become_flags": "-H -n"} if method == "sudo" else {}
    return {"method": method, "options": options, "secrets": {}, "python": ["/usr/bin/python3"], "python_candidates": [], "timeout": 60.0,
            "keepalive": {"interval": 30, "count": 10}, "name": f"{method}{number}", "tmp": ["/tmp"]}


def router(**more) -> Router:
    return Router(environment=os.environ | {"MITOGEN_MAX_INTERPRETERS": str(2 * MANY)}, **more)


def opening(hosts: Hosts, method: str) -> tuple[float, float]:
    """Seconds until one hop behind a standing node is open, and until fifty are."""
    # the rule of this account lets it start Python as root, and nothing else
    bastion = ssh_hop(hosts, 1)
    bastion["options"]["user"] = hosts.rule
    with router() as one:
        one.request("node", [bastion])
        start = time.monotonic()
        one.request("node", [bastion, hop_behind(0, method)])
        single, start = time.monotonic() - start, time.monotonic()
        one.replies({one.start("node", [bastion, hop_behind(number, method)]) for number in range(1, MANY + 1)})
        return single, time.monotonic() - start


def module() -> tuple[dict, bytes]:
    """The module of a `run` request and its arguments: `command: hostname`."""
    venv = venvs.default()
    folder, version = next(venv.path.glob("lib/python3*/site-packages/ansible")), venv.version("ansible-core")
    values = {"_raw_params": "hostname", "_ansible_version": version, "_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False,
              "_ansible_no_log": False, "_ansible_socket": None, "_ansible_tracebacks_for": []}
    return ({"name": "ansible.modules.command", "path": f"{folder}/modules/command.py", "ansible": str(folder), "version": version},
            json.dumps({"ANSIBLE_MODULE_ARGS": values}).encode())


def bytes_for(hosts: Hosts, children: int) -> int:
    """IP bytes on the link to a node, both ways, for `command` on so many nodes behind it; on itself for none."""
    bastion = ssh_hop(hosts, 1)
    bastion["options"] |= {"host": FAR_ADDRESS, "port": 22}
    wanted, arguments = module()
    routes = [[bastion, hop_behind(number, "local")] for number in range(children)] or [[bastion]]
    before = hosts.bytes_on_link(0)
    with router(before=hosts.near(0)) as one:
        one.replies({one.start("run", route, b"{}", arguments, module=wanted) for route in routes})
    return hosts.bytes_on_link(0) - before


def run(hosts: Hosts, rounds: int, tsv: bool):
    """Lines to print."""
    def line(metric: str, value: str, about: str) -> str:
        return "\t".join(("hops", metric, value, "-", "-", "-")) if tsv else f"  {metric:14} {value} ({about})"

    if not tsv:
        yield f"hops: {ABOUT}"
    for method in ("local", "sudo"):
        times = [opening(hosts, method) for _ in range(rounds)]
        single, many = (statistics.median(column) for column in zip(*times))
        yield line(f"{method}-one", f"{single * 1000:.0f} ms", f"a {method} hop behind an ssh node")
        yield line(f"{method}-{MANY}", f"{many * 1000:.0f} ms", f"{MANY} of them at once; in turn they would take {single * MANY * 1000:.0f} ms")
    sizes = {children: statistics.median(bytes_for(hosts, children) for _ in range(rounds)) for children in (0, 1, CHILDREN)}
    yield line("bytes-alone", f"{sizes[0] / 1e3:.1f} kB", "ssh, the node, and `command` on it")
    yield line("bytes-1", f"{sizes[1] / 1e3:.1f} kB", "the same on one node behind it")
    yield line(f"bytes-{CHILDREN}", f"{sizes[CHILDREN] / 1e3:.1f} kB", f"on {CHILDREN}: {(sizes[CHILDREN] - sizes[1]) / (CHILDREN - 1) / 1e3:.1f} kB for each further one")
