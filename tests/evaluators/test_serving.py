"""How long answers take: quantiles that enough calls stand behind, one cell a strategy, documents of before."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.observations import Observations
from evaluators.results import Stored
from evaluators.serving import quantile, served, serving_key, serving_of
from evaluators.serving_evidence import Serving
from tests.evaluators.toy_plans import toy_plan
from tests.synthetic import World, evidence


def test_quantiles_are_times_that_were_measured():
    seconds = [float(number) for number in range(100, 0, -1)]
    assert (quantile(seconds, 0.5), quantile(seconds, 0.95), quantile(seconds, 0.99)) == (50.0, 95.0, 99.0)
    assert quantile([3.0], 0.5) == 3.0
    assert quantile(seconds[:20], 0.95) == 99.0


@pytest.mark.parametrize(
    ("calls", "p95", "p99"), [(19, False, False), (20, True, False), (99, True, False), (100, True, True)]
)
def test_a_quantile_that_too_few_calls_lie_above_is_not_given(calls, p95, p99):
    seconds = [1.0] * calls
    assert (quantile(seconds, 0.95) is not None, quantile(seconds, 0.99) is not None) == (p95, p99)


def test_no_share_has_no_quantile():
    with pytest.raises(ValueError, match="is no share"):
        quantile([1.0], 0.0)


def test_the_first_run_of_the_largest_size_is_timed_of_every_arm(tmp_path):
    plan, _ = toy_plan(tmp_path)
    chosen = served(plan)
    assert sorted(p.cell.strategy for p in chosen) == [
        "from-scratch",
        "knn",
        "linear-probe",
        "majority",
        "tfidf-logreg",
    ]
    assert {(p.cell.labels_per_class, p.cell.run.index) for p in chosen} == {(2, 0)}
    assert len({serving_key(p) for p in chosen}) == 5


def test_what_could_not_be_timed_has_no_row(tmp_path):
    plan, _ = toy_plan(tmp_path)
    (planned, *_) = served(plan)
    assert (
        serving_of(planned, Stored({"seconds": np.zeros(0)}, {"reason": "MemoryError"}), environment="e")
        is None
    )


def row(**changes) -> Serving:
    values = {
        "task": "help-desk", "candidate": "mini", "strategy": "linear-probe", "labels_per_class": 8, "calls": 200,
        "p50": 0.01, "p95": 0.012, "p99": 0.02, "throughput": {"1": 95.0, "8": 300.0, "32": 280.0},
        "trained_bytes": 5000, "base_bytes": 90_000_000, "environment": "e",
    }  # fmt: skip
    return Serving.model_validate({**values, **changes})


def test_the_best_batch_is_the_one_with_the_most_answers_a_second():
    assert row().best_batch == (8, 300.0)
    assert row(throughput={}).best_batch is None


def test_observations_without_timed_answers_are_written_as_before():
    observed = evidence(World()).observations
    assert "serving" not in observed.model_dump(mode="json")
    timed = observed.model_copy(update={"serving": (row(),)})
    assert Observations.model_validate_json(timed.model_dump_json()) == timed
