"""What more labels would bring: only from three sizes, only to twice the largest, with a band that holds the truth."""

import numpy as np
import pytest

from evaluators.advice.forecast import forecast
from tests.evaluators.advice.options import option

SIZES = (2, 4, 8, 16)


def curve(law, *, sizes=SIZES, noise=0.01, runs=5, seed=0):
    """Return a strategy's options where the truth is `law(labels)` and runs scatter around it."""
    generator = np.random.default_rng(seed)
    scattered = np.clip(
        np.array([law(10 * size) for size in sizes]) + noise * generator.standard_normal((runs, len(sizes))),
        0,
        1,
    )
    return [
        option("linear-probe", float(scattered[:, place].mean()), size=size, runs=tuple(scattered[:, place]))
        for place, size in enumerate(sizes)
    ]


def power(labels):
    return 1.0 - 1.6 * labels**-0.5


def doubling(labels):
    return 0.4 + 0.05 * np.log2(labels)


def flat(labels):
    return 0.8


@pytest.mark.parametrize("law", [power, doubling, flat])
@pytest.mark.parametrize("seed", range(5))
def test_the_band_holds_what_more_labels_really_bring(law, seed):
    found = forecast(curve(law, seed=seed))
    truth = law(320) - law(160)
    assert (found.more, found.sizes, found.runs) == (160, 4, 5)
    # A band over five runs misses now and then; here it may miss by half a point.
    assert found.low - 0.005 <= truth <= found.high + 0.005
    assert found.low <= found.gain <= found.high


def test_with_two_sizes_nothing_is_extrapolated():
    assert forecast(curve(power, sizes=(2, 4))) is None


def test_with_one_run_nothing_is_extrapolated():
    assert forecast(curve(power, runs=1)) is None


@pytest.mark.parametrize("labels", [160, 100, 321])
def test_only_sizes_between_the_largest_and_its_double_are_looked_at(labels):
    assert forecast(curve(power), labels=labels) is None


def test_fewer_more_labels_bring_less():
    near, far = forecast(curve(power), labels=200), forecast(curve(power), labels=320)
    assert (near.more, far.more) == (40, 160)
    assert near.gain < far.gain


def test_a_perfect_score_cannot_rise():
    found = forecast(curve(lambda _labels: 1.0, noise=0.0))
    assert (found.gain, found.low, found.high) == (0.0, 0.0, 0.0)


def test_no_forecast_is_above_a_perfect_score():
    steep = curve(lambda labels: min(0.99, 0.3 * np.log2(labels / 10)), noise=0.0)
    assert steep[-1].estimate.value + forecast(steep).high <= 1.0 + 1e-9


def test_a_size_close_to_the_next_one_is_left_out_because_the_slope_between_them_is_noise():
    found = forecast(curve(power, sizes=(2, 4, 8, 16, 17)))
    assert (found.more, found.sizes) == (170, 4)
    truth = power(340) - power(170)
    assert found.low - 0.005 <= truth <= found.high + 0.005
