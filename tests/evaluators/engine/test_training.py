"""The training loop: schedule, order, divergence, and which mode each part of a network is in."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from evaluators.engine.adapters import add_adapters
from evaluators.engine.batching import batches
from evaluators.engine.fit import fit
from evaluators.engine.job import DivergedError
from evaluators.engine.recipe import recipe_of
from evaluators.strategy import STRATEGIES, strategy

FULL = strategy("full-finetune")
RECIPE = recipe_of(FULL.defaults)


def test_steps_are_epochs_within_bounds():
    recipe = replace(RECIPE, epochs=5, min_steps=24, max_steps=200, batch_size=16)
    assert [recipe.steps(samples) for samples in (2, 80, 81, 320, 10_000)] == [24, 25, 30, 100, 200]


@pytest.mark.parametrize("decay", ["cosine", "linear"])
def test_the_rate_rises_then_falls_towards_zero(decay):
    recipe = replace(RECIPE, warmup=0.1, decay=decay)
    factors = [recipe.factor(step, 100) for step in range(100)]
    assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert factors[9:] == sorted(factors[9:], reverse=True)
    assert 0 < factors[-1] < 0.02


def test_without_warmup_the_first_step_has_nearly_the_full_rate():
    assert replace(RECIPE, warmup=0.0).factor(0, 50) > 0.95


def test_an_unknown_decay_is_refused():
    with pytest.raises(ValueError, match="cosine or linear"):
        recipe_of({**FULL.defaults, "decay": "step"})


def test_every_default_of_the_table_reads_as_a_recipe():
    rows = [row for row in STRATEGIES if "epochs" in row.defaults]
    for row in rows:
        for modality in row.modalities:
            # SetFit's epoch goes over pairs, of which every sample is in many.
            samples = 80 * int(row.defaults.get("pairs", 1))
            assert recipe_of(row.defaults_for(modality)).steps(samples) >= 24
    for row in STRATEGIES:
        for changes in row.defaults_by_modality.values():
            assert set(changes) <= set(row.defaults)


def test_an_epoch_holds_every_sample_once_in_batches_of_nearly_one_size():
    order = batches([1] * 34, 16, torch.Generator().manual_seed(0))
    first = [next(order) for _ in range(3)]
    second = [next(order) for _ in range(3)]
    assert sorted(len(batch) for batch in first) == [11, 11, 12]
    assert sorted(index for batch in first for index in batch) == list(range(34))
    assert first != second


def test_like_lengths_fall_into_one_batch():
    lengths = [5, 100] * 32
    order = batches(lengths, 16, torch.Generator().manual_seed(0))
    for _ in range(4):
        assert len({lengths[index] for index in next(order)}) == 1


def test_a_loss_that_is_not_finite_ends_the_fit_with_its_step(worlds):
    with pytest.raises(DivergedError, match=r"at step [2-9] of|last step"):
        fit(FULL, worlds["image"].job(FULL, learning_rate=1e30, clip=1e30, max_steps=9))


def test_progress_is_told_at_every_step(worlds):
    seen = []
    job = replace(
        worlds["text"].job(FULL, max_steps=3), progress=lambda done, total: seen.append((done, total))
    )
    fit(FULL, job)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_only_matrices_decay(worlds):
    from evaluators.engine.finetuning import new_head
    from evaluators.engine.learner import OneNetwork, Training
    from evaluators.engine.network import Network
    from evaluators.engine.objective import Labelled
    from evaluators.engine.training import _optimizer

    backbone = worlds["text"].backbone()
    network = Network(backbone, new_head(32, 3), (backbone.module,))
    job = worlds["text"].job(FULL)
    learner = OneNetwork(network, [[5, 6]] * 24, job, Training(RECIPE), Labelled(job))
    groups = _optimizer(learner, RECIPE).param_groups
    for group in groups:
        assert {weight.dim() > 1 for weight in group["params"]} == {group["weight_decay"] > 0}
    assert sorted({group["lr"] for group in groups}) == pytest.approx([1e-4, 5e-3])


def test_frozen_parts_run_without_dropout_and_with_stored_statistics(worlds):
    """Looked at in the middle of training, where a mistake would not show in the weights."""
    modes: dict[str, set[bool]] = {}
    row, world = strategy("partial-freeze"), worlds["image"]
    loaded = []

    def load(pretrained: bool):
        loaded.append(world.backbone(pretrained))
        return loaded[-1]

    def look(done: int, total: int) -> None:
        for name, part in loaded[-1].module.named_modules():
            if isinstance(part, nn.BatchNorm2d):
                modes.setdefault(name.split(".")[0], set()).add(part.training)

    fit(row, replace(world.job(row, max_steps=2), load_backbone=load, progress=look))
    assert modes == {
        "conv1": {False},
        "bn1": {False},
        "layer1": {False},
        "layer2": {False},
        "layer3": {True},
        "layer4": {True},
    }


@pytest.mark.parametrize("modality", ["text", "image"])
def test_adapters_start_as_the_identity_and_freeze_the_base(worlds, modality):
    row, backbone = strategy("lora"), worlds[modality].backbone()
    prepared = backbone.prepare(worlds[modality].test.samples)
    batch = backbone.batch(prepared, range(8))
    with torch.no_grad():
        before = backbone.features(batch)
        active = add_adapters(backbone, {**row.defaults, "dropout": 0.1})
        after = backbone.features(batch)
    torch.testing.assert_close(after, before)
    assert len(active) == len(backbone_targets := worlds[modality].backbone().adapter_targets()) > 4
    trained = {name for name, weight in backbone.module.named_parameters() if weight.requires_grad}
    assert len(trained) == 2 * len(backbone_targets)
    assert all(".lora_" in name for name in trained)


def test_bfloat16_trains_under_autocast_and_predicts_alike(worlds):
    row, world = strategy("from-scratch"), worlds["text"]
    job = replace(world.job(row, max_steps=30), dtype="bfloat16")
    fitted = fit(row, job)
    weights = {weight.dtype for weight in fitted.network.backbone.module.parameters()}
    assert weights == {torch.float32}
    probabilities = fitted.predict(world.inputs(row, world.test.samples))
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)
