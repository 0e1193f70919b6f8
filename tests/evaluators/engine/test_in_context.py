"""The prompt of in-context learning: which examples, in which orders, how texts are cut, and what does not fit."""

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from evaluators.backbones.causal import CausalModel, load_causal
from evaluators.data.samples import text_samples
from evaluators.engine import products
from evaluators.engine.fit import fit, fit_together
from evaluators.engine.in_context import fit_in_context_together
from evaluators.engine.job import Inputs
from evaluators.errors import UsageProblem
from evaluators.fitness import unfit
from evaluators.strategy import strategy
from tests.evaluators.backbones.test_causal import tiny_causal
from tests.fakes_models import NAMES, toy_texts

ROWS = {k: strategy(f"in-context-{k}") for k in (0, 4, 16)}
SHORT = {"text_tokens": 16}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tiny_causal(tmp_path_factory.mktemp("causal"), max_position_embeddings=512)
    return load_causal(folder)


@pytest.fixture
def job(worlds, model):
    """Return a function from a row to a job that asks the random model."""
    plain = worlds["text"].job(ROWS[4])

    def make(row, *, seed=0, **changes):
        settings = {**row.defaults_for("text"), **SHORT, **changes}
        return replace(plain, seed=seed, settings=settings, load_language_model=lambda: model)

    return make


def shown(fitted):
    """Return the examples of a fit as (text, label), in the order of the first prompt."""
    examples = fitted.examples
    return [(examples.texts[place], examples.labels[place]) for place in examples.orders[0]]


def test_examples_are_of_the_draw_with_their_labels_and_as_many_of_each_class_as_can_be(job):
    of_text = dict(zip(toy_texts(8, seed=0).samples.texts, toy_texts(8, seed=0).labels.tolist(), strict=True))
    for row, counts in ((ROWS[4], [1, 1, 2]), (ROWS[16], [5, 5, 6])):
        examples = shown(fit(row, job(row)))
        assert all(of_text[text] == label for text, label in examples)
        assert len({text for text, _ in examples}) == len(examples)
        assert sorted(np.bincount([label for _, label in examples]).tolist()) == counts


def test_more_examples_than_labels_are_all_of_them(job):
    row = ROWS[16]
    few = replace(job(row), inputs=Inputs(samples=text_samples(["a", "b", "c"])), labels=np.array([0, 1, 1]))
    assert sorted(shown(fit(row, few))) == [("a", 0), ("b", 1), ("c", 1)]


def test_the_seed_decides_examples_and_orders(job):
    first, again, other = (fit(ROWS[4], job(ROWS[4], seed=seed)) for seed in (0, 0, 1))
    assert first.examples == again.examples
    assert first.examples.texts != other.examples.texts
    orders = first.examples.orders
    assert len(orders) == 5
    assert len(set(orders)) > 1
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)


def test_an_answer_is_the_mean_over_the_orders(job):
    inputs = Inputs(samples=text_samples(["a card", "the rain"]))
    whole = fit(ROWS[4], job(ROWS[4]))
    parts = []
    for order in whole.examples.orders:
        alone = replace(whole.examples, orders=(order,))
        parts.append(type(whole)(whole._layout, alone, "float32").predict(inputs))
    np.testing.assert_allclose(whole.predict(inputs), np.mean(parts, axis=0), atol=1e-6)
    assert np.ptp(parts, axis=0).max() > 1e-4


def test_without_examples_the_prompt_is_the_text_alone(job, model):
    fitted = fit(ROWS[0], job(ROWS[0]))
    assert fitted._prompts == [model.start]
    assert shown(fitted) == []


def test_texts_are_cut_examples_and_questions_alike(job):
    long = " ".join(["the card"] * 40)
    fitted = fit(ROWS[0], job(ROWS[0], text_tokens=4))
    assert len(fitted._layout.asked(long)) == 4 + len(fitted._layout.between)
    found = fitted.predict(Inputs(samples=text_samples([long, "the card the card"])))
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_a_prompt_that_does_not_fit_says_so_before_anything_is_asked(job):
    with pytest.raises(UsageProblem, match="16 examples and a text of 400 tokens make a prompt of"):
        fit(ROWS[16], job(ROWS[16], text_tokens=400))


