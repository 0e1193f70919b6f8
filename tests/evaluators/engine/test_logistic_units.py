"""Regressions step together only as far as a budget of memory goes, which changes no bit of them."""

import tracemalloc

import numpy as np
import pytest
import torch

from evaluators.engine.logistic_batch import Problem, solve
from evaluators.engine.logistic_units import BUDGET, TOGETHER, Size, groups, lanes, solving_bytes, units_of
from tests.evaluators.engine.test_logistic_batch import clouds

#: 1,000 classes on the features of a ViT-B.
LARGE = Size(rows=2000, width=768, classes=1000, penalties=1)
GRID = tuple(10.0**power for power in range(-6, 7))


def problems_of(size, count, *, standardize=False):
    return [
        Problem(
            *clouds(size.rows, size.width, size.classes, seed=seed),
            size.classes,
            GRID[: size.penalties],
            standardize,
        )
        for seed in range(count)
    ]


def peak(problems):
    """Return the bytes that NumPy holds at most while problems are solved, beside the problems."""
    solve(problems[:1], max_iter=1)  # what is loaded at the first call
    tracemalloc.start()
    try:
        solve(problems, max_iter=12)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("size", "count", "standardize"),
    [
        (Size(600, 300, 300, 1), 1, False),
        (Size(300, 128, 150, 13), 1, False),
        (Size(200, 500, 100, 4), 1, True),
        (Size(30_000, 40, 3, 2), 1, False),
        (Size(60, 400, 2, 1), 60, False),
        (Size(100, 64, 10, 3), 20, True),
        (Size(3000, 200, 2, 1), 1, True),
        (Size(1000, 250, 4, 8), 1, True),
        (Size(500, 500, 50, 1), 1, True),
    ],
    ids=str,
)
def test_the_estimate_is_what_a_solution_takes(size, count, standardize):
    (unit,) = units_of([size] * count, workers=1)
    taken = peak(problems_of(size, count, standardize=standardize))
    assert taken <= unit.bytes <= 2 * taken


def test_a_thousand_classes_step_one_regression_at_a_time():
    (unit,) = units_of([Size(LARGE.rows, LARGE.width, LARGE.classes, 13)], workers=1)
    assert len(groups(Size(LARGE.rows, LARGE.width, LARGE.classes, 13))) == 13
    # All at once took 2 GB; what is found, 13 times 9 MB, has to be kept.
    assert unit.bytes < 2 * solving_bytes(LARGE) < BUDGET / 2


def test_as_many_are_solved_beside_each_other_as_fit():
    units = units_of([LARGE] * 20, workers=16)
    assert [len(unit.problems) for unit in units] == [1] * 20
    ((beside, members),) = lanes(units, workers=16)
    assert len(members) == 20
    assert 2 <= beside < 16
    assert sum(unit.bytes for unit in members[:beside]) <= BUDGET < (beside + 1) * members[0].bytes


def test_small_units_do_not_wait_behind_a_large_one():
    small = Size(100, 64, 4, 1)
    units = units_of([LARGE, *[small] * 4], workers=8)
    (narrow, first), (wide, second) = lanes(units, workers=8)
    assert narrow < wide == 8
    assert [unit.problems for unit in first] == [(0,)]
    assert sorted(number for unit in second for number in unit.problems) == [1, 2, 3, 4]


def test_what_fits_no_budget_is_solved_alone():
    huge = Size(200_000, 768, 1000, 1)
    units = units_of([huge, huge], workers=4)
    ((beside, members),) = lanes(units, workers=4)
    assert (beside, len(members)) == (1, 2)
    assert members[0].bytes > BUDGET


def test_many_wide_problems_of_few_rows_are_cut_by_memory():
    few = Size(rows=100, width=4096, classes=2, penalties=1)
    assert few.logits * 1000 < TOGETHER
    units = units_of([few] * 1000, workers=1)
    assert len(units) > 1
    assert all(unit.bytes <= BUDGET for unit in units)
    assert sorted(number for unit in units for number in unit.problems) == list(range(1000))


def test_the_values_of_c_of_a_small_problem_are_multiplied_in_one_call():
    assert groups(Size(200, 384, 77, 13)) == [slice(0, 13)]
    # Few classes are multiplied together however many rows there are.
    assert groups(Size(1_000_000, 384, 2, 13)) == [slice(0, 13)]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_budget_changes_no_bit(threads):
    mixed = [
        *problems_of(Size(60, 40, 5, 3), 4),
        *problems_of(Size(300, 30, 150, 13), 2),
    ]
    assert len(groups(Size(300, 30, 150, 13))) > 1
    try:
        torch.set_num_threads(threads)
        roomy, tight = solve(mixed, max_iter=30), solve(mixed, max_iter=30, budget=1)
    finally:
        torch.set_num_threads(1)
    assert tight.counts.batches > roomy.counts.batches
    alone = [solve([problem], max_iter=30).models[0] for problem in mixed]
    for first, second, third in zip(roomy.models, tight.models, alone, strict=True):
        for a, b, c in zip(first, second, third, strict=True):
            assert np.array_equal(a.coefficients, b.coefficients)
            assert np.array_equal(a.coefficients, c.coefficients)
            assert np.array_equal(a.intercept, b.intercept)
            assert a.steps == b.steps == c.steps
