"""What labels buy, in words: exact numbers, bounds where nothing was reached, brackets that do not hold."""

from evaluators.curve_evidence import LabelSaving, Overtaking
from evaluators.report.label_rows import overtakings_table, savings_table
from tests.synthetic import World, findings

ARM = {
    "task": "help-desk", "candidate": "mini", "strategy": "linear-probe", "set": "test",
    "reference_candidate": "mini", "reference_strategy": "from-scratch",
}  # fmt: skip


def saving(size, labels, bound):
    return LabelSaving(
        **ARM, labels_per_class=size, reference_labels=labels, multiplier=labels / size, bound=bound
    )


def taking(above, up_to, *, holds=True):
    return Overtaking(**ARM, runs=5, above=above, up_to=up_to, holds=holds)


def with_rows(**rows):
    found = findings(World(items=40, runs=2))
    return found.model_copy(update=rows)


def test_savings_are_labels_and_a_multiplier_or_a_bound():
    rows = (saving(2, 5.72, "exact"), saving(8, 16.0, "above"), saving(16, 2.0, "below"))
    found = with_rows(label_savings=rows)
    (row,) = savings_table(found, found.tasks[0]).rows
    assert row == ("linear probe", "mini", "from scratch", "5.7 (x2.9)", "> 16 (> x2.0)", "<= 2 (<= x0.1)")


def test_brackets_name_the_sizes_between_which_a_strategy_gets_ahead():
    rows = (taking(None, 2), taking(8, 16), taking(16, None), taking(2, 4, holds=False))
    found = with_rows(overtakings=rows)
    assert [row[-2] for row in overtakings_table(found, found.tasks[0]).rows] == [
        "2 or fewer",
        "between 8 and 16",
        "not up to 16",
        "between 2 and 4, but not at every larger size",
    ]


def test_without_rows_the_tables_are_empty():
    found = with_rows(label_savings=(), overtakings=())
    assert savings_table(found, found.tasks[0]).rows == ()
    assert overtakings_table(found, found.tasks[0]).rows == ()
