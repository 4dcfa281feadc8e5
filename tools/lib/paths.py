"""Where things are: the repository, what the build leaves, and what the tools keep for the next time."""
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = REPOSITORY / "tools"
HOSTS = REPOSITORY / "Integration" / "Hosts"
TESTS = REPOSITORY / "Tests"

#: Kept between runs and never committed: virtual environments, downloaded collections.
CACHE = REPOSITORY / ".cache"
#: What `tools/build` leaves.
RELEASE = REPOSITORY / ".build" / "release"
MITOGEN = RELEASE / "mitogen"
VENV = REPOSITORY / ".venv"
