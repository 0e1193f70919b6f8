"""Planning, measuring and judging as the commands tell it: values in, tables and sentences out."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluators.cell import Failed
from evaluators.compute import choose_device
from evaluators.cost import CostEstimate, estimate, measured_rate
from evaluators.data import TaskData
from evaluators.errors import EnvironmentProblem, UsageProblem
from evaluators.evidence import Evidence
from evaluators.personal_task import OwnData
from evaluators.plan import plan_from_json, plan_to_json
from evaluators.results import ResultStore
from evaluators.wording import count
from hub.catalog import Catalog
from hub.cli.mlflow_log import log_to_mlflow
from hub.cli.output import Output, rows_of
from hub.cli.watch import watch
from hub.evaluation import Ran, carry_out, conclude, open_tests
from hub.gate import decide
from hub.home import Home
from hub.log_cache import known_history, remember
from hub.preparation import Asked, Prepared, keep_inputs, prepare
from hub.promotion_log import utc
from hub.registry.address import registry_address


@dataclass(frozen=True)
class Choice:
    """What the options say."""

    models: tuple[str, ...]
    every: bool
    tasks: tuple[str, ...]
    protocol: str
    strategies: tuple[str, ...]
    final: bool
    own: OwnData | None
    device: str
    results: str | None


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Evidence of an evaluation that ran, and where it lies."""

    evidence: Evidence
    path: Path
    asked: Asked


def plan_models(choice: Choice, catalog: Catalog, home: Home, output: Output, *, out: Path | None) -> None:
    """Plan, print the plan's cost, and write the plan for `hub run`."""
    prepared = _prepared(choice, catalog, home, output)
    results = _results(choice, home)
    cost = estimate(prepared.plan, prepared.data, results, flops_per_second=measured_rate())
    facts = _cost_facts(cost, prepared)
    skipped = [
        {"cell": p.cell.key, "strategy": p.cell.strategy, "reason": p.skipped}
        for p in prepared.plan.cells
        if p.skipped
    ]
    value = {
        "plan": prepared.plan.digest,
        **asdict(cost),
        "opens_locked_tests": choice.final,
        "skipped": skipped,
    }
    output.data(value, rows_of(facts))
    if out is not None:
        keep_inputs(prepared, home)
        try:
            out.write_text(plan_to_json(prepared.plan), encoding="utf-8")
        except OSError as error:
            raise UsageProblem(
                f"{out} cannot be written ({error.strerror})", hint="--out names a file"
            ) from error
        output.note(f"written: {out}; compute it anywhere with: hub run {out} --results FOLDER_OR_URL")
    else:
        output.note("nothing was computed; `hub evaluate` with the same options measures")


def evaluate_models(choice: Choice, catalog: Catalog, home: Home, output: Output) -> Evaluated:
    """Measure and return the signed evidence."""
    home.ready()
    prepared = _prepared(choice, catalog, home, output)
    wanted = prepared.plan.request.protocol.device if choice.device == "any" else choice.device
    if wanted == "cuda":
        # A GPU that is missing is told before a locked test is opened. Otherwise torch is left to the worker.
        choose_device(wanted)
    results = _results(choice, home)
    now = dt.datetime.now(dt.UTC)
    started = time.monotonic()
    watched = watch(carry_out(prepared, results, home, device=choice.device), output)
    ran = Ran(watched.outcomes, watched.counters, time.monotonic() - started)
    # Computing needs no label of a locked test; what was never scored was never read.
    opened = open_tests(prepared, results, now=now, who=getpass.getuser())
    with output.status() as doing:
        doing("gathering the findings")
        evidence, path = conclude(prepared, ran, opened, results=results, home=home, now=now)
    return Evaluated(evidence, path, _asked(choice, catalog))


def _prepared(choice: Choice, catalog: Catalog, home: Home, output: Output) -> Prepared:
    address = registry_address(os.environ, home)
    if choice.final:
        _refresh(address, home, output)
    history, read_at = known_history(home, address)
    if history.records:
        output.note(f"what is approved now: as read from the registry on {read_at}")
    asked = _asked(choice, catalog)
    with output.transfers("fetching") as tell:
        prepared = prepare(asked, catalog, history, home, tell)
    for note in prepared.notes:
        output.note(note)
    for name in prepared.plan.request.personal_tasks:
        output.note(_personal(prepared.data[name]))
    return prepared


