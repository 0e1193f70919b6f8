"""Accuracy against cost: best first, encodings paid for, times of several machines never compared."""

from functools import cache

from evaluators.evidence import Evidence
from evaluators.observations import EncodingCost
from evaluators.report.cost_figure import cost_figure
from evaluators.report.cost_rows import cost_rows, cost_table
from evaluators.report.svg_figure import plain_drawing, svg_text
from tests.synthetic import ENVIRONMENT, World, evidence

WORLD = World(items=60, runs=3, incumbent=("old", 0.7))
FITS = {"linear-probe": 0.18, "knn": 0.18, "full-finetune": 18.08}


@cache
def found() -> Evidence:
    return evidence(WORLD)


def observed(**changes: object) -> Evidence:
    return found().model_copy(update={"observations": found().observations.model_copy(update=changes)})


def timed(seconds: float = 24.0, environment: str = ENVIRONMENT.digest) -> Evidence:
    """Encoding 480 samples took so long: 32 labels took a fifteenth of it."""
    rows = tuple(
        EncodingCost(task="help-desk", candidate=name, samples=480, seconds=seconds, environment=environment)
        for name in ("mini", "old")
    )
    return observed(encodings=rows)


def seconds_of(document: Evidence) -> dict[str, float]:
    return {row.strategy: row.seconds for row in cost_rows(document, "help-desk") if row.candidate == "mini"}


def test_rows_are_those_of_the_largest_size_best_first():
    rows = cost_rows(found(), "help-desk")
    assert {row.labels_per_class for row in rows} == {8}
    scores = [row.estimate.value for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert {(row.candidate, row.strategy) for row in rows} == {
        (cell.candidate, cell.strategy) for cell in found().findings.cells
    }


def test_a_frozen_strategy_pays_for_the_encoding_of_its_labels_and_others_do_not():
    alone, with_encoding = seconds_of(found()), seconds_of(timed())
    for name, fit in FITS.items():
        assert round(alone[name], 6) == fit
        assert round(with_encoding[name] - fit, 6) == (0.0 if name == "full-finetune" else 1.6)


def test_on_one_machine_it_is_said_what_is_the_best_for_its_time():
    best = {
        row.strategy: row.best_for_its_time
        for row in cost_rows(timed(), "help-desk")
        if row.candidate == "mini"
    }
    assert best["linear-probe"] is True
    assert best["full-finetune"] is False  # the probe is better, and faster
    assert best["from-scratch"] is False


def test_times_are_not_compared_where_an_encoding_was_not_timed():
    assert {row.best_for_its_time for row in cost_rows(found(), "help-desk")} == {None}
    assert {row[-1] for row in cost_table(found(), "help-desk").rows} == {"not compared"}
    elsewhere = timed(environment="0" * 64)
    assert {row.best_for_its_time for row in cost_rows(elsewhere, "help-desk")} == {None}


def test_times_of_two_machines_are_not_compared():
    other = tuple(
        row.model_copy(update={"environment": "f" * 64}) if row.strategy == "full-finetune" else row
        for row in timed().observations.costs
    )
    document = timed().model_copy(
        update={"observations": timed().observations.model_copy(update={"costs": other})}
    )
    assert {row.best_for_its_time for row in cost_rows(document, "help-desk")} == {None}


def test_a_strategy_that_is_no_longer_in_the_table_has_a_row():
    changed = tuple(row.model_copy(update={"strategy": "gone"}) for row in found().observations.costs)
    summaries = tuple(row.model_copy(update={"strategy": "gone"}) for row in found().findings.summaries)
    findings = found().findings.model_copy(update={"summaries": summaries})
    document = observed(costs=changed).model_copy(update={"findings": findings})
    assert {row.words for row in cost_rows(document, "help-desk")} == {"gone", "gone on mini", "gone on old"}


def test_the_picture_is_equal_for_equal_rows_and_names_bases_where_there_are_several():
    task, rows = found().findings.tasks[0], cost_rows(found(), "help-desk")

    def drawn() -> str:
        with plain_drawing():
            return svg_text(cost_figure(task, rows, judged="test"))

    assert drawn() == drawn()
    assert "linear probe on old" in drawn()
    assert "mathdefault" not in drawn()
    assert "date" not in drawn()
