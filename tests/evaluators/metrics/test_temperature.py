"""The temperature is the one that minimises the likelihood, and scaling keeps classes and ties."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from evaluators.metrics.classification import SMALLEST_PROBABILITY, expected_calibration_error, log_loss
from evaluators.metrics.temperature import HIGHEST, LOWEST, at_temperature, fit_temperature


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def too_sure(seed, items=4000, classes=5, temperature=2.5):
    """Labels drawn from softmax(z / T), and the probabilities softmax(z) of one who does not know T."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(items, classes)) * 3
    cumulative = softmax(logits / temperature).cumsum(axis=1)
    labels = (generator.random((items, 1)) > cumulative).sum(axis=1).clip(max=classes - 1)
    return labels, softmax(logits)


@pytest.mark.parametrize("seed", range(5))
def test_temperature_equals_scipys_minimum(seed):
    labels, probabilities = too_sure(seed, items=200, classes=2 + seed, temperature=0.5 + seed)
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))

    def loss(logarithm):
        scaled = softmax(logits / np.exp(logarithm))
        return -np.log(scaled[np.arange(len(labels)), labels]).mean()

    found = minimize_scalar(
        loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": 1e-9}
    )
    assert fit_temperature(labels, probabilities) == pytest.approx(np.exp(found.x), rel=1e-5)


def test_two_classes_of_one_confidence_have_a_closed_form():
    # Confidence .9 and right 3 times of 4: the best probability is .75, and T the quotient of the log odds.
    probabilities = np.tile([0.9, 0.1], (4, 1))
    expected = np.log(9) / np.log(3)
    assert fit_temperature(np.array([0, 0, 0, 1]), probabilities) == pytest.approx(expected, rel=1e-9)


def test_the_temperature_that_labels_were_drawn_with_is_found_and_calibrates_other_items():
    labels, probabilities = too_sure(1)
    temperature = fit_temperature(labels, probabilities)
    assert temperature == pytest.approx(2.5, rel=0.06)
    others, unseen = too_sure(2)
    scaled = at_temperature(unseen, temperature)
    assert expected_calibration_error(others, scaled) < 0.2 * expected_calibration_error(others, unseen)
    assert log_loss(others, scaled) < log_loss(others, unseen)


def test_it_stays_in_its_bounds_where_the_best_is_none():
    sure = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert fit_temperature(np.array([0, 1]), sure) == LOWEST
    assert fit_temperature(np.array([1, 0]), sure) == HIGHEST


def test_uniform_rows_keep_temperature_one():
    assert fit_temperature(np.array([0, 1, 2]), np.full((3, 3), 1 / 3)) == 1.0


def test_neighbours_with_zeros_stay_finite_and_their_ties_stay_ties():
    generator = np.random.default_rng(0)
    votes = generator.multinomial(5, [0.5, 0.3, 0.1, 0.1], size=300)
    labels = generator.integers(4, size=300)
    probabilities = (votes / 5).astype(np.float32)
    scaled = at_temperature(probabilities, fit_temperature(labels, probabilities))
    assert np.isfinite(scaled).all()
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    kinds = {tuple(sorted(row)) for row in votes.tolist()}
    assert len(np.unique(scaled.max(axis=1))) == len(kinds)


def test_temperature_one_changes_nothing():
    _, probabilities = too_sure(3, items=50)
    assert at_temperature(probabilities, 1.0) == pytest.approx(probabilities, abs=1e-6)


@pytest.mark.parametrize(("labels", "rows"), [([], 0), ([2], 1), ([-1], 1), ([0, 1], 1)])
def test_what_does_not_fit_is_refused(labels, rows):
    with pytest.raises(ValueError, match="expected"):
        fit_temperature(np.array(labels, dtype=int), np.full((rows, 2), 0.5))
