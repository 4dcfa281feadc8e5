"""Which tests may be skipped: Tests/expected-skips.txt, a pattern a line."""
import fnmatch
from pathlib import Path


def patterns(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


def unexpected(skipped: list[tuple[str, str]], expected: list[str]) -> list[str]:
    """Those of `skipped`, each a test's name and the reason that it gave, that no pattern allows; as NAME: REASON."""
    texts = [f"{name}: {reason}" for name, reason in skipped]
    return [text for text in texts if not any(fnmatch.fnmatchcase(text, pattern) for pattern in expected)]
