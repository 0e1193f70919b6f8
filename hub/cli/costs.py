"""What a plan would measure and cost, what it did cost, and a plan that was computed, as the commands tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from evaluators.cell import Failed
from evaluators.cost.estimate import CostEstimate, PhaseCost
from evaluators.cost.reckoning import PhaseTook, Reckoning
from evaluators.cost.sight import sights
from evaluators.errors import UsageProblem
from evaluators.plan import PlannedCell, plan_from_json, plan_to_json
from evaluators.wording import byte_count, count, duration
from hub.cli.output import Output, Table, rows_of
from hub.cli.sight_facts import listed, sight_facts
from hub.computing import Carried, compute
from hub.evaluating import Planned
from hub.home import Home
from hub.plan_inputs import keep_inputs
from hub.preparation import Prepared
from hub.results_place import results_at

_PHASES: Mapping[str, str] = {
    "start": "start-up",
    "encode": "frozen features",
    "floors": "floors",
    "heads": "frozen heads",
    "training": "training",
}


def tell_plan(planned: Planned, home: Home, output: Output, *, out: Path | None) -> None:
    """Print a plan's cost, and write the plan for `hub run`."""
    prepared, cost = planned.prepared, planned.cost
    skipped = [
        {"cell": p.cell.key, "strategy": p.cell.strategy, "reason": p.skipped}
        for p in prepared.plan.cells
        if p.skipped
    ]
    value = {
        "plan": prepared.plan.digest,
        **asdict(cost),
        "opens_locked_tests": prepared.plan.request.final,
        "would_stop_at": [
            {"task": row.task, "copies": dict(row.copies), "at_most": row.at_most} for row in planned.stops_at
        ],
        "detectable": [
            {**asdict(sight), "conditional": sight.conditional, "cannot_tell_strategies_apart": sight.blind}
            for sight in sights(prepared.plan, prepared.data)
        ],
        "skipped": skipped,
    }
    tables = [_phases_table(cost.phases)] if cost.phases else []
    output.data(value, rows_of(_cost_facts(cost, prepared)), *tables)
    if out is None:
        output.note("nothing was computed; `hub evaluate` with the same options measures")
        return
    keep_inputs(prepared, home)
    try:
        out.write_text(plan_to_json(prepared.plan), encoding="utf-8")
    except OSError as error:
        raise UsageProblem(
            f"{out} cannot be written ({error.strerror})", hint="--out names a file"
        ) from error
    output.note(f"written: {out}; compute it anywhere with: hub run {out} --results FOLDER_OR_URL")


def run_plan_file(path: Path, results: str, device: str, home: Home, output: Output) -> None:
    """Compute a plan document into a result store, with the bytes that this machine has."""
    from hub.plan_inputs import prepare_plan

    plan = plan_from_json(path.read_bytes(), where=str(path))
    prepared = prepare_plan(plan, home.ready())
    carried = compute(prepared, results_at(results, home), home, output, device=device)
    watched = carried.watched
    failed = [outcome for outcome in watched.outcomes.values() if isinstance(outcome, Failed)]
    value = {
        "plan": plan.digest,
        "results": results,
        **watched.counters,
        "failed": [row.reason for row in failed],
        **cost_value(carried),
    }
    counted = [(name.replace("_", " "), str(number)) for name, number in watched.counters.items()]
    output.data(value, rows_of([("plan", plan.digest[:12]), *counted]))
    tell_reckoning(carried.reckoning, output)
    output.note("read the results: hub evaluate ... --results " + results)


def cost_value(carried: Carried) -> dict[str, object]:
    """Return what a run was expected to cost and what it cost, for programs; null where nothing was computed."""
    return {
        "estimate": asdict(carried.cost) if carried.cost else None,
        "reckoning": asdict(carried.reckoning) if carried.reckoning else None,
    }


def tell_reckoning(reckoning: Reckoning | None, output: Output) -> None:
    """Print the estimate against what was measured."""
    if reckoning is None or output.format != "human":
        return
    output.show(_reckoning_table(reckoning.phases))
    output.say(f"[dim]{_compared(reckoning)}[/dim]")


def _compared(reckoning: Reckoning) -> str:
    times = [
        f"{seconds:.0f} s" if 10 <= seconds < 600 else duration(seconds)
        for seconds in (reckoning.estimated, reckoning.took)
    ]
    return f"estimated {times[0]}, took {times[1]} ({reckoning.took / reckoning.estimated:.1f}x)"


