"""Computing a prepared plan: what it will cost is said before, watched, and held against what it took.

In: a prepared plan and a store. Out: how every cell ended, with the estimate and the reckoning. What was learnt of this
machine's pace is kept under HUB_HOME for the next estimate.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from evaluators.cost.calibration import read_calibration, write_calibration
from evaluators.cost.demand import Demand
from evaluators.cost.estimate import CostEstimate, Pace, estimate
from evaluators.cost.reckoning import Reckoning, learnt, reckon
from evaluators.cost.roofline import measure_roofline, threads
from evaluators.cost.workload import Workload
from evaluators.inventory import intact_cells, listed_cells
from evaluators.ladder.row import Tier
from evaluators.observe import hardware
from evaluators.plan import PlannedCell
from evaluators.results import ResultStore
from evaluators.running.climb import Budget, Climber
from evaluators.strategy import strategy
from evaluators.wording import count, duration
from hub.evaluation import carry_out
from hub.home import Home
from hub.live_log import LiveLog
from hub.preparation import Prepared
from hub.results_place import shown
from hub.teller import Teller
from hub.watch import Watched, watch


@dataclass(frozen=True, eq=False)
class Appraised:
    """What is left of a plan, how fast this machine is, and what that comes to."""

    workload: Workload
    pace: Pace
    cost: CostEstimate


@dataclass(frozen=True, eq=False)
class Carried:
    """A plan that was computed.

    Attributes:
        watched: How every cell ended, and what was counted.
        cost: What was expected; None if nothing was left to compute.
        reckoning: That against what it took; None if nothing was computed.
    """

    watched: Watched
    cost: CostEstimate | None
    reckoning: Reckoning | None


def appraise(
    prepared: Prepared, results: ResultStore, home: Home, *, device: str, stored: frozenset[str] | None = None
) -> Appraised:
    """Say what is left of a plan and what it will cost.

    Args:
        prepared: The plan, and what it needs.
        results: Where results are stored.
        home: Holds what is known of this machine's pace.
        device: `any`, `cpu` or `cuda`.
        stored: Keys of cells that are stored, where that is known already.
    """
    plan = prepared.plan
    if stored is None:
        stored = listed_cells(plan, results)
    used = likely_device(plan.request.protocol.device if device == "any" else device)
    workload = Workload(Demand(plan, prepared.data, results, stored), prepared.folders, device=used)
    machine = _machine(used)
    pace = Pace(measure_roofline(used), read_calibration(home.calibration, machine), machine)
    held = sum(p.cell.key in stored and not p.skipped for p in plan.cells)
    return Appraised(workload, pace, estimate(workload, pace, stored=held, place=shown(results)))


def compute(  # noqa: PLR0913 - what, from where to where, how, how long, and the two who are told
    prepared: Prepared,
    results: ResultStore,
    home: Home,
    teller: Teller,
    *,
    device: str,
    budget: float | None = None,
    live: LiveLog | None = None,
) -> Carried:
    """Compute what a store lacks of a plan.

    Args:
        prepared: The plan, and what it needs.
        results: Where results are stored; what is there and whole is not computed again.
        home: Holds what is known of this machine's pace.
        teller: Told how it goes.
        device: `any`, `cpu` or `cuda`.
        budget: Seconds; a tier of the ladder that does not fit into what is left of them is not begun.
        live: Told beside; never waited for.
    """
    stored = intact_cells(prepared.plan, results)
    tried = {p.cell.key for p in prepared.plan.cells if not p.skipped}
    # Where nothing is left nothing is measured: a second evaluation must be as quick as reading.
    appraised = appraise(prepared, results, home, device=device, stored=stored) if tried - stored else None
    if appraised and appraised.cost.seconds:
        left = count(len(appraised.workload.demand.cells), "measurement")
        teller.note(f"{left} to compute, in about {duration(appraised.cost.seconds)}")
    climber = None
    if prepared.plan.request.protocol.climb or budget is not None:
        allowed = None if budget is None else Budget(budget, _tiers(prepared, results, home, device, stored))
        climber = Climber(prepared.plan, prepared.data, results, allowed)
    events = carry_out(prepared, results, home, device=device, stored=stored, climber=climber)
    if live is not None:
        events = live.listen(prepared.plan, events)
    watched = watch(events, teller, place=shown(results))
    if appraised is None:
        return Carried(watched, None, None)
    _remember(appraised, watched, home, teller)
    return Carried(watched, appraised.cost, reckon(appraised.workload, appraised.pace, watched.computed))


def _tiers(
    prepared: Prepared, results: ResultStore, home: Home, device: str, stored: frozenset[str]
) -> dict[Tier, float]:
    """Return what the cells of each tier that are not stored are expected to take."""
    cells = {tier: {p.cell.key for p in prepared.plan.cells if _tier(p) is tier} for tier in Tier}
    everything = frozenset().union(*cells.values())
    found = {}
    for tier, keys in cells.items():
        if keys - stored:
            others = stored | (everything - keys)
            found[tier] = appraise(prepared, results, home, device=device, stored=others).cost.seconds or 0.0
    return found


def _tier(planned: PlannedCell) -> Tier:
    return strategy(planned.cell.strategy).tier


def likely_device(wanted: str) -> str:
    """Return `cpu` or `cuda` without asking torch, which costs seconds: what the worker most likely takes."""
    driver = Path("/dev/nvidiactl").exists() and os.environ.get("CUDA_VISIBLE_DEVICES", "all") not in (
        "",
        "-1",
    )
    return "cuda" if wanted == "cuda" or (wanted == "any" and driver) else "cpu"


def _remember(appraised: Appraised, watched: Watched, home: Home, teller: Teller) -> None:
    pace = appraised.pace
    try:
        write_calibration(home.calibration, pace.machine, learnt(appraised.workload, pace, watched.computed))
    except OSError as error:
        teller.warn(f"what was learnt of this machine's pace could not be kept ({error.strerror})")


def _machine(device: str) -> str:
    """Return what computes, as far as its pace depends on it."""
    facts = hardware()
    own = [facts["cpu"], f"{facts['cores']} cores", f"{threads()} threads"]
    return ", ".join([*own, "a GPU"] if device == "cuda" else own)
