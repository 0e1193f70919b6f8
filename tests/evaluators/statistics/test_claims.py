"""Why claims about strategies are paired over runs: 10,000 simulated evaluations in which neither strategy is better.

Two identical strategies answer the same 3,080 items (Banking77's test). Runs differ, as draws of 8 labels
a class do: about 0.9 points between runs. Whoever tests over items sees two artifacts that do differ.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evaluators.statistics.crossed import crossed_bootstrap
from evaluators.statistics.item_values import item_values
from evaluators.statistics.paired import mcnemar_exact, paired_t
from evaluators.statistics.ties import against_the_best

ITEMS, RUNS, REPETITIONS = 3080, 5, 10_000
#: Items of like easiness answer alike: how many of each kind are right is one binomial number, not thousands of coins.
KINDS = 56


def upper_bound(wrong: int, of: int) -> float:
    """Return the exact upper 95 % bound of a rate (Clopper and Pearson 1934)."""
    return float(stats.beta.ppf(0.95, wrong + 1, of - wrong))


def easiness(size: int) -> np.ndarray:
    return np.random.default_rng(0).beta(1.6, 0.4, size=size)


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    """(REPETITIONS, 2, RUNS) accuracies of two strategies that are alike."""
    generator = np.random.default_rng(1)
    kinds = np.sort(easiness(ITEMS)).reshape(KINDS, -1)
    luck = generator.normal(0.0, 0.007, size=(REPETITIONS, 2, RUNS, 1))
    right = generator.binomial(kinds.shape[1], np.clip(kinds.mean(axis=1) + luck, 0.0, 1.0))
    return right.sum(axis=3) / ITEMS


def test_the_simulated_runs_vary_as_published(scores: np.ndarray) -> None:
    assert scores.std(axis=2, ddof=1).mean() == pytest.approx(0.009, abs=0.002)


def test_the_strategy_test_errs_in_six_per_cent_at_most(scores: np.ndarray) -> None:
    results = [paired_t(of_a - of_b) for of_a, of_b in scores]
    wrong = sum((result.p_value or 0.0) <= 0.05 for result in results)
    assert upper_bound(wrong, REPETITIONS) <= 0.06
    assert wrong > 0.03 * REPETITIONS  # and it is a test, which a level of 0 is not


def answers(generator: np.random.Generator, repetitions: int) -> np.ndarray:
    """Return (repetitions, 2, RUNS, ITEMS) of right and wrong, both strategies alike."""
    luck = generator.normal(0.0, 0.007, size=(repetitions, 2, RUNS, 1)).astype(np.float32)
    chances = easiness(ITEMS).astype(np.float32) + luck
    return generator.random((repetitions, 2, RUNS, ITEMS), dtype=np.float32) < chances


def test_a_test_over_items_of_one_run_each_errs_in_a_fifth() -> None:
    null = answers(np.random.default_rng(2), 400)
    assert np.mean([mcnemar_exact(a[0], b[0]).p_value < 0.05 for a, b in null]) > 0.15


def test_crossed_bootstrap_is_conservative() -> None:
    wrong = 0
    for a, b in answers(np.random.default_rng(3), 100):
        found = crossed_bootstrap(a, b, resamples=200)
        wrong += found.low > 0.0 or found.high < 0.0
    assert wrong <= 6


@pytest.mark.parametrize("runs", [5, 10])
def test_a_hundred_items_do_not_rank_strategies_that_differ_item_by_item(runs: int) -> None:
    """Two strategies are equal on the population, each good at other items; 100 items of it are the test."""
    generator, repetitions, items = np.random.default_rng(4), 2000, 100
    chances = generator.beta(1.6, 0.4, size=(repetitions, 2, 1, items))
    right = generator.random((repetitions, 2, runs, items)) < chances
    by_runs = by_both = 0
    for of_two in right:
        scores = of_two.mean(axis=2)
        known = [dict(enumerate(of_one)) for of_one in of_two]
        by_runs += any(against_the_best(scores).is_worse(arm) for arm in (0, 1))
        by_both += any(against_the_best(scores, known).is_worse(arm) for arm in (0, 1))
    assert by_runs > 0.10 * repetitions
    assert upper_bound(by_both, repetitions) <= 0.06


@pytest.mark.parametrize("runs", [5, 20])
def test_runs_alone_take_the_items_for_the_population_and_with_items_the_claim_keeps_its_level(
    runs: int,
) -> None:
    """Two strategies are equal on the population, each good at other items; what the gate asks is asked of a gain."""
    generator, repetitions, items = np.random.default_rng(6), 300, 100
    chances = generator.beta(1.6, 0.4, size=(repetitions, 2, 1, items))
    right = generator.random((repetitions, 2, runs, items)) < chances
    by_runs = by_both = 0
    for a, b in right:
        over_runs = paired_t(a.mean(axis=1) - b.mean(axis=1))
        gains = (over_runs.low or 0.0) > 0.0
        by_runs += gains
        if gains:
            found = crossed_bootstrap(a, b, resamples=400)
            by_both += found is not None and found.low > 0.0
    assert by_runs > 0.08 * repetitions
    assert upper_bound(by_both, repetitions) <= 0.06


@pytest.mark.parametrize("runs", [5, 10])
def test_a_hundred_items_do_not_rank_by_macro_f1_what_differs_item_by_item(runs):
    # Each of two strategies is at home in items of its own, in every run; on the population they are equal.
    called, repetitions = 0, 300
    for seed in range(repetitions):
        generator = np.random.default_rng(seed)
        labels = generator.integers(0, 4, 100)
        answers = []
        for _ in range(2):
            home = generator.random(100)
            said = [
                np.where(generator.random(100) < home, labels, (labels + generator.integers(1, 4, 100)) % 4)
                for _ in range(runs)
            ]
            answers.append({run: item_values(labels, row, "macro_f1") for run, row in enumerate(said)})
        scores = np.array([[rows[run].mean() for run in range(runs)] for rows in answers])
        found = against_the_best(scores, answers)
        called += any(found.is_worse(arm) for arm in (0, 1))
        by_runs = against_the_best(scores)
        assert found.p_adjusted[1 - found.best] >= by_runs.p_adjusted[1 - by_runs.best]
    assert called / repetitions <= 0.06
