"""What a plan would measure and cost, and a plan that was computed, as the commands tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from evaluators.cell import Failed
from evaluators.cost import CostEstimate
from evaluators.errors import UsageProblem
from evaluators.plan import plan_from_json, plan_to_json
from evaluators.results import ResultStore
from evaluators.wording import count
from hub.cli.output import Output, rows_of
from hub.evaluating import Planned
from hub.evaluation import carry_out
from hub.home import Home
from hub.preparation import Prepared, keep_inputs
from hub.watch import watch


def tell_plan(planned: Planned, home: Home, output: Output, *, out: Path | None) -> None:
    """Print a plan's cost, and write the plan for `hub run`."""
    prepared = planned.prepared
    skipped = [
        {"cell": p.cell.key, "strategy": p.cell.strategy, "reason": p.skipped}
        for p in prepared.plan.cells
        if p.skipped
    ]
    value = {
        "plan": prepared.plan.digest,
        **asdict(planned.cost),
        "opens_locked_tests": prepared.plan.request.final,
        "skipped": skipped,
    }
    output.data(value, rows_of(_cost_facts(planned.cost, prepared)))
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
    watched = watch(carry_out(prepared, ResultStore(results), home, device=device), output)
    failed = [outcome for outcome in watched.outcomes.values() if isinstance(outcome, Failed)]
    output.data(
        {"plan": plan.digest, "results": results, **watched.counters, "failed": [f.reason for f in failed]},
        rows_of(
            [
                ("plan", plan.digest[:12]),
                *((k.replace("_", " "), str(v)) for k, v in watched.counters.items()),
            ]
        ),
    )
    output.note("read the results: hub evaluate ... --results " + results)


def _cost_facts(cost: CostEstimate, prepared: Prepared) -> list[tuple[str, str]]:
    skipped = [p for p in prepared.plan.cells if p.skipped]
    facts = [
        ("plan", prepared.plan.digest[:12]),
        ("measurements", f"{cost.cells}, {cost.stored} done already"),
        ("steps", f"{cost.nodes:,} after sharing, {cost.nodes_unshared:,} without"),
        ("encode", f"{cost.forwards:,} samples once each; {cost.forwards_unshared:,} without sharing"),
        ("train and predict", f"{cost.training_passes:,} samples through trained models"),
        ("FLOPs", f"{cost.flops:.2e}"),
        ("results", f"{cost.bytes / 1e6:.1f} MB"),
        ("time", _duration(cost.seconds)),
        ("detectable", _detectable(cost.detectable, prepared)),
        ("locked tests", "will be opened and counted" if prepared.plan.request.final else "stay closed"),
    ]
    reasons = Counter(f"{p.cell.labels_per_class} labels a class: {p.skipped}" for p in skipped)
    facts += [
        ("skipped", f"{count(number, 'measurement')} at {reason}") for reason, number in reasons.items()
    ]
    return facts


def _detectable(value: float | None, prepared: Prepared) -> str:
    runs = prepared.plan.request.protocol.runs
    if value is None:
        return "nothing: one run has no interval"
    return f"about {100 * value:.1f} points at {runs} runs, if paired differences vary by 2 points"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "none: nothing is to be computed"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s on this machine's processor, as busy as it is now"
    return f"about {seconds / 60:.0f} min on this machine's processor, as busy as it is now"
