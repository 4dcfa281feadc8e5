"""A copy of the machine's /etc for a test that changes it."""
import shutil
from pathlib import Path


def copy_etc(folder: Path, without: tuple[str, ...] = ()):
    """Copies /etc, links as links, without what has one of these names. Programs that change accounts beside it come and go with
    files of a moment (passwd.lock, passwd+): a file that is gone when its turn comes is left out, as it would have been a moment later."""
    shutil.copytree("/etc", folder, symlinks=True, ignore=shutil.ignore_patterns(*without), copy_function=_copy_if_there)


def _copy_if_there(source: str, target: str) -> str:
    try:
        return shutil.copy2(source, target)
    except FileNotFoundError:
        return target