@pytest.mark.parametrize("template", ["{text}", "{label}: {text}", "{text} is {label}."])
def test_a_template_leads_from_the_text_to_its_label(job, template):
    with pytest.raises(UsageProblem, match="does not lead from a text to its label"):
        fit(ROWS[0], job(ROWS[0], template=template))


def test_a_draw_without_some_classes_can_still_answer_with_them(job):
    one = replace(job(ROWS[4]), inputs=Inputs(samples=text_samples(["a card"])), labels=np.array([0]))
    found = fit(ROWS[4], one).predict(Inputs(samples=text_samples(["the rain"])))
    assert found.shape == (1, len(NAMES))
    assert (found > 0).all()


def test_no_texts_give_no_rows(job):
    assert fit(ROWS[0], job(ROWS[0])).predict(Inputs(samples=text_samples([]))).shape == (0, 3)


def test_only_a_causal_language_model_has_it(worlds, fits):
    reason = unfit(ROWS[4], worlds["text"].candidate)
    assert reason
    assert "tiny-bert is a BertModel" in reason
    assert unfit(ROWS[4], fits.world(ROWS[4], "text").candidate) is None


def test_the_model_is_read_once_a_text_and_order(job, model):
    seen = []
    handle = model.module.model.register_forward_hook(
        lambda _module, _inputs, output: seen.append(output[0].shape[:2])
    )
    fit(ROWS[4], job(ROWS[4])).predict(Inputs(samples=text_samples(["a", "b", "c"])))
    handle.remove()
    assert isinstance(model, CausalModel)
    # Of each order: the examples once, then all texts in one pass, whatever the number of labels.
    assert [count for count, _ in seen] == [1, 3] * 5


def test_large_layers_multiply_by_the_fast_products_the_head_too(job, model, monkeypatch):
    fitted, inputs = fit(ROWS[4], job(ROWS[4])), Inputs(samples=text_samples(["a card", "the rain"]))
    expected, multiplied, calls = fitted.predict(inputs), products._multiplied, []
    monkeypatch.setattr(products, "_LARGE", 1)
    monkeypatch.setattr(products, "_multiplied", lambda *given: calls.append(1) or multiplied(*given))
    np.testing.assert_allclose(fitted.predict(inputs), expected, atol=1e-6)
    linear = sum(isinstance(part, nn.Linear) for part in model.module.modules())
    # Of each order: the examples, then both texts in one pass.
    assert len(calls) == 5 * 2 * linear


def test_without_examples_a_set_is_read_once_for_all_draws_and_the_model_loaded_once(job, model):
    loaded, read = [], []
    load = lambda: loaded.append(1) or model  # noqa: E731
    jobs = [replace(job(ROWS[0], seed=seed), load_language_model=load) for seed in range(3)]
    jobs[2] = replace(jobs[2], inputs=Inputs(samples=text_samples(["a", "b"])), labels=np.array([0, 1]))
    together = fit_together(ROWS[0], jobs)
    inputs = Inputs(samples=text_samples(["a card", "the rain", "the wine"]))
    handle = model.module.model.register_forward_hook(lambda *_: read.append(1))
    shared = together.predict([inputs] * 3)
    own = together.predict([Inputs(samples=one.inputs.samples) for one in jobs])
    handle.remove()
    assert len(loaded) == 1
    assert len(read) == 1 + 3
    for found, one in zip(shared, jobs, strict=True):
        np.testing.assert_array_equal(found, fit(ROWS[0], one).predict(inputs))
    np.testing.assert_array_equal(own[2], fit(ROWS[0], jobs[2]).predict(jobs[2].inputs))


def test_with_examples_each_draw_has_its_own_answers_beside_others_too(job):
    inputs = Inputs(samples=text_samples(["a card", "the rain"]))
    jobs = [job(ROWS[4], seed=seed) for seed in (0, 1)]
    together = fit_in_context_together(jobs).predict([inputs, inputs])
    for found, one in zip(together, jobs, strict=True):
        np.testing.assert_array_equal(found, fit(ROWS[4], one).predict(inputs))
    assert not np.array_equal(*together)
