"""Shift in tables and pictures: verdicts of robustness in words, a point an arm, bins as they stand in evidence."""

import pytest

from evaluators.report.reliability_figure import reliability_figure
from evaluators.report.shift_figure import shift_figure
from evaluators.report.shift_rows import robustness_table
from evaluators.shift_evidence import EffectiveRobustness
from tests.synthetic import World, findings

FOUND = findings(World(items=100, runs=3))
TASK = FOUND.tasks[0]


def robust(value, *, beyond, size=8, strategy="lora"):
    return EffectiveRobustness(
        task=TASK.id, candidate="mini", strategy=strategy, labels_per_class=size, set="typos",
        value=value, expected=0.8, residual_sd=0.01, references=11, beyond=beyond,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "beyond", "words"),
    [
        (0.05, True, "above, beyond noise"),
        (-0.05, True, "below, beyond noise"),
        (0.01, False, "within noise"),
    ],
)
def test_robustness_is_a_claim_only_beyond_the_noise_of_the_others(value, beyond, words):
    found = FOUND.model_copy(update={"effective_robustness": (robust(value, beyond=beyond),)})
    (row,) = robustness_table(found, TASK).rows
    assert row[-1] == words
    assert row[:3] == ("LoRA", "mini", "typos")


def test_only_the_largest_size_is_shown():
    rows = (robust(0.01, beyond=False, size=2), robust(0.02, beyond=False, size=8))
    table = robustness_table(FOUND.model_copy(update={"effective_robustness": rows}), TASK)
    assert [row[4] for row in table.rows] == ["+2.0"]
    assert table.title.endswith("at 8 labels a class")


def test_every_arm_that_reads_its_input_has_a_point_where_its_scores_say():
    axes = shift_figure(FOUND, TASK, "typos").axes[0]
    points = [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_linestyle() == "None"
    ]
    scores = {
        (row.strategy, row.labels_per_class, row.set): 100 * row.estimate.value
        for row in FOUND.summaries
        if row.metric == "accuracy"
    }
    expected = {
        (scores[name, size, "test"], scores[name, size, "typos"])
        for name, size, set_name in scores
        if set_name == "test" and name != "majority"
    }
    assert len(points) == 12
    assert set(points) == expected


def test_a_diagram_has_a_panel_a_set_and_its_bins():
    figure = reliability_figure(FOUND.answers)
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["test", "typos"]
    _, before, after = figure.axes[0].lines
    first = FOUND.answers[0]
    assert list(before.get_ydata()) == [100 * row.accuracy for row in first.reliability]
    assert list(after.get_xdata()) == [100 * row.confidence for row in first.reliability_scaled]
