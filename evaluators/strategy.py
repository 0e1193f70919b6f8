"""THE ladder: every transfer strategy in one explicit table, lightest first. No torch here.

The rows stand below `ladder/`, one file a tier. Adding a strategy is adding a row there and the function it names;
`tests/evaluators/engine/test_strategy_contract.py` runs over the table. Start with the lightest approach; a heavier one
must pay for itself with evidence.
"""

from __future__ import annotations

from evaluators.ladder import baseline, efficient, frozen, full, partial
from evaluators.ladder.row import Cost, Need, Strategy, Tap, Tier
from evaluators.names import unknown_name

__all__ = ["STRATEGIES", "Cost", "Need", "Strategy", "Tap", "Tier", "strategy"]

STRATEGIES: tuple[Strategy, ...] = (
    *baseline.ROWS,
    *frozen.ROWS,
    *efficient.ROWS,
    *partial.ROWS,
    *full.ROWS,
)


def strategy(name: str) -> Strategy:
    """Return a row of the table.

    Raises:
        UsageProblem: If there is none, with the nearest names.
    """
    for row in STRATEGIES:
        if row.id == name:
            return row
    raise unknown_name("strategy", name, (row.id for row in STRATEGIES))
