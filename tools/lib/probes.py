"""What a run is made of: the router's start and memory, the agent's, and the round trips to the first result."""
import os
import pwd
import statistics
import subprocess
import time

import paths
from hosts import FAR_ADDRESS, Hosts
from router_client import Router, memory_of

ABOUT = "router and agent: start, memory, round trips (printed, no peer)"
#: Two links: the difference of their times has no computing in it, only round trips.
LINKS = (30, 180)
#: Of docker, beside those.
CONTAINERS = 0
NODES = 20


def ssh_hop(hosts: Hosts, index: int) -> dict:
    options = {"host": f"127.0.0.{index}", "port": hosts.port, "user": hosts.login, "private_key_file": str(hosts.key), "ssh_common_args": hosts.ssh_arguments}
    return {"method": "ssh", "options": options, "secrets": {}, "python": None, "python_candidates": ["python3", "/usr/bin/python3"], "timeout": 20.0,
            "keepalive": {"interval": 30, "count": 10}, "name": f"web{index}", "tmp": ["~/.ansible/tmp", "/var/tmp", "/tmp"]}


LOCAL_HOP = {"method": "local", "options": {}, "secrets": {}, "python": ["/usr/bin/python3"], "python_candidates": [], "timeout": 20.0,
             "keepalive": {"interval": 30, "count": 10}, "name": "localhost", "tmp": ["/tmp"]}


def seconds(action) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def median(action, rounds: int) -> float:
    return statistics.median(seconds(action) for _ in range(rounds))


def start_to_ready():
    with Router():
        pass


def hello_time(rounds: int) -> float:
    """A local node's HELLO over what a bare Python takes, in seconds."""
    times = []
    for _ in range(rounds):
        with Router() as router:
            times.append(seconds(lambda: router.request("node", [LOCAL_HOP])))
    bare = median(lambda: subprocess.run(["/usr/bin/python3", "-c", "pass"], check=True), rounds)
    return statistics.median(times) - bare


def processes_of(account: str) -> list[int]:
    uid = pwd.getpwnam(account).pw_uid
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{name}").st_uid == uid and b"python" in open(f"/proc/{name}/cmdline", "rb").read().split(b"\0")[0]:
                found.append(int(name))
        except OSError:
            pass
    return found


def is_child_of_python(pid: int, pythons: list[int]) -> bool:
    return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]) in pythons


def memory(hosts: Hosts) -> dict[str, float]:
    with Router() as router:
        empty = router.memory()
        router.replies({router.start("node", [ssh_hop(hosts, i)]) for i in range(1, NODES + 1)})
        full = router.memory()
        pythons = processes_of(hosts.login)
        agents = [memory_of(pid) for pid in pythons if not is_child_of_python(pid, pythons)]
    return {"router": empty, "node": (full - empty) / NODES, "agent": statistics.median(agents)}


def over_link(hosts: Hosts, rtt: int, command: list[str], rounds: int) -> float:
    command = [*hosts.near(rtt), *command]
    return median(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL), rounds)


def round_trips(hosts: Hosts, rounds: int) -> tuple[float, float]:
    """Round trips of a whole `ssh HOST true`, and of `mitogen run ssh://HOST -- true`."""
    arguments = hosts.ssh_arguments.split()
    ssh = ["ssh", *arguments, "-i", str(hosts.key), f"{hosts.login}@{FAR_ADDRESS}", "true"]
    ours = [str(paths.MITOGEN), "run", "-o", f"ssh.private_key_file={hosts.key}", "-o", f"ssh.ssh_common_args={hosts.ssh_arguments}",
            f"ssh://{hosts.login}@{FAR_ADDRESS}:22", "--", "true"]
    near, far = LINKS

    def trips(command):
        return (over_link(hosts, far, command, rounds) - over_link(hosts, near, command, rounds)) / ((far - near) / 1000)

    return trips(ssh), trips(ours)


def run(hosts: Hosts, rounds: int, tsv: bool):
    """Lines to print."""
    def line(metric: str, value: str, aim: str, about: str) -> str:
        return "\t".join(("inside", metric, value, "aim", aim, "-")) if tsv else f"  {metric:14} {value} ({about}; aim {aim})"

    if not tsv:
        yield f"inside: {ABOUT}"
    yield line("router-start", f"{median(start_to_ready, rounds) * 1000:.1f} ms", "20 ms", "exec to the answer to a client's HELLO, and its end")
    yield line("hello", f"{hello_time(rounds) * 1000:.1f} ms", "-", "a local node's HELLO over a bare python3 -c pass")
    sizes = memory(hosts)
    yield line("router-rss", f"{sizes['router'] / 1e6:.1f} MB", "20 MB", "no node")
    yield line("node-rss", f"{sizes['node'] / 1e3:.0f} kB", "50 kB", f"the router's growth for each of {NODES} nodes over ssh")
    yield line("agent-rss", f"{sizes['agent'] / 1e6:.1f} MB", "-", "the agent's process on the target")
    ssh, ours = round_trips(hosts, rounds)
    # of ssh's own, one lies between exec and the command's output
    yield line("round-trips", f"{ours - ssh + 1:.1f}", "2", f"from exec to the first result; whole: ssh HOST true {ssh:.1f}, mitogen run {ours:.1f}")
