"""The original name of `mitogen_linear`: the `linear` strategy with Mitogen switched on while it runs."""

from __future__ import annotations

import os
import sys

from ansible.plugins.strategy.linear import StrategyModule as Stock

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from mitogen_swift.strategy import Accelerated  # noqa: E402

DOCUMENTATION = """
    name: mitogen
    short_description: The linear strategy, with modules run over persistent interpreters
    description:
        - Schedules tasks as the strategy C(linear) does.
"""


class StrategyModule(Accelerated, Stock):
    pass