def _personal(data: TaskData) -> str:
    """Say what a person's own data were taken for."""
    sizes = ", ".join(f"{name} {size:,}" for name, size in data.sizes.items())
    copies = ", ".join(f"{number:,} {kind}" for kind, number in sorted(data.duplicates.items()) if number)
    return (
        f"your data, as {data.task}: {count(len(data.labels), 'label')}; {sizes}; copies between the splits: "
        f"{copies or 'none'}. A personal task: it can promote nothing (hub task new makes a reviewed one)"
    )


def _refresh(address: str, home: Home, output: Output) -> None:
    """Read the promotion log of a server: what is decided on a locked test must have met what is approved now."""
    if not address.startswith(("http://", "https://")):
        return  # a local store is written by this machine, which remembers what it wrote
    from hub.registry.mlflow_log import LogReader
    from hub.registry.open import open_reader

    try:
        entries = LogReader(open_reader(os.environ, home)).entries()
    except EnvironmentProblem as error:
        output.warn(
            f"what is approved now could not be read, so nothing is compared with it: {error.message}"
        )
    else:
        remember(home, address, entries, now=utc(dt.datetime.now(dt.UTC)))


def _asked(choice: Choice, catalog: Catalog) -> Asked:
    models = choice.models
    if choice.every:
        # Of models that read something else than the tasks named, none is meant.
        read = {catalog.task(name).modality for name in choice.tasks}
        read |= {choice.own.modality} if choice.own else set()
        read = read or {"text", "image"}
        models = tuple(
            name
            for name, card in catalog.cards.items()
            if name in catalog.locks and card.lifecycle.state == "active" and card.modality in read
        )
    if not models:
        raise UsageProblem("no model is named", hint="hub evaluate MODEL --task TASK; models: hub list")
    return Asked(models, choice.tasks, choice.protocol, choice.strategies, choice.final, choice.own)


def _results(choice: Choice, home: Home) -> ResultStore:
    return ResultStore(choice.results or home.results)


def _cost_facts(cost: CostEstimate, prepared: Prepared) -> list[tuple[str, str]]:
    skipped = [p for p in prepared.plan.cells if p.skipped]
    facts = [
        ("plan", prepared.plan.digest[:12]),
        ("cells", f"{cost.cells}, {cost.stored} measured already"),
        ("nodes", f"{cost.nodes:,} after sharing, {cost.nodes_unshared:,} without"),
        ("encode", f"{cost.forwards:,} samples once each; {cost.forwards_unshared:,} without sharing"),
        ("train and predict", f"{cost.training_passes:,} samples through trained models"),
        ("FLOPs", f"{cost.flops:.2e}"),
        ("results", f"{cost.bytes / 1e6:.1f} MB"),
        ("time", _duration(cost.seconds)),
        ("detectable", _detectable(cost.detectable, prepared)),
        ("locked tests", "will be opened and counted" if prepared.plan.request.final else "stay closed"),
    ]
    reasons = Counter(f"{p.cell.labels_per_class} labels a class: {p.skipped}" for p in skipped)
    facts += [("skipped", f"{count(number, 'cell')} at {reason}") for reason, number in reasons.items()]
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


def decide_and_tell(
    evaluated: Evaluated, catalog: Catalog, policy: str, home: Home, output: Output, *, log: bool
) -> bool:
    """Judge every candidate of an evaluation, print what was measured and what the gate says, and log it.

    Returns:
        Whether every candidate was approved.
    """
    from hub.cli.telling import tell_evaluation

    today = dt.datetime.now(dt.UTC).date()
    rules = catalog.policy(policy)
    decisions = tuple(
        decide(catalog.card(name), catalog.locks[name], evaluated.evidence, rules, today=today)
        for name in evaluated.asked.models
    )
    tell_evaluation(evaluated.evidence, decisions, evaluated.path, output)
    if log:
        with output.status() as doing:
            doing("logging to MLflow")
            sentence, warning = log_to_mlflow(evaluated.evidence, decisions, home)
        (output.warn if warning else output.note)(sentence)
    return all(decision.verdict == "approved" for decision in decisions)


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
