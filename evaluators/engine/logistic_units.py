"""Which regressions of a grid step together, and how many of such units beside each other, within a budget of memory.

In: how large the problems are. Out: units, and how many may be solved at once. With 1,000 classes and 2,000 rows of
width 768 one regression takes 150 MB, most of it L-BFGS's last steps and numbers by class and row; a grid of 13 values
of C took 2 GB. Pure: no array is looked at.

What is multiplied in one call is a group: some values of C of one problem, a function of that problem alone. Units are
made of whole groups, so no bit depends on the budget or on how many cores there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluators.engine.logistic_lbfgs import MEMORY

#: Bytes of all units that are solved at once, beside the problems and the results: a quarter of the memory of the
#: smallest machine that is meant (4 GiB), for torch, the features and other people need the rest. A single group that
#: takes more is solved all the same, alone.
BUDGET = 1 << 30
#: Logits that step together: beyond, they fall out of the cache, and Python's share of the time is nothing.
TOGETHER = 500_000
#: Rows of weights (classes x values of C) below which a product waits for the memory that the other side comes from.
_PRODUCT = 64
#: Arrays alive at the peak of an iteration (`logistic_objective.search`) beside the history: of the size of the
#: weights, and of the logits. A row also has numbers of its own, as many as some more classes would give.
_OF_WEIGHTS, _OF_LOGITS, _MORE_CLASSES = 9, 8, 2


@dataclass(frozen=True)
class Size:
    """How large a problem is.

    Attributes:
        rows: n.
        width: D.
        classes: Those present.
        penalties: Values of C.
    """

    rows: int
    width: int
    classes: int
    penalties: int

    @property
    def group(self) -> int:
        """Values of C that are multiplied in one call."""
        return max(1, TOGETHER // (self.rows * self.classes), _PRODUCT // self.classes)

    @property
    def logits(self) -> int:
        """Numbers by row, class and value of C."""
        return self.rows * self.classes * self.penalties

    @property
    def work(self) -> int:
        """Multiplications of an iteration."""
        return self.logits * min(self.rows, self.width)


@dataclass(frozen=True)
class Unit:
    """Problems of one shape that one thread solves together.

    Attributes:
        problems: Their numbers.
        bytes: What solving takes at its peak, beside the problems.
        work: Multiplications of an iteration.
    """

    problems: tuple[int, ...]
    bytes: int
    work: int


def groups(size: Size) -> list[slice]:
    """Return the values of C of a problem, cut into groups."""
    return [
        slice(start, min(start + size.group, size.penalties))
        for start in range(0, size.penalties, size.group)
    ]


def solving_bytes(size: Size, *, problems: int = 1, penalties: int | None = None) -> int:
    """Return the bytes that problems of one shape take at the peak of their solution.

    Several have one group each, which step together; the groups of a single problem step one after the other. Held
    against what NumPy allocates by a test.

    Args:
        size: Of each, but for the values of C.
        problems: How many.
        penalties: Values of C of all of them; None: those of `size`.
    """
    regressions = size.penalties if penalties is None else penalties
    stepping = regressions if problems > 1 else min(regressions, size.group)
    rank = min(size.rows, size.width)
    # Coordinates and the way back from them stay; standardising, centring and turning make copies.
    kept = problems * (size.rows * (rank + 5) + size.width * (rank + 2))
    making = 3 * size.rows * size.width + 2 * rank * rank
    weights = size.classes * (rank + 1)
    # Where one leaves, the history of those that stay is copied, half of it at a time.
    history = (2 if stepping == 1 else 3) * MEMORY
    by_row = _OF_LOGITS * (size.classes + _MORE_CLASSES) * size.rows
    iterating = stepping * ((history + _OF_WEIGHTS) * weights + by_row)
    found = regressions * (weights + 2 * size.classes * size.width)
    return 4 * (kept + max(making, iterating + found))


def units_of(sizes: Sequence[Size], *, workers: int, budget: int = BUDGET) -> list[Unit]:
    """Return which problems are solved together, each in one unit.

    Args:
        sizes: Of the problems.
        workers: Units that are solved beside each other if memory allows it.
        budget: Bytes of all that are solved at once.
    """
    shapes: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for number, size in enumerate(sizes):
        shapes[size.rows, size.width, size.classes].append(number)
    found: list[Unit] = []
    for members in shapes.values():
        parts = _parts(members, sizes, budget // workers)
        spread = max(1, workers // len(parts)) if len(shapes) < workers else 1
        for part in parts:
            for piece in np.array_split(np.array(part), min(spread, len(part))):
                own = [sizes[number] for number in piece]
                penalties = sum(size.penalties for size in own)
                taken = solving_bytes(own[0], problems=len(own), penalties=penalties)
                found.append(Unit(tuple(piece.tolist()), taken, sum(size.work for size in own)))
    return found


def _parts(members: Sequence[int], sizes: Sequence[Size], budget: int) -> list[list[int]]:
    """Cut problems of one shape where there would be more logits, or more memory, than may be together."""
    parts: list[list[int]] = []
    penalties = 0
    for number in members:
        size = sizes[number]
        penalties += size.penalties
        if parts:
            together = size.rows * size.classes * penalties <= TOGETHER
            taken = solving_bytes(size, problems=len(parts[-1]) + 1, penalties=penalties)
            if together and taken <= budget:
                parts[-1].append(number)
                continue
        parts.append([number])
        penalties = size.penalties
    return parts


def lanes(units: Sequence[Unit], *, workers: int, budget: int = BUDGET) -> list[tuple[int, list[Unit]]]:
    """Return units with how many of them may be solved at once: lanes one after the other, the narrowest first.

    Units of a lane come by their work, the longest first, so that no core waits for it at the end.
    """
    beside: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        beside[max(1, min(workers, budget // unit.bytes))].append(unit)
    return [
        (count, sorted(members, key=lambda unit: (-unit.work, unit.problems)))
        for count, members in sorted(beside.items())
    ]
