"""Slices: a share and an interval of items for every class, and no worst one among small classes."""

import numpy as np
import pytest

from evaluators.diagnostics.slices import class_shares, worst_class
from evaluators.statistics.intervals import wilson_interval

LABELS = np.repeat([0, 1, 2], [40, 40, 10])


def right(*wrong):
    found = np.ones(len(LABELS), dtype=bool)
    found[list(wrong)] = False
    return found


def test_every_class_has_wilsons_interval_of_its_items():
    shares = class_shares(LABELS, [right(*range(40, 50))])
    assert [row.label for row in shares] == [0, 1, 2]
    assert shares[1].share == wilson_interval(30, 40)


def test_runs_on_the_same_items_are_averaged_and_add_no_items():
    one = class_shares(LABELS, [right(*range(40, 50))])
    five = class_shares(LABELS, [right(*range(40, 50))] * 5)
    assert five == one
    (mean,) = [row for row in class_shares(LABELS, [right(40), right(40, 41, 42)]) if row.label == 1]
    assert mean.share.value == pytest.approx(38 / 40)


def test_the_mean_lies_in_its_interval_where_runs_disagree():
    shares = class_shares(LABELS, [right(), right(0)])
    assert all(row.share.low <= row.share.value <= row.share.high for row in shares)


def test_a_class_with_few_items_is_never_the_worst():
    shares = class_shares(LABELS, [right(41, *range(80, 90))])
    assert shares[2].share.value == 0.0
    assert worst_class(shares).label == 1
    assert worst_class(shares[2:]) is None


def test_of_equal_classes_the_first_is_the_worst():
    assert worst_class(class_shares(LABELS, [right(0, 40)])).label == 0


def test_answers_of_another_set_are_refused():
    with pytest.raises(ValueError, match="every run"):
        class_shares(LABELS, [right()[:-1]])
