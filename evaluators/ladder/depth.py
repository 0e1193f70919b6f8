"""Which blocks of a base a strategy trains, and how many passes that takes. No torch: plan and engine ask alike.

In: settings, and how many blocks a base has. A training step reads a sample once forwards; where blocks are trained it
takes the gradient of every activation above the lowest of them (one pass) and that of their weights (another). Blocks
count as equal, stem or embeddings as nothing: torch counts the same within 5 % on a BERT, a ResNet-34 and a ResNet-18.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from evaluators.protocol import SettingValue

Settings = Mapping[str, SettingValue]

#: Part of a block whose input gradient the lowest trained block does not take: query, key and value of a transformer's.
UNTAKEN = 0.25


def upper_blocks(settings: Settings, blocks: int) -> range:
    """Return the upper blocks that a partial freeze trains, at least one: `trained_blocks`, or else `trained_share`."""
    if "trained_blocks" in settings:
        wanted = int(settings["trained_blocks"])
    else:
        wanted = round(float(settings["trained_share"]) * blocks)
    return range(blocks - min(blocks, max(1, wanted)), blocks)


def freezes_blocks(settings: Settings) -> bool:
    """Whether a strategy with these settings trains the upper blocks only."""
    return "trained_share" in settings or "trained_blocks" in settings


def frozen_blocks(settings: Settings, blocks: int) -> int:
    """Return how many blocks a partial freeze leaves as they are, counted from below.

    What lies below is the same for every draw and every step, so it is computed once: `engine/boundary_cache.py`.
    """
    return upper_blocks(settings, blocks).start


def chosen_block(settings: Settings, blocks: int) -> range:
    """Return the one block that `block` names, 0 the lowest and -1 the highest; nothing if there is no such block."""
    wanted = int(settings["block"])
    place = wanted + blocks if wanted < 0 else wanted
    return range(place, place + 1) if 0 <= place < blocks else range(0)


def unfreezing_groups(settings: Settings, blocks: int) -> list[range]:
    """Return the `groups` of blocks that are unfrozen one after the other, bottom-up, of nearly one size each."""
    count = min(blocks, max(1, int(settings["groups"])))
    cuts = [round(number * blocks / count) for number in range(count + 1)]
    return [range(low, high) for low, high in pairwise(cuts)]


def opening_share(settings: Settings, above: int, groups: int) -> float:
    """Return the share of the steps after which a group is unfrozen.

    The head is trained alone at first; the groups follow from the top, at equal distances, until at the share
    `unfreezing` of the steps all are trained.

    Args:
        settings: `unfreezing`, below 1.
        above: How many groups lie above it.
        groups: How many there are.
    """
    return float(settings["unfreezing"]) * (above + 1) / groups


def passes_for_upper(settings: Settings, blocks: int) -> float:
    """Return the passes of a partial freeze, which begins above the frozen blocks."""
    return (3.0 * len(upper_blocks(settings, blocks)) - UNTAKEN) / blocks


def once_for_upper(settings: Settings, blocks: int) -> float:
    """Return the share of a pass that the frozen blocks of a partial freeze are, which each sample takes once."""
    return frozen_blocks(settings, blocks) / blocks


def passes_for_one(settings: Settings, blocks: int) -> float:
    """Return the passes of training one block: the gradient has to come down to it."""
    chosen = chosen_block(settings, blocks)
    return 1.0 + (2.0 * len(chosen) - UNTAKEN + blocks - chosen.stop) / blocks


def passes_for_unfreezing(settings: Settings, blocks: int) -> float:
    """Return the passes of gradual unfreezing, on average over its steps."""
    groups = unfreezing_groups(settings, blocks)
    opened = (
        len(group) * (1.0 - opening_share(settings, above, len(groups)))
        for above, group in enumerate(reversed(groups))
    )
    return 1.0 + 2.0 * sum(opened) / blocks
