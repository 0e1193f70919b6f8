"""Why claims about strategies are paired over runs: a simulation in which neither strategy is better.

Two identical strategies answer the same 3,080 items (Banking77's test). Runs differ, as draws of 8 labels
a class do: about 0.9 points between runs. Whoever tests over items sees two artifacts that do differ.
"""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.statistics.paired import crossed_bootstrap, mcnemar_exact, paired_t

ITEMS, RUNS, REPETITIONS = 3080, 5, 400


@pytest.fixture(scope="module")
def null() -> list[np.ndarray]:
    """REPETITIONS arrays (2 strategies, RUNS, ITEMS) of right and wrong, both strategies alike."""
    generator = np.random.default_rng(0)
    easiness = generator.beta(1.6, 0.4, size=ITEMS).astype(np.float32)
    luck = generator.normal(0.0, 0.007, size=(REPETITIONS, 2, RUNS, 1)).astype(np.float32)
    return [generator.random((2, RUNS, ITEMS), dtype=np.float32) < easiness + of_runs for of_runs in luck]


def test_the_simulated_runs_vary_as_published(null: list[np.ndarray]) -> None:
    between = np.mean([answers.mean(axis=2).std(axis=1, ddof=1).mean() for answers in null])
    assert between == pytest.approx(0.009, abs=0.002)


def test_paired_t_over_runs_keeps_its_level(null: list[np.ndarray]) -> None:
    results = [paired_t(a.mean(axis=1) - b.mean(axis=1)) for a, b in null]
    assert np.mean([(result.p_value or 0.0) < 0.05 for result in results]) <= 0.065


def test_mcnemar_on_one_run_each_does_not(null: list[np.ndarray]) -> None:
    assert np.mean([mcnemar_exact(a[0], b[0]).p_value < 0.05 for a, b in null]) > 0.15


def test_crossed_bootstrap_is_conservative(null: list[np.ndarray]) -> None:
    wrong = 0
    for a, b in null[:100]:
        low, high = crossed_bootstrap(a, b, resamples=200)
        wrong += (low or 0.0) > 0.0 or (high or 0.0) < 0.0
    assert wrong <= 6
