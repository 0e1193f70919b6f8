"""How deep a strategy freezes the base: a function of its settings and of the number of blocks. No torch.

The settings `trained_share` and `trained_blocks` mean this in every row of the ladder. What lies below is the same for
every draw and every step, so it is computed once: see `evaluators/engine/boundary_cache.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from evaluators.protocol import SettingValue


def freezes_blocks(settings: Mapping[str, SettingValue]) -> bool:
    """Whether a strategy with these settings trains the upper blocks only."""
    return "trained_share" in settings or "trained_blocks" in settings


def frozen_blocks(settings: Mapping[str, SettingValue], blocks: int) -> int:
    """Return how many blocks are frozen, counted from below; at least one block is trained.

    Args:
        settings: With `trained_blocks` (a number of them), or `trained_share` (of all, rounded half to even).
        blocks: How many the base has.

    Raises:
        KeyError: If neither is set.
    """
    if "trained_blocks" in settings:
        trained = int(settings["trained_blocks"])
    else:
        trained = round(float(settings["trained_share"]) * blocks)
    return max(0, blocks - max(1, trained))
