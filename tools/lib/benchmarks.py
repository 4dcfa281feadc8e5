"""The benchmarks: what each runs, on which hosts, and through which sides."""
import json
from dataclasses import dataclass
from pathlib import Path

from hosts import Hosts

#: The round trip of the slow link, and of the one that only counts bytes, in milliseconds.
SLOW, COUNTED = 180, 0
#: That to the bastion of the containers.
BASTION = 30


@dataclass(frozen=True)
class Benchmark:
    name: str
    about: str
    #: A play's tasks; None is `ansible HOST -m ping`.
    tasks: list[dict] | None
    hosts: int = 1
    #: The link that it runs through, as a round trip in milliseconds; None is loopback.
    link: int | None = None
    metrics: tuple[str, ...] = ("wall",)
    sides: tuple[str, ...] = ("ours", "stock", "mitogen")
    #: Containers behind the host, which then is no host of the play.
    containers: int = 0
    #: Files of 4 KiB in the folder `tree` beside the playbook.
    files: int = 0

    def inventory(self, hosts: Hosts) -> Path:
        if self.containers:
            bastion = {"bastion": hosts.far_variables(ansible_user="root")}
            return hosts.inventory(bastion | hosts.crowd(self.containers, mitogen_via="bastion"), self.name)
        if self.link is not None:
            return hosts.inventory({"web1": hosts.far_variables()}, self.name)
        return hosts.inventory({f"web{i}": hosts.variables(i) for i in range(1, self.hosts + 1)}, self.name)

    def command(self, tool, hosts: Hosts, folder: Path) -> list[str]:
        """The command line; `tool` gives the path of one of ansible's programs."""
        inventory = str(self.inventory(hosts))
        before = [] if self.link is None else hosts.near(self.link)
        if self.tasks is None:
            return [*before, tool("ansible"), "-i", inventory, "web1", "-m", "ping"]
        for number in range(self.files):
            path = folder / "tree" / f"{number % 10}" / f"{number}.conf"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{number:4095}\n".encode())
        playbook = folder / "playbook.json"
        playbook.write_text(json.dumps([{"hosts": "all:!bastion", "gather_facts": False, "tasks": self.tasks}]))
        forks = str(max(5, self.hosts, self.containers))
        # twenty clients of docker at once may need more than the ten seconds that Ansible gives an opening
        patience = ["--timeout", "60"] if self.containers else []
        return [*before, tool("ansible-playbook"), "-i", inventory, "--forks", forks, *patience, str(playbook)]


def tasks(count: int) -> list[dict]:
    return [{"name": f"task {i}", "command": "hostname"} for i in range(count)]


LOOP = [{"name": "a loop", "command": "hostname", "loop": list(range(100))}]

TREE = [{"name": "none", "file": {"path": "~/tree", "state": "absent"}},
        {"name": "a folder", "copy": {"src": "{{ playbook_dir }}/tree/", "dest": "~/tree"}}]

BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("tasks-100", "100 tasks `command: hostname`, 1 host", tasks(100), sides=("ours", "stock", "mitogen", "pyinfra")),
        Benchmark("loop-100", "one task looping 100 times", LOOP),
        Benchmark("hosts-20x10", "20 hosts, 10 tasks each", tasks(10), hosts=20, metrics=("wall", "cpu")),
        Benchmark("ping-cold", "`ansible HOST -m ping`, no connection standing", None),
        Benchmark("ping-cold-180", "the same through a link of 180 ms", None, link=SLOW),
        Benchmark("loop-100-180", "one task looping 100 times through 180 ms", LOOP, link=SLOW),
        Benchmark("delegation-1", "one container behind a bastion at the end of a link of 30 ms, 10 tasks", tasks(10), link=BASTION,
                  metrics=("wall", "cpu", "bytes"), sides=("ours", "mitogen"), containers=1),
        Benchmark("delegation", "20 containers behind a bastion at the end of a link of 30 ms, 10 tasks each", tasks(10), link=BASTION,
                  metrics=("wall", "cpu", "bytes"), sides=("ours", "mitogen"), containers=20),
        Benchmark("tree", "`copy` of a folder of 100 files of 4 KiB", TREE, files=100),
        Benchmark("tree-180", "the same through a link of 180 ms", TREE, link=SLOW, files=100),
        Benchmark("wire-100", "IP bytes of 100 tasks, both ways", tasks(100), link=COUNTED, metrics=("bytes",)),
    )
}

#: pyinfra's way to say 100 times `command: hostname`.
PYINFRA_DEPLOY = """\
from pyinfra.operations import server

for number in range(100):
    server.shell(name=f"task {number}", commands=["hostname"])
"""


def pyinfra_command(tool: str, hosts: Hosts, folder: Path) -> list[str]:
    # paramiko knows no patterns in known_hosts
    key = (hosts.state / "ssh" / "known_hosts").read_text().split(" ", 1)[1]
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{hosts.port} {key}")
    data = {"ssh_user": hosts.login, "ssh_port": hosts.port, "ssh_key": str(hosts.key), "ssh_known_hosts_file": str(folder / "known_hosts"),
            "ssh_strict_host_key_checking": "yes"}
    (folder / "inventory.py").write_text(f"web = [('127.0.0.1', {data!r})]\n")
    (folder / "deploy.py").write_text(PYINFRA_DEPLOY)
    return [tool, "-y", str(folder / "inventory.py"), str(folder / "deploy.py")]
