"""The `free` strategy with Mitogen switched on while it runs."""

from __future__ import annotations

import os
import sys

from ansible.plugins.strategy.free import StrategyModule as Stock

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from mitogen_swift.strategy import Accelerated  # noqa: E402

DOCUMENTATION = """
    name: mitogen_free
    short_description: The free strategy, with modules run over persistent interpreters
    description:
        - Schedules tasks as the strategy C(free) does.
"""


class StrategyModule(Accelerated, Stock):
    pass
