"""Climbing while a plan runs: what is not tried is skipped with its reason, however often it is run again."""

from __future__ import annotations

import pytest
import torch

from evaluators.cell import Scored, Skipped
from evaluators.findings.collect import Reading, design, measurements, truths
from evaluators.findings.gather import gather_findings
from evaluators.ladder.row import Tier
from evaluators.results import ResultStore
from evaluators.running.climb import Budget, Climber
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.fakes_models import tiny_bert

#: TF-IDF is right on every colour, so no frozen feature gains anything over it and the climb ends on the first rung.
PROTOCOL = toy_protocol(
    strategies=("majority", "tfidf-logreg", "from-scratch", "linear-probe", "lora", "full-finetune"),
    labels_per_class=(4,), runs=3, climb=True,
    settings={name: {"max_steps": 2, "min_steps": 1} for name in ("from-scratch", "lora", "full-finetune")},
)  # fmt: skip


class Interrupted(Exception):
    """A kill."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("climb")
    candidate, base = tiny_bert(folder / "model")
    plan, data = toy_plan(folder, candidate, protocol=PROTOCOL)
    return plan, data, {candidate.name: base}


def run(world, place, *, climbs=True, budget=None, stop_after=None):
    """Run a plan to its end, or to a kill; return how cells ended and the findings."""
    plan, data, folders = world
    results = ResultStore(place)
    executor = InProcessExecutor(Workbench(plan, data, folders, results, "cpu"))
    climber = Climber(plan, data, results, budget) if climbs else None
    ended = {}
    for event in run_plan(plan, results, executor, climber=climber):
        if isinstance(event, Ended):
            ended[event.planned.cell.key, event.planned.cell.candidate] = event
            if len(ended) == stop_after:
                raise Interrupted
    outcomes = {place: event.result for place, event in ended.items()}
    reading = Reading(plan, data, results, outcomes)
    found = gather_findings(measurements(reading), truths=truths(reading), design=design(reading))
    return ended, found


def by_strategy(ended):
    return {event.planned.cell.strategy: event.result for event in ended.values()}


def test_what_is_heavier_than_a_rung_that_does_not_pay_is_not_tried(world, tmp_path):
    ended, found = run(world, tmp_path / "store")
    kinds = {name: type(result) for name, result in by_strategy(ended).items()}
    assert kinds == {
        "majority": Scored, "tfidf-logreg": Scored, "from-scratch": Scored, "linear-probe": Scored,
        "lora": Skipped, "full-finetune": Skipped,
    }  # fmt: skip
    assert by_strategy(ended)["lora"].reason.startswith(
        "not climbed to parameter-efficient: linear probe gained "
    )
    assert by_strategy(ended)["full-finetune"].reason.startswith("not climbed to full: linear probe gained ")
    (climb,) = found.climbs
    assert [(rung.tier, rung.verdict) for rung in climb.rungs] == [("frozen", "stop")]
    assert not any(event.reused for event in ended.values() if isinstance(event.result, Skipped))


def test_a_rerun_a_resumed_run_and_a_store_that_holds_more_end_on_the_same_rung(world, tmp_path):
    _, first = run(world, tmp_path / "first")
    _, again = run(world, tmp_path / "first")
    with pytest.raises(Interrupted):
        run(world, tmp_path / "killed", stop_after=5)
    _, resumed = run(world, tmp_path / "killed")
    ended, everything = run(world, tmp_path / "full", climbs=False)
    assert all(isinstance(event.result, Scored) for event in ended.values())
    _, of_full = run(world, tmp_path / "full")
    assert len({found.digest for found in (first, again, resumed, of_full)}) == 1
    assert everything.digest != first.digest


def test_a_tier_that_does_not_fit_into_the_budget_is_not_begun_and_says_so(world, tmp_path):
    estimates = {Tier.FROZEN: 5.0, Tier.EFFICIENT: 5.0, Tier.BASELINE: 900.0}
    ended, _ = run(world, tmp_path / "late", budget=Budget(1.0, estimates))
    kinds = by_strategy(ended)
    assert isinstance(kinds["from-scratch"], Scored)
    assert isinstance(kinds["linear-probe"], Skipped)
    assert kinds["linear-probe"].reason.startswith(
        "not climbed to frozen: it takes about 5.0 s, and of the budget of 1.0 s"
    )
    # Nothing is left to compute of the last tier, so it costs nothing.
    assert isinstance(kinds["full-finetune"], Scored)
