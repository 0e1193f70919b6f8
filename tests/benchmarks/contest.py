"""Two contenders over the same cells, timed in turns: seconds, processor time, counters, and how good both were.

A first lap of ours is counted (forwards, tokens, FLOPs) and not timed; peers count by themselves. Then laps alternate
and the fastest of each side counts, because everything else that a shared machine does only ever adds time.
"""

from __future__ import annotations

import random
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from tests.counting import counting, flop_counter

LAPS = 3
#: Seconds that the timed laps of one contest may take; where three would take longer there are fewer, at least one.
AFFORDABLE = 45.0
#: A peer whose cell takes longer than this, or whose cells of one stratum take longer than that together, is sampled.
LONG_CELL, LONG_STRATUM = 20.0, 40.0
SAMPLED = 3


@dataclass(frozen=True)
class Outcome:
    """What a contender found: its accuracy by cell, and what it counted itself."""

    scores: Mapping[str, float]
    counters: Mapping[str, int] = field(default_factory=dict)


Contender = Callable[[], Outcome]


@dataclass(frozen=True)
class Timed:
    """A contender's side of a contest.

    Attributes:
        seconds: Of the fastest lap; of scripts that were sampled, extrapolated to all cells.
        cpu_seconds: Processor time of that lap, children included.
        laps: How many were timed.
        scores: Accuracy by cell, of those that were run.
        counters: Of one lap.
        flops: Of one lap's matrix products and convolutions; 0 where they were not counted.
        extrapolated: How many of how many cells were run; empty if all.
        strata: Mean seconds of a cell, by stratum; empty where cells are not timed one by one.
    """

    seconds: float
    cpu_seconds: float
    laps: int
    scores: Mapping[str, float]
    counters: Mapping[str, int]
    flops: float = 0.0
    extrapolated: str = ""
    strata: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Lap:
    seconds: float
    cpu_seconds: float
    outcome: Outcome


def contest(theirs: Contender, ours: Contender, *, count_flops: bool = True) -> tuple[Timed, Timed]:
    """Return both sides after a counted lap of ours and `LAPS` timed ones in turns.

    Args:
        theirs: The peer.
        ours: The engine.
        count_flops: Whether there is a counted lap: of a whole matrix it would take as long as the race.
    """
    sides = (theirs, ours)
    counted = _counted(ours) if count_flops else ({}, 0.0)
    timed: tuple[list[_Lap], list[_Lap]] = ([], [])
    started = time.perf_counter()
    for number in range(LAPS):
        for side, done in zip(sides, timed, strict=True):
            done.append(_lap(side))
        spent = time.perf_counter() - started
        if spent * (number + 2) / (number + 1) > AFFORDABLE:
            break
    return _side(timed[0], {}, 0.0), _side(timed[1], *counted)


def against_scripts(
    strata: Mapping[str, Sequence[Contender]], ours: Contender, *, full: bool
) -> tuple[Timed, Timed]:
    """Return the sides of a peer that runs cell by cell and of ours that runs all, our laps between its strata.

    Args:
        strata: Cells of like cost; each is run once. Where they are slow only three of a stratum are, chosen by a
            fixed seed, and stand for the rest.
        ours: All cells.
        full: Run every cell.
    """
    laps: list[_Lap] = []
    scores: dict[str, float] = {}
    counters: dict[str, int] = {}
    seconds = cpu = 0.0
    run = 0
    means: dict[str, float] = {}
    ours_after = _spread(len(strata), LAPS)
    for number, (name, cells) in enumerate(strata.items()):
        done = _stratum(cells, full)
        share = len(cells) / len(done)
        run += len(done)
        means[name] = statistics.fmean(lap.seconds for lap in done)
        seconds += share * sum(lap.seconds for lap in done)
        cpu += share * sum(lap.cpu_seconds for lap in done)
        for lap in done:
            scores |= lap.outcome.scores
            for counter, count in lap.outcome.counters.items():
                counters[counter] = counters.get(counter, 0) + round(share * count)
        if number in ours_after and (not laps or laps[0].seconds * LAPS <= AFFORDABLE):
            laps.append(_lap(ours))
    every = sum(len(cells) for cells in strata.values())
    note = "" if run == every else f"{run} of {every} cells run"
    theirs = Timed(seconds, cpu, 1, scores, counters, extrapolated=note, strata=means)
    return theirs, _side(laps, {}, 0.0)


def timed(side: Contender, laps: int = LAPS) -> Timed:
    """Return one contender alone, where the other was timed before in the same run."""
    return _side([_lap(side) for _ in range(laps)], {}, 0.0)


def _stratum(cells: Sequence[Contender], full: bool) -> list[_Lap]:
    order = list(cells)
    random.Random(0).shuffle(order)
    done = [_lap(order[0])]
    slow = done[0].seconds > LONG_CELL or done[0].seconds * len(order) > LONG_STRATUM
    chosen = order if full or not slow else order[:SAMPLED]
    return done + [_lap(cell) for cell in chosen[1:]]


def _spread(strata: int, laps: int) -> set[int]:
    """Return after which strata one of our laps is run: the first, the last, and evenly between."""
    return {round(i * (strata - 1) / max(1, laps - 1)) for i in range(laps)}


def _counted(side: Contender) -> tuple[dict[str, int], float]:
    with counting() as counts, flop_counter() as flops:
        outcome = side()
    seen = {name: count for name, count in asdict(counts).items() if count}
    return {**seen, **outcome.counters}, float(flops.get_total_flops())


def _lap(side: Contender) -> _Lap:
    cpu, started = _cpu_seconds(), time.perf_counter()
    outcome = side()
    return _Lap(time.perf_counter() - started, _cpu_seconds() - cpu, outcome)


def _side(laps: Sequence[_Lap], counters: Mapping[str, int], flops: float) -> Timed:
    best = min(laps, key=lambda lap: lap.seconds)
    found = {**best.outcome.counters, **counters}
    return Timed(best.seconds, best.cpu_seconds, len(laps), best.outcome.scores, found, flops)


def _cpu_seconds() -> float:
    """Return the processor time of this process and of the children that ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
