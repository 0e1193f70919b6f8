"""What a plan will cost, before anything is spent: forwards, FLOPs, bytes, time, and what sharing and the store save.

In: a workload, and how fast this machine is. Out: one value, complete as JSON. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evaluators.cost.calibration import Calibration
from evaluators.cost.roofline import Roofline
from evaluators.cost.work import PHASES, Phase, Work
from evaluators.cost.workload import Workload
from evaluators.plan import PlannedCell


@dataclass(frozen=True)
class Pace:
    """How fast a machine computes.

    Attributes:
        roofline: Its ceilings, measured just now.
        calibration: What it took for earlier works.
        machine: What it is, in words.
    """

    roofline: Roofline
    calibration: Calibration
    machine: str

    def seconds(self, works: Iterable[Work]) -> float:
        """Return what works will take, as busy as the machine is now."""
        return sum(self.calibration.seconds(work, self.roofline) for work in works)

    @property
    def start_seconds(self) -> float:
        """What a worker will take to start, as busy as the machine is now."""
        return self.calibration.start_seconds / self.roofline.free

    def least(self, works: Iterable[Work]) -> float:
        """Return what they take at least: at the ceilings of the idle machine."""
        return sum(self.roofline.seconds(work.flops, work.moved) for work in works)


@dataclass(frozen=True)
class PhaseCost:
    """What one kind of work will cost.

    Attributes:
        phase: Which.
        cells: Cells that it computes.
        forwards: Samples through a network.
        flops: Floating-point operations.
        seconds: Estimate.
        roofline_share: Share of the lower ceiling that it is expected to reach; None for what has no FLOPs to count.
        calibrated: Share of the seconds that is known from such work on this machine.
    """

    phase: Phase
    cells: int
    forwards: int
    flops: float
    seconds: float
    roofline_share: float | None
    calibrated: float


@dataclass(frozen=True)
class CostEstimate:
    """What a plan will cost.

    Attributes:
        cells: Cells in all.
        stored: Cells whose results are stored already.
        place: Where results are stored.
        nodes: Nodes after equal keys became one.
        nodes_unshared: Nodes if every cell had its own.
        passes: Passes that are left.
        forwards: Samples that a frozen trunk will read, each once, less those whose features are stored.
        forwards_unshared: Samples it would read if every cell read its own.
        layer_forwards: Samples through one frozen block of a partial freeze each, with shared states.
        layer_forwards_unshared: If every cell took the states of its own samples.
        training_passes: Sample-forwards of training and of predicting with trained trunks.
        flops: In all, of what is not stored.
        flops_unshared: If every cell encoded its own samples, and took its own states.
        bytes: Of features and predictions to be written.
        bytes_resident: Of weights, optimiser state and features at most; without activations.
        phases: What each kind of work will cost, in the order in which they begin.
        seconds: Estimate for this machine; None if nothing is to be computed.
        seconds_unshared: If every cell encoded its own samples, and took its own states.
        free: Share of the processor that was free when the estimate was made, which assumes that it stays so.
        peak_flops_per_second: Of the processor's matrix product, idle.
        roofline_share: Share of the lower ceiling that all of it is expected to reach.
        calibrated: Share of the seconds that is known from such work on this machine.
        machine: What it is.
    """

    cells: int
    stored: int
    place: str
    nodes: int
    nodes_unshared: int
    passes: int
    forwards: int
    forwards_unshared: int
    layer_forwards: int
    layer_forwards_unshared: int
    training_passes: int
    flops: float
    flops_unshared: float
    bytes: int
    bytes_resident: int
    phases: tuple[PhaseCost, ...]
    seconds: float | None
    seconds_unshared: float | None
    free: float
    peak_flops_per_second: float
    roofline_share: float | None
    calibrated: float
    machine: str


def estimate(workload: Workload, pace: Pace, *, stored: int, place: str) -> CostEstimate:
    """Estimate what is left of a plan.

    Args:
        workload: What is left.
        pace: How fast this machine is.
        stored: Cells of the plan whose results are stored.
        place: Where.
    """
    plan = workload.demand.plan
    phases = phase_costs(workload, pace)
    seconds = sum(phase.seconds for phase in phases)
    computing = seconds - sum(phase.seconds for phase in phases if phase.phase == "start")
    encoded = [work for work in workload.works if work.phase == "encode"]
    unshared = [work for work in workload.unshared if work.phase == "encode"]
    return CostEstimate(
        cells=len(plan.cells),
        stored=stored,
        place=place,
        nodes=len(plan.nodes),
        nodes_unshared=sum(_chain_length(planned) for planned in plan.cells),
        passes=len(workload.fits),
        forwards=sum(work.forwards for work in encoded),
        forwards_unshared=sum(work.forwards for work in unshared),
        layer_forwards=sum(row.layer_forwards for row in workload.states.values()),
        layer_forwards_unshared=sum(row.layer_forwards_alone for row in workload.states.values()),
        training_passes=sum(work.forwards for work in workload.works if work.phase == "training"),
        flops=sum(work.flops for work in workload.works),
        flops_unshared=sum(work.flops for work in workload.unshared),
        bytes=workload.bytes_written,
        bytes_resident=workload.bytes_resident,
        phases=phases,
        seconds=seconds if phases else None,
        seconds_unshared=seconds + pace.seconds(workload.unshared) - pace.seconds(workload.works)
        if phases
        else None,
        free=pace.roofline.free,
        peak_flops_per_second=pace.roofline.flops_per_second,
        roofline_share=pace.least(workload.works) / computing if computing else None,
        calibrated=sum(p.seconds * p.calibrated for p in phases) / seconds if phases else 1.0,
        machine=pace.machine,
    )


def phase_costs(workload: Workload, pace: Pace) -> tuple[PhaseCost, ...]:
    """Return what each kind of work will cost; none where nothing is left."""
    costs = []
    for phase, works in by_phase(workload.works).items():
        seconds = pace.seconds(works)
        flops = sum(work.flops for work in works)
        costs.append(
            PhaseCost(
                phase=phase,
                cells=sum(work.cells for work in works),
                forwards=sum(work.forwards for work in works),
                flops=flops,
                seconds=seconds,
                roofline_share=pace.least(works) / seconds if flops else None,
                calibrated=pace.seconds(work for work in works if pace.calibration.knows(work)) / seconds,
            )
        )
    if not costs:
        return ()
    start = PhaseCost("start", 0, 0, 0.0, pace.start_seconds, None, float(bool(pace.calibration.starts)))
    return (start, *costs)


def by_phase(works: Iterable[Work]) -> Mapping[Phase, list[Work]]:
    """Return works by what kind they are, in the order in which kinds begin."""
    found: dict[Phase, list[Work]] = {}
    for work in sorted(works, key=lambda work: PHASES.index(work.phase)):
        found.setdefault(work.phase, []).append(work)
    return found


def _chain_length(planned: PlannedCell) -> int:
    """Return the nodes of a cell that shares nothing."""
    sets = len(planned.predict)
    return (3 * sets if planned.trunk else sets) + 1 + sets
