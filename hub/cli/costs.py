"""What a plan would measure and cost, what it did cost, and a plan that was computed, as the commands tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from evaluators.cell import Failed
from evaluators.cost.estimate import CostEstimate, PhaseCost
from evaluators.cost.reckoning import PhaseTook, Reckoning
from evaluators.errors import UsageProblem
from evaluators.plan import plan_from_json, plan_to_json
from evaluators.wording import count, duration
from hub.cli.output import Output, Table, rows_of
from hub.computing import Carried, compute
from hub.evaluating import Planned
from hub.home import Home
from hub.preparation import Prepared, keep_inputs
from hub.results_place import results_at

_PHASES: Mapping[str, str] = {
    "start": "start",
    "encode": "encode",
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
    from hub.preparation import prepare_plan

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
            ("encode", f"{cost.forwards:,} samples once each, {cost.forwards_unshared:,} without sharing"),
            ("train, predict", f"{cost.training_passes:,} samples through trained networks"),
            ("FLOPs", f"{cost.flops:.2e}, {cost.flops_unshared:.2e} without sharing"),
            ("bytes", f"{_bytes(cost.bytes)} of results, {_bytes(cost.bytes_resident)} in memory"),
            ("time", f"about {duration(cost.seconds)}"),
            ("judged by", _judged(cost)),
            ("sharing saves", _saved(cost)),
        ]
    facts += [
        ("detectable", _detectable(cost.detectable, prepared)),
        ("locked tests", "will be opened and counted" if prepared.plan.request.final else "stay closed"),
    ]
    reasons = Counter(f"{p.cell.labels_per_class} labels a class: {p.skipped}" for p in skipped)
    facts += [
        ("skipped", f"{count(number, 'measurement')} at {reason}") for reason, number in reasons.items()
    ]
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
    return f"what like work took on this machine ({known} of it), {free}"


def _saved(cost: CostEstimate) -> str:
    assert cost.seconds is not None
    assert cost.seconds_unshared is not None
    forwards = cost.forwards_unshared - cost.forwards
    if not forwards:
        return "nothing: no two measurements read the same features"
    return (
        f"{forwards:,} samples read, {cost.flops_unshared - cost.flops:.2e} FLOPs, "
        f"about {duration(cost.seconds_unshared - cost.seconds)}"
    )


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
    columns = ("", "number", "samples", "FLOPs", "time", "of roofline")
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


def _bytes(number: int) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"


def _detectable(value: float | None, prepared: Prepared) -> str:
    runs = prepared.plan.request.protocol.runs
    if value is None:
        return "nothing: one run has no interval"
    return f"about {100 * value:.1f} points at {runs} runs, if pairs vary by 2 points"
