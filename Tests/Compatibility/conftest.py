"""Libraries of other ABIs than this release's: those that earlier ones left, and those that later ones may bring."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Authoring")]

import places  # noqa: E402, F401  (leads to the tools' modules)
