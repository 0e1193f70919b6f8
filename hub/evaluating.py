"""One evaluation, from what a person chose to evidence and decisions. The commands and the notebook call the same.

In: names and options as values. Out: a prepared plan, or an `Evaluation`. What happens meanwhile is told to a `Teller`.
"""

from __future__ import annotations

import datetime as dt
import getpass
import time
from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.cost.estimate import CostEstimate
from evaluators.evidence import Evidence
from evaluators.report.example import Example
from evaluators.running.device import choose_device
from hub.catalog import Catalog
from hub.choice import Choice
from hub.chosen import asked, prepare_choice, with_folders
from hub.computing import Carried, appraise, compute
from hub.decision import Decision
from hub.evaluation import Ran, conclude, examples_of, open_tests
from hub.evaluation_logging import log_to_mlflow
from hub.gate import decide
from hub.home import Home
from hub.leak_gate import TaskLeaks, leak_limit, would_stop
from hub.live_log import LiveLog
from hub.policy import Policy
from hub.preparation import Prepared
from hub.results_place import results_at
from hub.teller import Teller
from hub.unproposed import Taken


@dataclass(frozen=True, eq=False)
class Measured:
    """Evidence of an evaluation that ran, where it lies, which models it is about, its plan, what it took, mistakes."""

    evidence: Evidence
    path: Path
    models: tuple[str, ...]
    prepared: Prepared
    carried: Carried
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured, what the gate says of each model, what it took, and a few mistakes for a page.

    `stopped`: where runs were added until the question is decided, why no more were.
    """

    evidence: Evidence
    path: Path
    decisions: tuple[Decision, ...]
    carried: Carried
    examples: tuple[Example, ...] = ()
    stopped: str | None = None


def evaluate(
    choice: Choice, catalog: Catalog, policy: str, home: Home, teller: Teller, *, log: bool
) -> Evaluation:
    """Measure models, judge them under a policy, and log what came out to MLflow.

    Raises:
        ReportedError: For an unknown name, bytes or data that cannot be used, a missing device.
    """
    rules = catalog.policy(policy)  # a misspelt policy is told before anything is measured
    chosen, taken = with_folders(choice, catalog, home, teller)
    live = LiveLog(home) if log else None
    measured = measure(chosen, taken.measuring, home, teller, policy=rules, live=live)
    decisions = judge(measured, taken, rules)
    if log:
        with teller.status() as doing:
            doing("logging to MLflow")
            sentence, warning = log_to_mlflow(
                measured.evidence, decisions, home, measured.examples, live=live
            )
        (teller.warn if warning else teller.note)(sentence)
    return Evaluation(measured.evidence, measured.path, decisions, measured.carried, measured.examples)


def judge(measured: Measured, taken: Taken, rules: Policy) -> tuple[Decision, ...]:
    """Return what the gate says today of each model that was measured."""
    today = dt.datetime.now(dt.UTC).date()
    return tuple(
        decide(taken.judging.card(name), taken.judging.locks[name], measured.evidence, rules, today=today)
        for name in measured.models
    )


def measure(
    choice: Choice,
    catalog: Catalog,
    home: Home,
    teller: Teller,
    *,
    policy: Policy | None = None,
    live: LiveLog | None = None,
) -> Measured:
    """Measure and return the signed evidence.

    Args:
        choice: What to measure.
        catalog: Where the cards are.
        home: Where bytes, results and evidence are kept.
        teller: Told how it goes.
        policy: What will judge it: more leaks than it allows stop before anything is computed. None: nothing does.
        live: Told beside how far it is.
    """
    home.ready()
    limit = leak_limit(policy, choice.allow_leaks) if policy else None
    prepared = prepare_choice(choice, catalog, home, teller, leaks=limit)
    return measure_prepared(prepared, choice, asked(choice, catalog).models, home, teller, live=live)


def measure_prepared(
    prepared: Prepared,
    choice: Choice,
    models: tuple[str, ...],
    home: Home,
    teller: Teller,
    *,
    live: LiveLog | None = None,
) -> Measured:
    """Compute a prepared plan, open what it needs, and return the signed evidence about `models`."""
    wanted = prepared.plan.request.protocol.device if choice.device == "any" else choice.device
    if wanted == "cuda":
        # A GPU that is missing is told before a locked test is opened. Otherwise torch is left to the worker.
        choose_device(wanted)
    results = results_at(choice.results, home)
    now = dt.datetime.now(dt.UTC)
    started = time.monotonic()
    carried = compute(prepared, results, home, teller, device=choice.device, budget=choice.budget, live=live)
    ran = Ran(carried.watched.outcomes, carried.watched.counters, time.monotonic() - started)
    # Computing needs no label of a locked test; what was never scored was never read.
    opened = open_tests(prepared, ran, results, now=now, who=getpass.getuser())
    with teller.status() as doing:
        doing("gathering the findings")
        evidence, path = conclude(prepared, ran, opened, results=results, home=home, now=now)
        examples = examples_of(prepared, ran, evidence, results=results)
    return Measured(evidence, path, models, prepared, carried, examples)


@dataclass(frozen=True, eq=False)
class Planned:
    """A plan that nothing was spent on, what it would cost, and at which tasks an evaluation would stop."""

    prepared: Prepared
    cost: CostEstimate
    stops_at: tuple[TaskLeaks, ...] = ()


def plan(choice: Choice, catalog: Catalog, policy: str, home: Home, teller: Teller) -> Planned:
    """Return what an evaluation would measure and cost; leaks that would stop it under a policy are told."""
    limit = replace(leak_limit(catalog.policy(policy), choice.allow_leaks), stops=False)
    chosen, taken = with_folders(choice, catalog, home, teller)
    prepared = prepare_choice(chosen, taken.measuring, home, teller, leaks=limit)
    leaks = would_stop(prepared.data, limit, frozenset(prepared.plan.request.personal_tasks))
    for row in leaks:
        teller.warn(row.sentence)
    results = results_at(choice.results, home)
    return Planned(prepared, appraise(prepared, results, home, device=choice.device).cost, leaks)
