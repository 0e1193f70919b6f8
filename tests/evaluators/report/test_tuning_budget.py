"""Tuning budgets are told per strategy, and one that is not comparable is marked."""

import pytest

from evaluators.engine.head2toe import KEEP_GRID
from evaluators.engine.heads import C_GRID
from evaluators.engine.probe_first import ALPHA_GRID
from evaluators.observations import CellCost
from evaluators.report.html_climb import climb_section
from evaluators.report.markdown import evidence_markdown
from evaluators.report.tuning_budget import UNEQUAL, budget_table, tuning_budgets
from evaluators.strategy import strategy
from tests.synthetic import World, evidence

BASE = {
    "majority": 0.25,
    "tfidf-logreg": 0.60,
    "from-scratch": 0.40,
    "knn": 0.80,
    "linear-probe": 0.85,
    "lora": 0.95,
}


def _evidence(steps, selection="held-out"):
    document = evidence(World(accuracy=BASE, items=400, climb=True))
    (found,) = document.findings.climbs
    costs = tuple(
        CellCost(
            key=f"{name}{run}", strategy=name, candidate=found.candidate, task=found.task,
            labels_per_class=found.labels_per_class, seconds=1.0, peak_bytes=0, trained_parameters=1,
            steps=count, environment="e",
        )
        for name, count in steps.items()
        for run in range(3)
    )  # fmt: skip
    findings = document.findings.model_copy(
        update={"protocol": {**document.findings.protocol, "selection": selection}}
    )
    observations = document.observations.model_copy(update={"costs": costs})
    return document.model_copy(update={"findings": findings, "observations": observations}), found


def test_a_grid_counts_as_often_as_it_was_tried_and_the_lesser_budget_is_marked():
    document, found = _evidence({"knn": 0, "linear-probe": 20, "lora": 24})
    budgets = {row.strategy: row for row in tuning_budgets(document, found)}
    assert (budgets["knn"].total, budgets["knn"].equal) == (0, True)  # neighbours take no steps
    assert (budgets["linear-probe"].trials, budgets["linear-probe"].total) == (13, 260)
    assert (budgets["lora"].trials, budgets["lora"].equal) == (1, False)
    assert UNEQUAL in budget_table(document, found).rows[2]
    assert budget_table(document, found).rows[0][-2:] == ("1.0 s", "1")
    assert UNEQUAL in evidence_markdown(document)
    assert any(UNEQUAL in str(part) for part in climb_section(document).parts)


@pytest.mark.parametrize(("steps", "equal"), [(20, True), (19, False)])
def test_a_fifth_less_is_equal_and_more_is_not(steps, equal):
    document, found = _evidence({"knn": 0, "linear-probe": 25, "lora": steps}, selection="fixed")
    assert tuning_budgets(document, found)[-1].equal is equal


def test_what_nobody_counted_is_not_called_unequal():
    document, found = _evidence({"knn": 0, "linear-probe": 25})
    assert tuning_budgets(document, found)[-1].total is None
    assert tuning_budgets(document, found)[-1].equal


def test_the_table_of_strategies_says_how_large_the_grids_are():
    assert strategy("linear-probe").searched == strategy("random-features").searched == len(C_GRID)
    assert strategy("lp-ft").searched == len(C_GRID)
    assert strategy("wise-ft").searched == len(C_GRID) + len(ALPHA_GRID)
    assert strategy("head2toe").searched == len(KEEP_GRID)
