"""A smart card in software."""
import os
import random
import subprocess
from pathlib import Path

from hosts import Hosts


def card(hosts: Hosts, folder: Path) -> tuple[str, str, dict[str, str]]:
    """With a key that our servers take: (library, PIN, environment)."""
    tokens = folder / "tokens"
    tokens.mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    environment = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
    library = next(str(path) for path in Path("/usr/lib").rglob("libsofthsm2.so"))
    # Looked for on the whole machine, where others may run these tests too.
    pin = "".join(random.choices("123456789", k=8))

    def run(*command: str) -> str:
        return subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True).stdout

    run("softhsm2-util", "--init-token", "--free", "--label", "mitogen", "--so-pin", "87654321", "--pin", pin)
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "", "-f", str(folder / "key"))
    run("softhsm2-util", "--import", str(folder / "key"), "--token", "mitogen", "--label", "key", "--id", "01", "--pin", pin)
    with open(hosts.state / "ssh" / "authorized_keys", "a") as file:
        file.write((folder / "key.pub").read_text())
    (folder / "key").unlink()
    return library, pin, environment
