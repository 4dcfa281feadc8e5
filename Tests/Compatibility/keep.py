#!/usr/bin/env python3
"""keep.py: keeps the examples in C as they are built with this release's header, for the hosts of later releases.

Run once, when a minor number of the ABI is published, on the machine of releases; what is in kept/ is never built again.
"""
import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests" / "Authoring"))

from places import make  # noqa: E402

import paths  # noqa: E402

KEPT = Path(__file__).resolve().parent / "kept"
#: Examples; and a runner as `mitogen plugins new` writes it.
NAMES = ("chroot", "ticket", "shell-env")


def main():
    abi = json.loads(next(paths.RELEASE.glob("libMitogenSSH.manifest.json")).read_text())["abi"]
    target = KEPT / abi
    binaries, sources = target / platform.machine(), target / "sources"
    binaries.mkdir(parents=True)
    sources.mkdir()
    shutil.copy(REPOSITORY / "Core" / "PluginABI" / "include" / "mitogen_plugin.h", sources)
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            package = Path(folder) / name
            if (example := REPOSITORY / "Plugins" / "Examples" / name).exists():
                shutil.copytree(example, package)
            else:
                subprocess.run([paths.MITOGEN, "plugins", "new", name, "--kind", "runner", "--folder", package], check=True)
            done = make(package, "CFLAGS=-O2", "LDFLAGS=-s")
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            for path in package.glob("build/lib*"):
                shutil.copy(path, binaries)
            (sources / name).mkdir()
            for path in [*package.glob("src/*"), *package.glob("build/half.h")]:
                shutil.copy(path, sources / name)
            for path in package.glob("cases/*.json"):
                (sources / name / "cases").mkdir(exist_ok=True)
                shutil.copy(path, sources / name / "cases")
    files = sorted(path for path in target.rglob("*") if path.is_file())
    (target / "SHA256SUMS").write_text("".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(target)}\n" for path in files))


if __name__ == "__main__":
    main()
