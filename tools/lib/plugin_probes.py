"""What it costs that libraries of others are installed: the router's start and memory with thirty of them, none of which is used."""
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import paths
from hosts import Hosts
from router_client import Router

ABOUT = "the router's start and memory with 30 plugins of others installed and none used (printed, no peer)"
LINKS = ()
CONTAINERS = 0
#: Libraries, each with a manifest beside it.
LIBRARIES = 30
#: Starts of a router for each round: one takes some milliseconds.
STARTS = 10
SOURCE = paths.TESTS / "PluginABI" / "minimal.c"
INCLUDE = paths.REPOSITORY / "Core" / "PluginABI" / "include"


def install(folder: Path):
    """Libraries as their authors would build them, each with one connection method of its own."""
    text = SOURCE.read_text()
    for number in range(LIBRARIES):
        source, library = folder / f"cell{number}.c", folder / f"libCell{number}.so"
        source.write_text(text.replace('"cell"', f'"cell{number}"'))
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", f"-I{INCLUDE}", "-o", str(library), str(source)], check=True)
        done = subprocess.run([str(paths.MITOGEN), "plugins", "manifest", str(library)], check=True, capture_output=True)
        library.with_suffix(".manifest.json").write_bytes(done.stdout)
        source.unlink()


def start(environment: dict[str, str]) -> tuple[float, float, int]:
    """Seconds from exec to HELLO, those until it has said which plugins there are, as Ansible's side asks first, and its memory then."""
    begin = time.monotonic()
    with Router(environment=environment) as router:
        ready = time.monotonic()
        router.request("catalogue")
        return ready - begin, time.monotonic() - ready, router.memory()


def measured(rounds: int) -> dict[str, list[tuple[float, float, int]]]:
    """Side -> its starts; the sides take turns."""
    with tempfile.TemporaryDirectory(prefix="plugins-") as folder:
        install(Path(folder))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MITOGEN_")}
        sides = {"none": kept, "thirty": kept | {"MITOGEN_PLUGIN_PATH": folder}}
        taken: dict[str, list[tuple[float, float, int]]] = {name: [] for name in sides}
        for number in range(rounds):
            for _ in range(STARTS):
                for name, environment in sides.items():
                    taken[name].append(start(environment))
            print(f"  plugins {number + 1}/{rounds}", file=sys.stderr, flush=True)
        return taken


def run(_hosts: Hosts, rounds: int, tsv: bool):
    """Lines to print."""
    taken = measured(rounds)
    if not tsv:
        yield f"plugins: {ABOUT}"
    for metric, index, scale, unit in (("start", 0, 1000, "ms"), ("catalogue", 1, 1000, "ms"), ("rss", 2, 1e-6, "MB")):
        none, thirty = (statistics.median(each[index] for each in taken[name]) * scale for name in ("none", "thirty"))
        if tsv:
            yield "\t".join(("plugins", metric, f"{thirty:.2f}", "none", f"{none:.2f}", f"{thirty / none:.4f}"))
        else:
            yield f"  {metric:9} {thirty:.2f} {unit} with {LIBRARIES} plugins, {none:.2f} {unit} with none: {thirty / none:.3f}"
