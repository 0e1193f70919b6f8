"""Pairs for contrastive fine-tuning, and what training on them does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from evaluators.engine import products, training
from evaluators.engine.contrastive import InPairs, draw_pairs
from evaluators.engine.encode import encode
from evaluators.engine.finetuning import everything, new_head
from evaluators.engine.fit import fit
from evaluators.engine.job import DivergedError, Inputs
from evaluators.engine.learner import OneNetwork, Training
from evaluators.engine.memory import WHOLE, Footprint
from evaluators.engine.network import Network
from evaluators.engine.recipe import recipe_of
from evaluators.engine.records import read_facts
from evaluators.engine.training import seeded
from evaluators.strategy import strategy
from tests.evaluators.engine.test_recovery import faulty
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import CLASSES

LABELS = np.array([0, 0, 0, 1, 1, 2])
SETFIT = strategy("setfit")


def gradients(world, cut):
    """Return the loss and the gradients of a first step, with dropout, that is cut."""
    job = world.job(SETFIT)
    with seeded(0, "cpu"):
        backbone = world.backbone()
        head = new_head(backbone.width, CLASSES).requires_grad_(False)
        network = Network(backbone, head, everything(backbone))
        pairs = InPairs(draw_pairs(job.labels, 10, seed=0), "cpu")
        prepared = backbone.prepare(world.train.samples)
        learner = OneNetwork(network, prepared, job, Training(recipe_of(job.settings), footprint=cut), pairs)
        with learner.frugal():
            loss = learner.backward(0, 4)
    return float(loss), {name: weight.grad for name, weight in learner.trained() if weight.grad is not None}


def test_a_sample_has_as_many_pairs_of_one_label_as_of_two_and_none_with_itself():
    pairs = draw_pairs(LABELS, 10, seed=0)
    first, second = pairs.places.T
    assert np.array_equal(pairs.alike, LABELS[first] == LABELS[second])
    assert (first != second).all()
    # The only sample of label 2 has no other of its label.
    assert pairs.alike.sum() == 50
    assert (~pairs.alike).sum() == 60
    assert not np.array_equal(first, np.sort(first))


def test_pairs_are_a_function_of_the_seed():
    first, again, other = (draw_pairs(LABELS, 3, seed=seed).places for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_draw_that_tells_nothing_apart_has_no_pairs():
    assert len(draw_pairs(np.array([1]), 5, seed=0).places) == 0
    assert draw_pairs(np.array([1, 1]), 5, seed=0).alike.all()


def test_texts_of_a_label_come_closer_to_each_other_than_to_others(worlds):
    world = worlds["text"]
    fitted = fit(SETFIT, world.job(SETFIT, learning_rate=1e-3, max_steps=40))
    trunk = fitted.network.backbone

    def gap(backbone):
        features = encode(backbone, world.test.samples, dtype="float32", progress=silent)
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        alike = world.test.labels[:, None] == world.test.labels[None, :]
        return (unit @ unit.T)[alike].mean() - (unit @ unit.T)[~alike].mean()

    assert gap(trunk) > 5 * gap(world.backbone()) > 0


@pytest.mark.parametrize(
    "cut", [Footprint(1), Footprint(5), Footprint(None, True), Footprint(5, True)], ids=str
)
def test_a_step_that_is_cut_has_the_gradients_of_the_whole_one(worlds, cut):
    """Cut are samples and not pairs: a sample that several parts would need is one sample with one mask of dropout."""
    loss, whole = gradients(worlds["text"], WHOLE)
    again, parts = gradients(worlds["text"], cut)
    assert again == pytest.approx(loss, abs=1e-6)
    assert whole.keys() == parts.keys()
    largest = max(float(gradient.abs().max()) for gradient in whole.values())
    assert largest > 1e-3
    for name, gradient in whole.items():
        assert float((gradient - parts[name]).abs().max()) < 1e-4 * largest, name


def test_a_step_reads_no_more_samples_at_once_than_its_footprint_says_and_each_once(worlds, monkeypatch):
    world, rows = worlds["text"], []
    monkeypatch.setattr(training, "fitting", lambda *_: Footprint(5))

    def noted(module, _inputs, output):
        if module.training:
            rows.append((torch.is_grad_enabled(), len(output[0])))

    def load(pretrained):
        backbone = world.backbone(pretrained)
        backbone.module.register_forward_hook(noted)
        return backbone

    fit(SETFIT, replace(world.job(SETFIT, max_steps=1), load_backbone=load))
    pairs = draw_pairs(world.train.labels, 10, seed=0)
    distinct = len(np.unique(pairs.places[:16]))
    assert sum(count for taken, count in rows if taken) == distinct
    assert max(count for _, count in rows) <= 5


@pytest.mark.parametrize("rows", [4, 12])
def test_a_batch_of_pairs_that_does_not_fit_is_cut_until_it_does(worlds, monkeypatch, rows):
    world = worlds["text"]
    cramped, told = faulty(world, world.job(SETFIT, max_steps=4), rows=rows)
    found = fit(SETFIT, cramped).predict(Inputs(samples=world.test.samples))
    at_once = {12: 12, 4: 3}[rows]  # 24 samples, halved
    assert told[0].startswith("trained again with blocks recomputed in the backward pass: memory ran out")
    assert told[-1].startswith(
        f"trained again with blocks recomputed in the backward pass, micro-batches of {at_once}:"
    )
    monkeypatch.setattr(training, "fitting", lambda *_: Footprint(at_once, True))
    planned = fit(SETFIT, world.job(SETFIT, max_steps=4)).predict(Inputs(samples=world.test.samples))
    np.testing.assert_array_equal(found, planned)


def test_what_becomes_nan_in_bfloat16_is_trained_again_in_float32(worlds, tmp_path):
    world = worlds["text"]
    job = world.job(SETFIT, max_steps=4)
    imprecise, told = faulty(world, replace(job, dtype="bfloat16"), overflows=True)
    fitted = fit(SETFIT, imprecise)
    assert told == ["trained again in float32: in bfloat16 the loss became NaN or infinite at step 1 of 4"]
    inputs = Inputs(samples=world.test.samples)
    np.testing.assert_array_equal(fitted.predict(inputs), fit(SETFIT, job).predict(inputs))
    fitted.save(tmp_path)
    _, facts = read_facts(tmp_path)
    assert (facts["dtype"], facts["asked_dtype"]) == ("float32", "bfloat16")


def test_what_diverges_in_float32_is_a_failure(worlds):
    with pytest.raises(DivergedError):
        fit(SETFIT, worlds["text"].job(SETFIT, learning_rate=1e30, clip=1e30, max_steps=4))


def test_dropout_is_that_of_the_cell(worlds):
    """Whatever else draws from torch's generator, and whichever cell comes first."""
    world = worlds["text"]
    inputs = Inputs(samples=world.test.samples)
    jobs = [world.job(SETFIT, seed=seed, max_steps=4) for seed in (0, 1)]
    there = [fit(SETFIT, job).predict(inputs) for job in jobs]

    def drawing(pretrained):
        backbone = world.backbone(pretrained)
        torch.rand(5)
        return backbone

    back = [fit(SETFIT, replace(job, load_backbone=drawing)).predict(inputs) for job in reversed(jobs)]
    for one, other in zip(there, reversed(back), strict=True):
        np.testing.assert_array_equal(one, other)
    still = replace(jobs[0], load_backbone=lambda pretrained: _without_dropout(world.backbone(pretrained)))
    assert not np.array_equal(fit(SETFIT, still).predict(inputs), there[0])


