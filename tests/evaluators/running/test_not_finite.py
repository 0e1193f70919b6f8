"""A cell of bfloat16 whose predictions are not finite is measured again in float32, and says so."""

import numpy as np
import pytest

from evaluators.engine.classifier import Classifier
from evaluators.engine.records import read_facts
from evaluators.results import ResultStore
from evaluators.running.compute import Computation, NotFiniteError
from evaluators.running.kept_fits import unpacked
from evaluators.running.run import scored
from evaluators.running.workbench import Workbench
from tests.evaluators.kills import remove
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.fakes_models import tiny_bert

SHORT = {"min_steps": 2, "max_steps": 2}


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Return `measured(dtype, strategy, imprecise)`: a plan of one cell, its results, and what measuring it does.

    A documented fake: the networks named imprecise predict NaN where they compute in bfloat16.
    """
    candidate, folder = tiny_bert(tmp_path / "base")
    real = Classifier.predict

    def prepare(dtype, strategy, imprecise=True):
        (tmp_path / dtype).mkdir(exist_ok=True)
        protocol = toy_protocol(
            strategies=(strategy,), settings={strategy: SHORT}, labels_per_class=(2,), runs=1, dtype=dtype
        )
        plan, data = toy_plan(tmp_path / dtype, candidate, protocol=protocol)
        results = ResultStore(tmp_path / dtype / "results")

        def predict(self, inputs):
            found = real(self, inputs)
            return np.full_like(found, np.nan) if imprecise and self.dtype == "bfloat16" else found

        monkeypatch.setattr(Classifier, "predict", predict)
        computation = Computation(Workbench(plan, data, {candidate.name: folder}, results, "cpu"))
        return plan, results, lambda: computation.measure([plan.cells[0]], lambda _done, _total: None)

    return prepare


def predictions(plan, results):
    return [results.read("predict", key).arrays["probabilities"] for key in plan.cells[0].predict.values()]


@pytest.mark.parametrize("strategy", ["full-finetune", "partial-freeze"])
def test_it_is_what_float32_gives_and_the_remedy_is_told(measured, strategy):
    plan, results, measure = measured("bfloat16", strategy)
    measure()
    exact, exact_results, measure_exact = measured("float32", strategy)
    measure_exact()
    for found, expected in zip(predictions(plan, results), predictions(exact, exact_results), strict=True):
        np.testing.assert_allclose(np.log(found), np.log(expected), atol=1e-5)
    (remedy,) = scored(plan.cells[0], results).cost.remedies
    assert remedy.startswith("trained again in float32: in bfloat16 the predictions on ")


def test_what_is_kept_of_it_says_what_it_was_asked_for(measured):
    plan, results, measure = measured("bfloat16", "full-finetune")
    measure()
    with unpacked(results.read("fit", plan.cells[0].fit)) as folder:
        _, facts = read_facts(folder)
    assert (facts["dtype"], facts["asked_dtype"]) == ("float32", "bfloat16")


def test_a_set_that_was_predicted_before_is_not_mixed_with_another_fit(measured):
    plan, results, measure = measured("bfloat16", "full-finetune", imprecise=False)
    measure()
    first, *others = plan.cells[0].predict.items()
    for _, key in others[:1]:
        remove(results, "predict", key)
    assert others, first
    _, _, again = measured("bfloat16", "full-finetune")
    with pytest.raises(NotFiniteError, match="are not finite"):
        again()
