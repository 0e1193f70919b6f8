"""Runs and items together: as resampling by hand gives it, in closed form too, and never less than over runs alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evaluators.statistics.crossed import crossed_bootstrap, crossed_error, crossed_interval
from evaluators.statistics.intervals import mean_interval
from evaluators.statistics.paired import paired_t


def correct(seed: int, runs: int, items: int, rate: float) -> np.ndarray:
    return np.random.default_rng(seed).random((runs, items)) < rate


def test_crossed_bootstrap_equals_resampling_by_hand() -> None:
    a, b = correct(1, 5, 200, 0.85), correct(2, 5, 200, 0.80)
    generator = np.random.default_rng(7)
    differences = a.astype(float) - b.astype(float)
    means = [
        differences[np.ix_(generator.integers(5, size=5), generator.integers(200, size=200))].mean()
        for _ in range(4000)
    ]
    found = crossed_bootstrap(a, b, resamples=4000)
    ends = (found.low, found.low_90, found.high_90, found.high)
    assert ends == pytest.approx(np.quantile(means, [0.025, 0.05, 0.95, 0.975]), abs=0.004)
    assert found.p_value == pytest.approx(2 * np.mean(np.array(means) <= 0), abs=0.01)


def test_crossed_bootstrap_is_repeatable_and_mirrors() -> None:
    a, b = correct(1, 3, 50, 0.8), correct(2, 3, 50, 0.7)
    found, mirrored = crossed_bootstrap(a, b, seed=3), crossed_bootstrap(b, a, seed=3)
    assert crossed_bootstrap(a, b, seed=3) == found
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
    assert mirrored.p_value == found.p_value
    assert crossed_bootstrap(a, b, seed=4) != found


@pytest.mark.parametrize("seed", range(8))
def test_its_interval_excludes_0_where_its_p_is_below_05(seed: int) -> None:
    found = crossed_bootstrap(correct(seed, 4, 60, 0.85), correct(seed + 50, 4, 60, 0.75))
    if abs(found.p_value - 0.05) > 0.004:  # within a resample or two both are right
        assert (found.low > 0.0 or found.high < 0.0) == (found.p_value < 0.05)


def test_runs_that_all_differ_alike_have_the_noise_of_their_items() -> None:
    # Every run has item 0 right where the other has it wrong, and agrees on the rest: the mean differs by 1 in 40.
    b = np.tile(np.arange(40) % 5 > 0, (5, 1))
    a = b.copy()
    a[:, 0] = True
    assert paired_t(a.mean(axis=1) - b.mean(axis=1)).degenerate
    found = crossed_bootstrap(a, b)
    assert found.low == 0.0
    assert found.p_value > 0.05


def test_items_that_share_a_source_are_resampled_with_it() -> None:
    # Four copies of each of 50 items carry no more than 50 items do: the interval must not shrink by half.
    a, b = correct(1, 5, 50, 0.85), correct(2, 5, 50, 0.75)
    copies, sources = (np.repeat(answers, 4, axis=1) for answers in (a, b)), np.repeat(np.arange(50), 4)
    copied_a, copied_b = copies
    once = crossed_bootstrap(a, b)
    naive, clustered = (crossed_bootstrap(copied_a, copied_b, clusters=c) for c in (None, sources))
    assert (clustered.low, clustered.high) == pytest.approx((once.low, once.high), abs=0.004)
    assert naive.high - naive.low < 0.75 * (clustered.high - clustered.low)
    with pytest.raises(ValueError, match="clusters"):
        crossed_bootstrap(a, b, clusters=sources)


def test_the_error_in_closed_form_is_that_of_the_bootstrap() -> None:
    differences = correct(1, 5, 200, 0.85).astype(float) - correct(2, 5, 200, 0.80)
    generator = np.random.default_rng(7)
    means = [
        differences[np.ix_(generator.integers(5, size=5), generator.integers(200, size=200))].mean()
        for _ in range(20_000)
    ]
    # The bootstrap divides the spread of runs by R, Student's t by R - 1.
    spread = differences.mean(axis=1).var() / 5
    expected = np.sqrt(np.var(means) - spread + spread * 5 / 4)
    error, df = crossed_error(differences)
    assert error == pytest.approx(expected, rel=0.02)
    assert error >= stats.sem(differences.mean(axis=1))
    assert 4.0 < df < 199.0 + 4.0 * 199.0
    same = np.tile(differences[0], (5, 1))
    assert crossed_error(same) == pytest.approx((np.std(same[0]) / np.sqrt(200), 199.0))
    with pytest.raises(ValueError, match="two runs"):
        crossed_error(differences[:1])


def test_crossed_bootstrap_of_many_items_works_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = correct(1, 4, 300, 0.8), correct(2, 4, 300, 0.7)
    whole = crossed_bootstrap(a, b, resamples=100)
    monkeypatch.setattr("evaluators.statistics.crossed._BLOCK", 1000)
    assert crossed_bootstrap(a, b, resamples=100) == pytest.approx(whole)


def test_one_run_has_no_crossed_interval() -> None:
    assert crossed_bootstrap(correct(1, 1, 50, 0.8), correct(2, 1, 50, 0.7)) is None


def test_the_interval_of_a_mean_is_never_narrower_than_that_over_runs() -> None:
    differences = correct(1, 5, 200, 0.85).astype(float) - correct(2, 5, 200, 0.80)
    found, over_runs = crossed_interval(differences), mean_interval(differences.mean(axis=1))
    assert found.value == over_runs.value
    assert found.high - found.low > over_runs.high - over_runs.low
    # Runs that agree to the last item have no spread; items still do.
    same = crossed_interval(np.tile(differences[0], (5, 1)))
    assert same.low < same.value < same.high
    assert crossed_interval(differences[:1]).low is None


def test_unequal_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        crossed_bootstrap(correct(1, 3, 50, 0.8), correct(2, 2, 50, 0.7))
