"""An estimate against what was measured, kind of work by kind of work, and what a machine's calibration learns of it.

In: the workload that was estimated, the pace it was estimated at, and what every unit of work took. Out: a `Reckoning`,
and the calibration after the run. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.cost.calibration import Calibration, Took, modelled_seconds
from evaluators.cost.estimate import Pace, by_phase
from evaluators.cost.work import Phase, Work
from evaluators.cost.workload import Workload
from evaluators.running.run import Computed


@dataclass(frozen=True)
class PhaseTook:
    """What one kind of work took.

    Attributes:
        phase: Which.
        estimated: Seconds that were estimated for what was computed.
        took: Seconds.
        cells: Cells that it computed.
        flops: Floating-point operations.
        roofline_share: Share of the lower ceiling of the idle machine that it reached; None without FLOPs to count.
    """

    phase: Phase
    estimated: float
    took: float
    cells: int
    flops: float
    roofline_share: float | None


@dataclass(frozen=True)
class Reckoning:
    """An estimate against what was measured, of what was computed: what broke off counts on neither side.

    Attributes:
        estimated: Seconds.
        took: Seconds.
        free: Share of the processor that was free when the estimate was made.
        phases: Kind by kind.
    """

    estimated: float
    took: float
    free: float
    phases: tuple[PhaseTook, ...]


def reckon(workload: Workload, pace: Pace, computed: Sequence[Computed]) -> Reckoning | None:
    """Compare; None if nothing was computed."""
    if not computed:
        return None
    taken = [(work, row.seconds) for row in computed if (work := _work(workload, row))]
    start = PhaseTook("start", pace.start_seconds, sum(row.waited for row in computed), 0, 0.0, None)
    phases = [start]
    for phase, works in by_phase(work for work, _ in taken).items():
        took = sum(seconds for work, seconds in taken if work.phase == phase)
        flops = sum(work.flops for work in works)
        phases.append(
            PhaseTook(
                phase=phase,
                estimated=pace.seconds(works),
                took=took,
                cells=sum(work.cells for work in works),
                flops=flops,
                roofline_share=pace.least(works) / took if flops and took else None,
            )
        )
    return Reckoning(
        sum(row.estimated for row in phases),
        sum(row.took for row in phases),
        pace.roofline.free,
        tuple(phases),
    )


def learnt(workload: Workload, pace: Pace, computed: Sequence[Computed]) -> Calibration:
    """Return what is known of the machine after a run: one ratio for each kind and size of work."""
    if not computed:
        return pace.calibration
    took: dict[tuple[str, int], list[float]] = {}
    for row in computed:
        work = _work(workload, row)
        if work is None:
            continue
        sums = took.setdefault((work.kind, work.size_class), [0.0, 0.0])
        sums[0] += row.seconds
        sums[1] += modelled_seconds(work, pace.roofline)
    ratios = [Took(*key, ratio=taken / modelled) for key, (taken, modelled) in took.items() if taken > 0]
    start = pace.roofline.free * sum(row.waited for row in computed)
    return pace.calibration.with_run(ratios, start)


def _work(workload: Workload, row: Computed) -> Work | None:
    """Return the work of a unit, None if it found nothing to do; cells of a pass that was halved are counted anew."""
    if row.unit.kind == "encode":
        return workload.encodings.get(row.unit.trunk)
    return workload.fitting([workload.demand.plan.cells[index] for index in row.unit.cells])
