"""Colours and markers of strategies, one way in every picture: Okabe and Ito's, told apart by colour-blind eyes."""

from __future__ import annotations

from evaluators.strategy import STRATEGIES

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREYS = ("#555555", "#777777", "#999999", "#333333")
MARKERS = "osD^vPX"
#: Curves from which on their intervals would cover each other: these are left to the tables then.
MANY = 10


def style(strategy_id: str) -> tuple[str, str]:
    """Return colour and marker of a strategy: floors are grey, transfers are not, each by its place in the table."""
    floors = [row.id for row in STRATEGIES if row.is_baseline]
    if strategy_id in floors:
        place = floors.index(strategy_id)
        return GREYS[place % len(GREYS)], MARKERS[place % len(MARKERS)]
    transfers = [row.id for row in STRATEGIES if not row.is_baseline]
    place = transfers.index(strategy_id) if strategy_id in transfers else len(transfers)
    # Each round through the colours shifts the markers, so that the first 49 transfers differ.
    return COLOURS[place % len(COLOURS)], MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]