def _without_dropout(backbone):
    for part in backbone.module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return backbone


def test_large_layers_multiply_by_the_fast_products_in_every_step(worlds, monkeypatch):
    calls, multiplied = [], products._multiplied
    monkeypatch.setattr(products, "_LARGE", 1)
    monkeypatch.setattr(products, "_multiplied", lambda *given: calls.append(1) or multiplied(*given))
    counts = []
    for steps in (1, 2, 3):
        calls.clear()
        fit(SETFIT, worlds["text"].job(SETFIT, max_steps=steps))
        counts.append(len(calls))
    # Beside those of encoding for the probe: forward, and back for rows and weights.
    linear = sum(isinstance(part, nn.Linear) for part in worlds["text"].backbone().module.modules())
    assert counts[1] - counts[0] == counts[2] - counts[1] == 3 * linear


def test_a_draw_without_pairs_leaves_the_base_as_it_is(worlds):
    world = worlds["text"]
    one = replace(
        world.job(SETFIT), inputs=Inputs(samples=world.train.samples.take([0])), labels=world.train.labels[:1]
    )
    fitted = fit(SETFIT, one)
    assert fitted.steps == 0
    assert fitted.trained_parameters == CLASSES * (fitted.network.backbone.width + 1)
    fresh = world.backbone().module.state_dict()
    assert all(
        torch.equal(value, fresh[name]) for name, value in fitted.network.backbone.module.state_dict().items()
    )


def test_c_is_not_chosen_on_labels_that_the_base_has_seen(worlds):
    world = worlds["text"]
    inputs = Inputs(samples=world.test.samples)
    job = world.job(SETFIT, max_steps=2)
    fixed, held_out = (
        fit(SETFIT, replace(job, selection=selection)).predict(inputs) for selection in ("fixed", "held-out")
    )
    np.testing.assert_array_equal(fixed, held_out)
