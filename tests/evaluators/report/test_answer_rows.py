"""What an arm gets wrong: most frequent mistakes first, worst class first, no names where the task is restricted."""

import numpy as np
import pytest

from evaluators.answer_evidence import Answers, ClassScore
from evaluators.diagnostics.slices import FEWEST_ITEMS
from evaluators.report import answer_rows
from evaluators.report.answer_rows import class_names, classes_table, confused_pairs_table
from evaluators.report.confusion_figure import MOST_CLASSES, confusion_figure
from evaluators.report.svg_figure import svg_text
from tests.synthetic import World, findings, task_facts

TASK = task_facts(World(classes=3))


def answers(confusion, items, **changes):
    right = {true: number for true, said, number in confusion if true == said}
    classes = tuple(
        ClassScore(label=label, items=number, accuracy=right.get(label, 0) / number, low=0.0, high=1.0)
        for label, number in items.items()
    )
    facts = {
        "task": "help-desk", "candidate": "mini", "strategy": "linear-probe", "labels_per_class": 8,
        "set": "test", "runs": 1, "confusion": tuple(confusion), "classes": classes, "reliability": (),
    }  # fmt: skip
    return Answers(**{**facts, **changes})


FOUND = answers([(0, 0, 40), (1, 0, 5), (1, 1, 30), (1, 2, 15), (2, 0, 2), (2, 2, 8)], {0: 40, 1: 50, 2: 10})


def test_the_most_frequent_mistake_comes_first_as_a_share_of_its_class():
    rows = confused_pairs_table(FOUND, TASK).rows
    assert rows[0] == ("label 1", "label 2", "30.0", "15")
    assert [row[:2] for row in rows] == [
        ("label 1", "label 2"),
        ("label 1", "label 0"),
        ("label 2", "label 0"),
    ]


def test_shares_are_of_all_runs():
    twice = FOUND.model_copy(
        update={"runs": 2, "confusion": tuple((t, s, 2 * n) for t, s, n in FOUND.confusion)}
    )
    assert confused_pairs_table(twice, TASK).rows[0] == ("label 1", "label 2", "30.0", "30")


def test_classes_stand_worst_first_and_small_ones_say_so():
    table = classes_table((FOUND,), TASK)
    assert [row[0] for row in table.rows] == ["label 1", "label 2", "label 0"]
    assert [row[2] for row in table.rows] == ["50", "10 (few)", "40"]


def test_a_restricted_task_has_numbers_instead_of_names():
    hidden = TASK.model_copy(update={"sensitivity": "restricted"})
    assert class_names(hidden) == ("class 1", "class 2", "class 3")
    assert "label" not in str(confused_pairs_table(FOUND, hidden).rows)


def test_the_table_calls_few_what_the_diagnostic_calls_few():
    assert answer_rows.FEWEST_ITEMS == FEWEST_ITEMS


@pytest.mark.parametrize(
    ("classes", "shown"), [(10, 10), (MOST_CLASSES, MOST_CLASSES), (77, MOST_CLASSES - 1)]
)
def test_a_matrix_of_many_classes_shows_the_worst_ones_and_one_row_for_the_others(classes, shown):
    generator = np.random.default_rng(0)
    counts = generator.integers(0, 3, (classes, classes)) + 40 * np.eye(classes, dtype=int)
    found = answers(
        [(t, s, int(counts[t, s])) for t in range(classes) for s in range(classes) if counts[t, s]],
        {label: int(counts[label].sum()) for label in range(classes)},
    )
    axes = confusion_figure(found, task_facts(World(classes=classes))).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len([name for name in names if name.startswith("label")]) == shown
    assert ("54 others" in names) is (classes == 77)


def shares_of(found, classes):
    axes = confusion_figure(found, task_facts(World(classes=classes))).axes[0]
    return {tuple(round(part) for part in text.get_position()): text.get_text() for text in axes.texts}


def test_a_matrix_has_the_share_of_each_row():
    # A place is a column, then a row.
    assert shares_of(FOUND, 3) == {
        (0, 0): "100", (0, 1): "10", (1, 1): "60", (2, 1): "30", (0, 2): "20", (2, 2): "80",
    }  # fmt: skip


def test_what_is_mistaken_among_the_others_is_not_shown_as_right():
    many = MOST_CLASSES + 5
    worst = [(label, (label + 1) % (MOST_CLASSES - 1), 9) for label in range(MOST_CLASSES - 1)]
    others = [(many - 1, many - 2, 2), (many - 1, many - 1, 6), (many - 2, many - 2, 2)]
    found = answers(worst + others, dict.fromkeys(range(many), 9))
    last = MOST_CLASSES - 1
    assert shares_of(found, many)[last, last] == "80"


def test_real_findings_are_drawn_as_vectors():
    (first, *_) = findings(World(items=60, runs=2)).answers
    svg = svg_text(confusion_figure(first, task_facts(World())))
    assert "<image" not in svg
    assert "label 3" in svg
