"""What many nodes behind one cost: the time to open them, and what crosses the link to the one before them."""
import json
import os
import statistics
import time

import venvs
from hosts import FAR_ADDRESS, Hosts
from probes import ssh_hop
from router_client import Router

ABOUT = "50 hops behind one, accounts and containers: opened side by side; bytes on the way to it for 1 and for 20 (printed, no peer)"
#: Only counts bytes.
LINKS = (0,)
MANY, CHILDREN = 50, 20
#: One to know what one takes, and the many.
CONTAINERS = MANY + 1


def bastion_hop(hosts: Hosts, method: str, **options) -> dict:
    """An account of ssh that may start what `method` is: containers are root's, and one account's rule lets it start Python as root."""
    bastion = ssh_hop(hosts, 1)
    bastion["options"] |= {"user": "root" if method == "docker" else hosts.rule} | options
    return bastion


def hop_behind(hosts: Hosts, number: int, method: str) -> dict:
    options = {}
    if method == "sudo":
        options = {"become_user": "root", "become_flags": "-H -n"}
    elif method == "docker":
        options = {"remote_addr": f"{hosts.values['APP']}-{number}", "mitogen_docker_path": hosts.values["DOCKER"],
                   "docker_extra_args": hosts.values["DOCKER_ARGS"]}
    return {"method": method, "options": options, "secrets": {}, "python": ["/usr/bin/python3"], "python_candidates": [], "timeout": 60.0,
            "keepalive": {"interval": 30, "count": 10}, "name": f"{method}{number}", "tmp": ["/tmp"]}


def router(**more) -> Router:
    return Router(environment=os.environ | {"MITOGEN_MAX_INTERPRETERS": str(2 * MANY)}, **more)


def opening(hosts: Hosts, method: str) -> tuple[float, float]:
    """Seconds until one hop behind a standing node is open, and until fifty are."""
    bastion = bastion_hop(hosts, method)
    with router() as one:
        one.request("node", [bastion])
        start = time.monotonic()
        one.request("node", [bastion, hop_behind(hosts, 1, method)])
        single, start = time.monotonic() - start, time.monotonic()
        one.replies({one.start("node", [bastion, hop_behind(hosts, number, method)]) for number in range(2, MANY + 2)})
        return single, time.monotonic() - start


def module() -> tuple[dict, bytes]:
    """The module of a `run` request and its arguments: `command: hostname`."""
    venv = venvs.default()
    folder, version = next(venv.path.glob("lib/python3*/site-packages/ansible")), venv.version("ansible-core")
    values = {"_raw_params": "hostname", "_ansible_version": version, "_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False,
              "_ansible_no_log": False, "_ansible_socket": None, "_ansible_tracebacks_for": []}
    return ({"name": "ansible.modules.command", "path": f"{folder}/modules/command.py", "ansible": str(folder), "version": version},
            json.dumps({"ANSIBLE_MODULE_ARGS": values}).encode())


def bytes_for(hosts: Hosts, children: int, method: str) -> int:
    """IP bytes on the link to a node, both ways, for `command` on so many nodes behind it; on itself for none."""
    bastion = bastion_hop(hosts, method, host=FAR_ADDRESS, port=22)
    wanted, arguments = module()
    routes = [[bastion, hop_behind(hosts, number, method)] for number in range(1, children + 1)] or [[bastion]]
    before = hosts.bytes_on_link(0)
    with router(before=hosts.near(0)) as one:
        one.replies({one.start("run", route, b"{}", arguments, module=wanted) for route in routes})
    return hosts.bytes_on_link(0) - before


def run(hosts: Hosts, rounds: int, tsv: bool):
    """Lines to print."""
    def line(metric: str, value: str, about: str) -> str:
        return "\t".join(("hops", metric, value, "-", "-", "-")) if tsv else f"  {metric:15} {value} ({about})"

    if not tsv:
        yield f"hops: {ABOUT}"
    for method in ("local", "sudo", "docker"):
        times = [opening(hosts, method) for _ in range(rounds)]
        single, many = (statistics.median(column) for column in zip(*times))
        yield line(f"{method}-one", f"{single * 1000:.0f} ms", f"a {method} hop behind an ssh node")
        yield line(f"{method}-{MANY}", f"{many * 1000:.0f} ms", f"{MANY} of them at once; in turn they would take {single * MANY * 1000:.0f} ms")
    for method in ("local", "docker"):
        sizes = {children: statistics.median(bytes_for(hosts, children, method) for _ in range(rounds)) for children in (0, 1, CHILDREN)}
        yield line(f"{method}-bytes-0", f"{sizes[0] / 1e3:.1f} kB", "ssh, the node, and `command` on it")
        yield line(f"{method}-bytes-1", f"{sizes[1] / 1e3:.1f} kB", "the same on one node behind it")
        yield line(f"{method}-bytes-{CHILDREN}", f"{sizes[CHILDREN] / 1e3:.1f} kB",
                   f"on {CHILDREN}: {(sizes[CHILDREN] - sizes[1]) / (CHILDREN - 1) / 1e3:.1f} kB for each further one")
