"""Cells that train in one pass: each is what it would be alone, and complete; the base is read once for all."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluators.engine.adapters import fit_lora, fit_lora_together
from evaluators.engine.classifier import ClassifiersTogether, network_state
from evaluators.engine.finetuning import (
    fit_from_scratch,
    fit_from_scratch_together,
    fit_full,
    fit_full_together,
)
from evaluators.engine.job import DivergedError, Inputs, OneByOne
from evaluators.engine.reload import load_fitted
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import World
from tests.fakes_models import CLASSES, tiny_image, toy_images, toy_texts

#: Name -> (row, base, alone, together, settings). The convnet takes few steps: of an untrained one, ReLUs and BatchNorm
#: blow up the last bits, wherever they come from (README, decision 35: weights changed by 6e-8 do the same).
KINDS = {
    "lora-text": ("lora", "text", fit_lora, fit_lora_together, {"dropout": 0.1, "max_steps": 40}),
    "lora-vit": ("lora", "vit", fit_lora, fit_lora_together, {"dropout": 0.1, "max_steps": 20}),
    "full-text": ("full-finetune", "text", fit_full, fit_full_together, {"max_steps": 40}),
    "scratch-text": ("from-scratch", "text", fit_from_scratch, fit_from_scratch_together, {"max_steps": 40}),
    "full-resnet": ("full-finetune", "image", fit_full, fit_full_together, {"max_steps": 6}),
}


@pytest.fixture(scope="module")
def bases(worlds, tmp_path_factory):
    vit = tiny_image(tmp_path_factory.mktemp("vit"), architecture="test_vit")
    return {**worlds, "vit": World(*vit, toy_images(8, seed=0), toy_images(20, seed=1))}


def jobs_of(bases, name, cells=3, **changes):
    """Jobs that differ in draw and seed; the gradients of most steps are clipped."""
    row, base, _, _, settings = KINDS[name]
    data = toy_texts if base == "text" else toy_images
    worlds = [replace(bases[base], train=data(8, seed=10 + number)) for number in range(cells)]
    wanted = {"clip": 0.5, "epochs": 100, **settings, **changes}
    return [world.job(strategy(row), seed=7 * number, **wanted) for number, world in enumerate(worlds)]


def logits(fitted, samples):
    backbone = fitted.network.backbone
    with torch.no_grad():
        return fitted.network.logits(backbone.batch(backbone.prepare(samples), range(len(samples)))).numpy()


@pytest.fixture(scope="module")
def trained(bases):
    """Return `trained(name)`: the jobs of a kind, and what one pass makes of them; once a module."""
    made = {}

    def get(name):
        if name not in made:
            jobs = jobs_of(bases, name)
            made[name] = jobs, KINDS[name][3](jobs)
        return made[name]

    return get


@pytest.mark.parametrize("name", KINDS)
def test_a_cell_alone_is_the_cell_in_its_group(bases, trained, name, record_property):
    samples = bases[KINDS[name][1]].test.samples
    jobs, together = trained(name)
    assert isinstance(together, ClassifiersTogether)
    for job, member in zip(jobs, together.members, strict=True):
        alone = KINDS[name][2](job)
        apart = np.abs(logits(member, samples) - logits(alone, samples)).max()
        record_property("largest difference of logits", f"{apart:.1e}")
        assert apart < 1e-5
        assert (member.steps, member.trained_parameters) == (alone.steps, alone.trained_parameters)


def test_the_cells_of_a_group_are_different_cells(bases, trained):
    samples = bases["text"].test.samples
    first, second, _ = trained("full-text")[1].members
    assert np.abs(logits(first, samples) - logits(second, samples)).max() > 1e-2


def test_each_cell_keeps_its_own_batchnorm_statistics(trained):
    jobs, together = trained("full-resnet")
    for job, member in zip(jobs, together.members, strict=True):
        ours, alone = network_state(member.network), network_state(fit_full(job).network)
        for name in ours:
            if "running" in name or "tracked" in name:
                torch.testing.assert_close(ours[name], alone[name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("name", ["lora-text", "full-text"])
def test_neither_company_nor_order_changes_a_cell(bases, trained, name):
    samples = bases["text"].test.samples
    jobs, together = trained(name)
    turned = KINDS[name][3]([jobs[2], jobs[0]])
    for fresh, known in zip(turned.members, (together.members[2], together.members[0]), strict=True):
        assert np.abs(logits(fresh, samples) - logits(known, samples)).max() < 1e-5


def test_the_frozen_base_is_read_once_a_step_for_all_cells(bases):
    calls = []

    def watched(pretrained):
        backbone = bases["text"].backbone(pretrained)
        layer = backbone.module.get_submodule(backbone.adapter_targets()[0])
        layer.register_forward_hook(lambda *seen: calls.append(len(seen[-1])))
        return backbone

    jobs = [replace(job, load_backbone=watched) for job in jobs_of(bases, "lora-text", max_steps=4)]
    fit_lora_together(jobs)
    assert calls == [3 * 12] * 4
    calls.clear()
    for job in jobs:
        fit_lora(job)
    assert calls == [12] * 12


def test_steps_that_are_cut_by_length_read_less_padding_and_give_the_same(bases, monkeypatch):
    """On a base as narrow as this one nothing would be cut: parts cost nothing here."""
    samples = bases["text"].test.samples
    jobs = jobs_of(bases, "lora-text", dropout=0.3)
    read = []

    def watched(pretrained):
        backbone = bases["text"].backbone(pretrained)
        backbone.module.embeddings.register_forward_hook(
            lambda *seen: read.append(seen[-1].shape[:2].numel())
        )
        return backbone

    found = {}
    for name, cost in (("whole", 1e12), ("cut", 0.0)):
        monkeypatch.setattr("evaluators.cuts.PART_COST", cost)
        read.clear()
        members = fit_lora_together([replace(job, load_backbone=watched) for job in jobs]).members
        found[name] = [logits(member, samples) for member in members], len(read), sum(read)
    (whole, calls, tokens), (parts, more_calls, fewer_tokens) = found["whole"], found["cut"]
    assert more_calls > 2 * calls
    assert fewer_tokens < 0.9 * tokens
    for one, other in zip(whole, parts, strict=True):
        assert np.abs(one - other).max() < 1e-5


@pytest.mark.parametrize("name", ["lora-text", "full-text"])
def test_members_are_complete_and_predict_together_what_they_predict_alone(bases, trained, name, tmp_path):
    world = bases["text"]
    inputs = Inputs(samples=world.test.samples)
    jobs, together = trained(name)
    found = together.predict([inputs] * 3)
    for number, member in enumerate(together.members):
        folder = tmp_path / str(number)
        folder.mkdir()
        member.save(folder)
        settings = jobs[number].settings
        again = load_fitted(
            strategy(KINDS[name][0]), folder, settings=settings, classes=CLASSES, load_backbone=world.backbone
        )
        np.testing.assert_array_equal(again.predict(inputs), found[number])
        np.testing.assert_array_equal(member.predict(inputs), found[number])


def test_members_predict_their_own_inputs(bases, trained):
    inputs = [Inputs(samples=toy_texts(2, seed=number).samples) for number in range(3)]
    together = trained("lora-text")[1]
    for member, own, found in zip(together.members, inputs, together.predict(inputs), strict=True):
        np.testing.assert_array_equal(member.predict(own), found)


def test_what_has_no_form_for_several_cells_is_trained_one_by_one(bases):
    """A vision transformer's class token and positions lie in no layer."""
    row = strategy("full-finetune")
    jobs = [bases["vit"].job(row, seed=seed, max_steps=2) for seed in (0, 1)]
    together = fit_full_together(jobs)
    assert isinstance(together, OneByOne)
    inputs = Inputs(samples=bases["vit"].test.samples)
    for job, found in zip(jobs, together.predict([inputs] * 2), strict=True):
        np.testing.assert_array_equal(found, fit_full(job).predict(inputs))


def test_cells_with_unequally_many_labels_are_trained_one_by_one(bases):
    jobs = [
        replace(bases["text"], train=toy_texts(size, seed=0)).job(strategy("lora"), max_steps=2)
        for size in (8, 6)
    ]
    assert isinstance(fit_lora_together(jobs), OneByOne)


def test_one_cell_that_diverges_ends_the_pass(bases):
    jobs = jobs_of(bases, "full-text", max_steps=4, learning_rate=1e30, clip=1e30)
    with pytest.raises(DivergedError):
        fit_full_together(jobs)
