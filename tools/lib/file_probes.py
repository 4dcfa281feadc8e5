"""Files: large ones, trees of small ones, and one for many nodes, beside scp, rsync, stock Ansible and Mitogen 0.3.54.

Programs are compared with programs (`mitogen copy` with scp and rsync), and plays with plays (`copy` through each side). What would take
minutes is cut: the side gets a few of the files, and still fewer, and the time for all is computed from the two, which is printed.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import hop_probes
import paths
import sides
import venvs
from hosts import FAR_ADDRESS, Hosts
from probes import LOCAL_HOP, ssh_hop
from router_client import DATA, ERROR, PING, Router, memory_of

MEBIBYTE = 1 << 20
#: The whole file, and what of it goes through a slow link.
WHOLE, PART = 1024 * MEBIBYTE, 64 * MEBIBYTE
#: Files of a tree; and how many of them a side gets that takes a second for each, in two runs, of which the difference counts.
FILES, FEW, FEWER = 1000, 20, 2
#: Nodes behind the bastion, and the file for each of them.
NODES, SHARED = 20, MEBIBYTE
#: Seconds after which a side is stopped: its time would be minutes.
LIMIT = 300


@dataclass
class Way:
    """One side: what it is called, its command line, and what it copies."""

    name: str
    command: list[str]
    source: Path
    environment: dict[str, str] | None = None
    #: Where it gets only some of the files: the same with still fewer.
    fewer: "Way | None" = None


@dataclass
class Taken:
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measured(way: Way, folder: Path) -> dict[str, float]:
    report, output = folder / "report.json", folder / "output"
    command = [sys.executable, str(paths.TOOLS / "lib" / "measure.py"), str(report), "timeout", str(LIMIT), *way.command]
    with open(output, "w") as file:
        subprocess.run(command, cwd=folder, env=way.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    result = json.loads(report.read_text())
    if result["status"]:
        sys.exit(f"tools/bench: {way.name}: exit status {result['status']}\n{output.read_text()[-1500:]}")
    return result


def side_by_side(name: str, ways: list[Way], rounds: int, place: "Place") -> dict[str, Taken]:
    """Every way once in each round; before each its work is undone, after each it is proved."""
    taken = {way.name: Taken() for way in ways}

    def proved(way: Way) -> dict[str, float]:
        place.clean()
        result = measured(way, place.folder)
        place.prove(way)
        return result

    for number in range(rounds):
        for way in ways:
            result = proved(way)
            if way.fewer:
                few = proved(way.fewer)
                result = {metric: few[metric] + (result[metric] - few[metric]) * (FILES - FEWER) / (FEW - FEWER) for metric in ("wall", "cpu")}
            taken[way.name].wall.append(result["wall"])
            taken[way.name].cpu.append(result["cpu"])
            print(f"  {name} {number + 1}/{rounds} {way.name}: {result['wall']:.2f} s", file=sys.stderr, flush=True)
    return taken


class Table:
    """Lines for one benchmark, for people or separated by tabs."""

    def __init__(self, name: str, tsv: bool):
        self.name, self.tsv = name, tsv

    def compared(self, metric: str, ours: float, peer: str, theirs: float, note: str = "") -> str:
        if self.tsv:
            return "\t".join((self.name, metric, f"{ours:.4f}", peer, f"{theirs:.4f}", f"{ours / theirs:.4f}"))
        return f"  {metric:20} {ours:.3f}, {peer} {theirs:.3f}: {ours / theirs:.3f}{note}"

    def printed(self, metric: str, value: str, aim: str = "-") -> str:
        if self.tsv:
            return "\t".join((self.name, metric, value, "aim", aim, "-"))
        return f"  {metric:20} {value}" + (f" (aim {aim})" if aim != "-" else "")

    def sides(self, taken: dict[str, Taken], ours: str, peers: list[Way]):
        for peer in peers:
            note = f" (computed from {FEWER} and {FEW} files)" if peer.fewer else ""
            for metric in ("wall", "cpu"):
                mine, theirs = (statistics.median(getattr(taken[name], metric)) for name in (ours, peer.name))
                yield self.compared(f"{ours} {metric}", mine, peer.name, theirs, note)


class Place:
    """Where the files of a benchmark are, and the account at the other end that gets them."""

    def __init__(self, hosts: Hosts, rtt: int | None):
        self.hosts, self.rtt = hosts, rtt
        self.folder = hosts.state / "files"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.target = Path(f"/home/{hosts.login}/bench")
        self.address, self.port = ("127.0.0.1", hosts.port) if rtt is None else (FAR_ADDRESS, 22)

    @property
    def before(self) -> list[str]:
        return [] if self.rtt is None else self.hosts.near(self.rtt)

    @property
    def ssh(self) -> list[str]:
        return [*self.hosts.ssh_arguments.split(), "-i", str(self.hosts.key)]

    @property
    def account(self) -> str:
        return f"{self.hosts.login}@{self.address}"

    def clean(self):
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir()
        shutil.chown(self.target, self.hosts.login, self.hosts.login)
        # What one side has still to write must not be paid by the next.
        os.sync()

    # programs

    def mitogen(self, source: Path, *options: str) -> Way:
        ours = [str(paths.MITOGEN), "copy", *options, "-o", f"ssh.private_key_file={self.hosts.key}",
                "-o", f"ssh.ssh_common_args={self.hosts.ssh_arguments}"]
        command = [*ours, str(source), f"ssh://{self.account}:{self.port}:{self.target}/{source.name}"]
        return Way("mitogen copy", [*self.before, *command], source)

    def scp(self, source: Path, *options: str, fewer: Way | None = None) -> Way:
        command = ["scp", "-q", "-P", str(self.port), *self.ssh, *options, str(source), f"{self.account}:{self.target}/{source.name}"]
        return Way("scp", [*self.before, *command], source, fewer=fewer)

    def rsync(self, source: Path, *options: str) -> Way:
        remote = " ".join(["ssh", "-p", str(self.port), *self.ssh])
        slash = "/" if source.is_dir() else ""
        command = ["rsync", "-e", remote, *options, f"{source}{slash}", f"{self.account}:{self.target}/{source.name}{slash}"]
        return Way("rsync", [*self.before, *command], source)

    # plays

    def play(self, side: sides.Side, name: str, source: Path, fewer: Way | None = None, **settings: str) -> Way:
        run = self.folder / f"{name}-{source.name}".replace(" ", "-")
        run.mkdir(exist_ok=True)
        variables = self.hosts.variables(1) if self.rtt is None else self.hosts.far_variables()
        inventory = self.hosts.inventory({"web1": variables}, "files")
        slash = "/" if source.is_dir() else ""
        tasks = [{"copy": {"src": f"{source}{slash}", "dest": f"{self.target}/{source.name}{slash}"}}]
        playbook = run / "playbook.json"
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        command = [*self.before, side.venv.tool("ansible-playbook"), "-i", str(inventory), str(playbook)]
        return Way(name, command, source, side.environment(run) | settings, fewer)

    def prove(self, way: Way):
        done = subprocess.run(["diff", "-rq", str(way.source), str(self.target / way.source.name)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"tools/bench: {way.name} did not copy {way.source.name}: {done.stdout[:500]}{done.stderr[:500]}")


def random_file(path: Path, size: int) -> Path:
    """Content that nothing can compress."""
    with open(path, "wb") as file:
        for _ in range(size // MEBIBYTE):
            file.write(os.urandom(MEBIBYTE))
    return path


def tree(path: Path, files: int) -> Path:
    for number in range(files):
        file = path / f"{number % 10}" / f"{number}.conf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"{number:4095}\n".encode())
    return path


class Peers:
    """The sides of a play."""

    def __init__(self):
        self.venv = venvs.for_series(venvs.DEFAULT_SERIES, venvs.MITOGEN_PEER)
        self.ours, self.stock, self.mitogen = sides.ours(self.venv), sides.stock(self.venv), sides.mitogen_peer(self.venv)


# -- one large file --

class LargeFile:
    CONTAINERS = 0

    def __init__(self, rtt: int | None, size: int):
        self.rtt, self.size = rtt, size
        self.LINKS = (rtt,) if rtt is not None else ()
        self.name = "file-1g" if rtt is None else f"file-64m-{rtt}"
        where = "over ssh on loopback" if rtt is None else f"through a link of {rtt} ms"
        self.ABOUT = f"one file of {size // MEBIBYTE} MiB {where}: time and CPU of the controller's side" + ("; memory" if rtt is None else "")

    def run(self, hosts: Hosts, rounds: int, tsv: bool):
        table, place, peers = Table(self.name, tsv), Place(hosts, self.rtt), Peers()
        source = random_file(place.folder / "large", self.size)
        programs = [place.mitogen(source), place.scp(source), place.rsync(source, "--whole-file")]
        plays = [place.play(peers.ours, "ours", source), place.play(peers.stock, "stock sftp", source, ANSIBLE_SSH_TRANSFER_METHOD="sftp"),
                 place.play(peers.stock, "stock piped", source, ANSIBLE_SSH_TRANSFER_METHOD="piped")]
        if self.rtt is None:
            plays.append(place.play(peers.mitogen, "mitogen", source))
        taken = side_by_side(self.name, programs + plays, rounds, place)
        if not tsv:
            yield f"{self.name}: {self.ABOUT}"
        rate = {way.name: self.size / MEBIBYTE / statistics.median(taken[way.name].wall) for way in programs + plays}
        for peer in ("scp", "rsync"):
            aim = " (aim 0.9)" if peer == "scp" else ""
            yield table.compared("mitogen copy MiB/s", rate["mitogen copy"], peer, rate[peer], aim)
        yield from table.sides(taken, "mitogen copy", programs[1:])
        yield from table.sides(taken, "ours", plays[1:])
        if self.rtt is None:
            place.clean()
            for metric, value in memory(hosts, source, place.target).items():
                yield table.printed(f"{metric} over idle", f"{value / MEBIBYTE:.1f} MiB", "32 MiB")


def memory(hosts: Hosts, source: Path, target: Path) -> dict[str, int]:
    """What router, hop and target grow by at most while the file goes through a hop."""
    route = [ssh_hop(hosts, 1), LOCAL_HOP]
    with Router() as router:
        hop, node = (json.loads(router.request("node", route[:length]))["pid"] for length in (1, 2))
        pids = {"router": router.process.pid, "hop": hop, "agent": node}
        # The parts of the agent that move files are loaded by the first.
        small = source.with_name("small")
        small.write_bytes(b"x" * 5 * MEBIBYTE)
        put(router, route, small, target / "small")
        idle = {name: memory_of(pid) for name, pid in pids.items()}
        for pid in pids.values():
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        put(router, route, source, target / "large")
        return {name: memory_of(pid, "VmHWM") - idle[name] for name, pid in pids.items()}


def put(router: Router, route: list[dict], source: Path, target: Path):
    router.request("put", route, json.dumps({"path": str(target), "size": source.stat().st_size}).encode(), source=str(source))


# -- a tree --

class Tree:
    CONTAINERS = 0

    def __init__(self, rtt: int | None):
        self.rtt = rtt
        self.LINKS = (rtt,) if rtt is not None else ()
        self.name = f"tree-{FILES}" + ("" if rtt is None else f"-{rtt}")
        self.ABOUT = f"{FILES} files of 4 KiB in one tree" + ("" if rtt is None else f" through a link of {rtt} ms")

    def run(self, hosts: Hosts, rounds: int, tsv: bool):
        table, place, peers = Table(self.name, tsv), Place(hosts, self.rtt), Peers()
        source, few, fewer = (tree(place.folder / f"tree-{count}", count) for count in (FILES, FEW, FEWER))
        programs = [place.mitogen(source, "-r"), place.rsync(source, "-r"),
                    place.scp(source, "-r") if self.rtt is None else place.scp(few, "-r", fewer=place.scp(fewer, "-r"))]
        plays = [place.play(peers.ours, "ours", source)]
        for side in (peers.stock, peers.mitogen):
            plays.append(place.play(side, side.name, few, fewer=place.play(side, side.name, fewer)))
        taken = side_by_side(self.name, programs + plays, rounds, place)
        if not tsv:
            yield f"{self.name}: {self.ABOUT}"
        yield from table.sides(taken, "mitogen copy", programs[1:])
        yield from table.sides(taken, "ours", plays[1:])
        if self.rtt is not None and not tsv:
            yield "  (aims: of Mitogen's time at most 0.05, of rsync's at most 1.5)"


# -- one file for many nodes --

class FanOut:
    LINKS = (30,)
    CONTAINERS = NODES
    name = "fan-out"
    ABOUT = f"one file of 1 MiB to {NODES} containers behind a bastion at the end of a link of 30 ms: bytes over its link"

    def run(self, hosts: Hosts, rounds: int, tsv: bool):
        table, peers = Table(self.name, tsv), Peers()
        if not tsv:
            yield f"{self.name}: {self.ABOUT}"
        folder = hosts.state / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        transfers = []
        for number in range(rounds):
            transfers.append(self.transfers(hosts, random_file(folder / f"shared-{number}", SHARED)))
        crossed, seconds = (statistics.median(column) for column in zip(*transfers))
        yield table.printed("bytes", f"{crossed / SHARED:.3f} of the file", "1.1")
        yield table.printed("seconds", f"{seconds:.2f}, on nodes that are open")
        taken: dict[str, list[tuple[float, float]]] = {}
        for number in range(rounds):
            for name, side in (("ours", peers.ours), ("mitogen", peers.mitogen)):
                source = random_file(folder / f"{name}-{number}", SHARED)
                taken.setdefault(name, []).append(self.play(hosts, side, source, folder / f"run-{name}-{number}"))
                print(f"  {self.name} {number + 1}/{rounds} {name}: {taken[name][-1][0]:.2f} s", file=sys.stderr, flush=True)
        medians = {name: [statistics.median(column) for column in zip(*values)] for name, values in taken.items()}
        yield table.compared("play wall", medians["ours"][0], "mitogen", medians["mitogen"][0])
        yield table.compared("play bytes/file", medians["ours"][1] / SHARED, "mitogen", medians["mitogen"][1] / SHARED)

    def transfers(self, hosts: Hosts, source: Path) -> tuple[int, float]:
        """IP bytes both ways, and seconds, of transfers to nodes that are open."""
        bastion = hop_probes.bastion_hop(hosts, "docker", host=FAR_ADDRESS, port=22)
        routes = [[bastion, hop_probes.hop_behind(hosts, number, "docker")] for number in range(1, NODES + 1)]
        with hop_probes.router(before=hosts.near(30)) as router:
            router.replies({router.start("node", route) for route in routes})
            before, start = hosts.bytes_on_link(30), time.monotonic()
            call = json.dumps({"path": f"/tmp/{source.name}", "size": SHARED}).encode()
            router.replies({router.start("put", route, call, source=str(source)) for route in routes})
            return hosts.bytes_on_link(30) - before, time.monotonic() - start

    def play(self, hosts: Hosts, side: sides.Side, source: Path, run: Path) -> tuple[float, float]:
        """Seconds and IP bytes of a whole play."""
        run.mkdir()
        bastion = {"bastion": hosts.far_variables(ansible_user="root")}
        inventory = hosts.inventory(bastion | hosts.crowd(NODES, mitogen_via="bastion"), "fan-out")
        playbook = run / "playbook.json"
        tasks = [{"copy": {"src": str(source), "dest": f"/tmp/play-{source.name}"}}]
        playbook.write_text(json.dumps([{"hosts": "all:!bastion", "gather_facts": False, "tasks": tasks}]))
        command = [*hosts.near(30), side.venv.tool("ansible-playbook"), "-i", str(inventory), "--forks", str(NODES), "--timeout", "60", str(playbook)]
        before = hosts.bytes_on_link(30)
        result = measured(Way(side.name, command, source, side.environment(run)), run)
        return result["wall"], hosts.bytes_on_link(30) - before


# -- calls beside a large file --

def moved(kind: int, stream: int, payload: bytes, wanted: int) -> int:
    """Bytes of content that have moved, by a frame of the transfer."""
    if kind == ERROR:
        sys.exit(f"tools/bench: {payload.decode()}")
    if stream != wanted or kind == PING:
        return 0
    return int.from_bytes(payload, "big") if kind == DATA else WHOLE


class Latency:
    CONTAINERS = 0
    LINKS = (30,)
    name = "latency"
    ABOUT = "`command: hostname` while a large file crosses the same link, and while nothing does"
    #: Calls of which the median is taken.
    CALLS = 30

    def run(self, hosts: Hosts, rounds: int, tsv: bool):
        table, place = Table(self.name, tsv), Place(hosts, None)
        if not tsv:
            yield f"{self.name}: {self.ABOUT}"
        source = random_file(place.folder / "large", WHOLE)
        far = ssh_hop(hosts, 1)
        far["options"] |= {"host": FAR_ADDRESS, "port": 22}
        for where, hop, before in (("loopback", ssh_hop(hosts, 1), []), ("30 ms", far, hosts.near(30))):
            for way in ("put", "get"):
                idle, beside = zip(*(self.latencies(place, hop, before, source, way) for _ in range(rounds)))
                yield table.compared(f"{where} {way}, ms", statistics.median(beside) * 1000, "idle", statistics.median(idle) * 1000, " (aim 3)")

    def latencies(self, place: Place, hop: dict, before: list[str], source: Path, way: str) -> tuple[float, float]:
        """Seconds of a call, idle and beside the transfer."""
        module, arguments = hop_probes.module()
        place.clean()

        def call() -> float:
            start = time.monotonic()
            router.request("run", [hop], b"{}", arguments, module=module)
            return time.monotonic() - start

        with Router(before=before) as router, router.another() as other:
            for _ in range(3):
                call()
            idle = statistics.median(call() for _ in range(self.CALLS))
            target = place.target / "large"
            body = {"path": str(target), "size": WHOLE} if way == "put" else {"path": str(source)}
            header = {"source": str(source)} if way == "put" else {"destination": str(target)}
            stream = other.start(way, [hop], json.dumps(body).encode(), progress=True, **header)
            while moved(*other.receive(), stream) < 4 * MEBIBYTE:
                pass
            taken: list[float] = []
            while len(taken) < self.CALLS and not (other.is_spoken_to() and moved(*other.receive(), stream) == WHOLE):
                taken.append(call())
        if len(taken) < 5:
            sys.exit(f"tools/bench: the transfer ended after {len(taken)} calls")
        return idle, statistics.median(taken)


# -- rsync over the tunnel --

class Synchronize:
    CONTAINERS = 0
    LINKS = (30,)
    name = "synchronize"
    ABOUT = f"`synchronize` of {FILES} files of 4 KiB and one of 64 MiB to a host behind a bastion, 30 ms away; stock's rsync goes over ssh -J"

    def run(self, hosts: Hosts, rounds: int, tsv: bool):
        table, place, peers = Table(self.name, tsv), Place(hosts, 30), Peers()
        source = tree(place.folder / "both", FILES)
        random_file(source / "large", PART)
        ways = [self.play(place, peers.ours, source), self.play(place, peers.stock, source)]
        taken = side_by_side(self.name, ways, rounds, place)
        if not tsv:
            yield f"{self.name}: {self.ABOUT}"
        yield from table.sides(taken, "ours", ways[1:])

    def play(self, place: Place, side: sides.Side, source: Path) -> Way:
        hosts, run = place.hosts, place.folder / side.name
        run.mkdir()
        inventory = {"bastion": hosts.far_variables(ansible_user="root"), "web1": hosts.far_variables()}
        if side.name == "ours":
            inventory["web1"]["mitogen_via"] = "bastion"
        else:
            # ssh hands its configuration on to the one that jumps, and nothing else.
            options = "".join(f"  {word.replace('=', ' ', 1)}\n" for word in hosts.ssh_arguments.split() if "=" in word)
            jump = f"Host bastion\n  HostName {FAR_ADDRESS}\n  User root\n{options}Host {FAR_ADDRESS}\n  ProxyJump bastion\n{options}Host *\n  IdentityFile {hosts.key}\n"
            (run / "ssh_config").write_text(jump)
            inventory["web1"]["ansible_ssh_common_args"] = f"-F {run / 'ssh_config'}"
        task = {"ansible.posix.synchronize": {"src": f"{source}/", "dest": f"{place.target}/{source.name}", "owner": False, "group": False, "use_ssh_args": True}}
        playbook = run / "playbook.json"
        playbook.write_text(json.dumps([{"hosts": "web1", "gather_facts": False, "tasks": [task]}]))
        command = [*place.before, side.venv.tool("ansible-playbook"), "-i", str(hosts.inventory(inventory, side.name)), str(playbook)]
        return Way(side.name, command, source, side.environment(run) | {"ANSIBLE_COLLECTIONS_PATH": str(venvs.collections())})


ENTRIES = {entry.name: entry for entry in (
    LargeFile(None, WHOLE), LargeFile(30, PART), LargeFile(180, PART), Tree(None), Tree(180), FanOut(), Latency(), Synchronize())}