def _cost_facts(cost: CostEstimate, prepared: Prepared) -> list[tuple[str, str]]:
    skipped = [p for p in prepared.plan.cells if p.skipped]
    facts = [
        ("plan", prepared.plan.digest[:12]),
        ("measurements", _stored(cost, cost.cells - len(skipped))),
        ("graph", f"{cost.nodes:,} nodes after sharing, {cost.nodes_unshared:,} without"),
    ]
    if cost.seconds is None:
        facts.append(("time", "none: nothing is to be computed"))
    else:
        facts += [
            ("passes", f"{cost.passes:,}, cheap and decisive ones first"),
            *_read_once(cost),
            ("train, predict", f"{cost.training_passes:,} samples through trained networks"),
            ("FLOPs", f"{cost.flops:.2e}, {cost.flops_unshared:.2e} without sharing"),
            ("bytes", f"{byte_count(cost.bytes)} of results, {byte_count(cost.bytes_resident)} in memory"),
            ("time", f"about {duration(cost.seconds)}"),
            ("judged by", _judged(cost)),
            ("sharing saves", _saved(cost)),
        ]
    facts += [
        *(fact for sight in sights(prepared.plan, prepared.data) for fact in sight_facts(sight)),
        ("locked tests", "will be opened and counted" if prepared.plan.request.final else "stay closed"),
    ]
    return facts + _skipped(skipped, {p.cell.labels_per_class for p in prepared.plan.cells})


def _read_once(cost: CostEstimate) -> list[tuple[str, str]]:
    """Say what goes through frozen networks once, where anything does."""
    facts = []
    if cost.forwards_unshared:
        once = f"{cost.forwards:,} samples once each" if cost.forwards else "nothing: all is stored"
        facts.append(("encode", f"{once}, {cost.forwards_unshared:,} without sharing"))
    if cost.layer_forwards_unshared:
        through = f"{cost.layer_forwards:,} samples through one block"
        facts.append(("frozen blocks", f"{through}, {cost.layer_forwards_unshared:,} without sharing"))
    return facts


def _skipped(skipped: Sequence[PlannedCell], all_sizes: set[int]) -> list[tuple[str, str]]:
    """Say each reason once, with how many measurements it costs, and at which sizes if not at all."""
    sizes: dict[str, list[int]] = {}
    for planned in skipped:
        sizes.setdefault(planned.skipped or "", []).append(planned.cell.labels_per_class)
    facts: list[tuple[str, str]] = []
    for reason, found in sizes.items():
        where = "" if set(found) == all_sizes else f" at {listed(sorted(set(found)))} labels a class"
        facts.append(("" if facts else "skipped", f"{count(len(found), 'measurement')}{where}: {reason}"))
    return facts


def _stored(cost: CostEstimate, possible: int) -> str:
    """Say how many of the measurements that are possible are done."""
    if not cost.stored:
        return f"{possible:,}, none measured yet"
    return f"{cost.stored:,} of {possible:,} already measured, in {cost.place}"


def _judged(cost: CostEstimate) -> str:
    """Say where an estimate of time comes from, and how busy it takes the machine to be."""
    free = "idle now" if cost.free > 0.95 else f"of which {100 * cost.free:.0f} % is free now"
    if cost.calibrated < 0.05:
        return f"this machine's matrix product, {free}"
    known = "all" if cost.calibrated > 0.95 else f"{100 * cost.calibrated:.0f} %"
    return f"what such work took on this machine ({known} of it), {free}"


def _saved(cost: CostEstimate) -> str:
    assert cost.seconds is not None
    assert cost.seconds_unshared is not None
    flops = cost.flops_unshared - cost.flops
    if flops <= 0:
        return "nothing: no two measurements read the same through frozen blocks"
    share = 100 * flops / cost.flops_unshared
    return f"{flops:.2e} FLOPs ({share:.0f} %), about {duration(cost.seconds_unshared - cost.seconds)}"


def _phases_table(phases: tuple[PhaseCost, ...]) -> Table:
    rows = [
        (
            _PHASES[row.phase],
            f"{row.cells:,}" if row.cells else "",
            f"{row.forwards:,}" if row.forwards else "",
            f"{row.flops:.1e}" if row.flops else "",
            duration(row.seconds),
            _share(row.roofline_share),
        )
        for row in phases
    ]
    columns = ("", "measured", "samples", "FLOPs", "time", "of roofline")
    return Table(columns, tuple(rows), right=frozenset(columns[1:]))


def _reckoning_table(phases: tuple[PhaseTook, ...]) -> Table:
    rows = [
        (
            _PHASES[row.phase],
            duration(row.estimated),
            duration(row.took),
            f"{row.took / row.estimated:.1f}x" if row.estimated else "",
            _share(row.roofline_share),
        )
        for row in phases
    ]
    columns = ("", "estimated", "took", "ratio", "of roofline")
    return Table(columns, tuple(rows), right=frozenset(columns[1:]))


def _share(value: float | None) -> str:
    if value is None:
        return ""
    return f"{100 * value:.0f} %" if value >= 0.01 else "under 1 %"
