"""What a training does beyond the plain one: rates by layer, layers that join later, a pull back to the start."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import nn

from evaluators.backbones.load import load_backbone
from evaluators.engine.finetuning import new_head
from evaluators.engine.fit import fit
from evaluators.engine.layerwise import decayed, unfrozen_gradually
from evaluators.engine.network import Network
from evaluators.engine.tuning import layers_of, towards_start
from evaluators.strategy import strategy
from tests.fakes_models import tiny_image

GRADUAL = strategy("gradual-unfreezing")


@pytest.mark.parametrize("architecture", ["test_resnet", "test_vit"])
def test_rates_by_depth_are_those_of_timm(tmp_path, architecture):
    candidate, folder = tiny_image(tmp_path, architecture=architecture)
    ours = load_backbone(candidate, folder, pretrained=True, device="cpu")
    rates = {name: layer.rate for layer in decayed(ours, 0.75) for name in layer.names}
    arguments = {} if architecture == "test_resnet" else {"img_size": 32}
    theirs = timm.create_model(architecture, num_classes=3, **arguments)
    name_of = {id(weight): name for name, weight in theirs.named_parameters()}
    scales = {
        name_of[id(weight)]: group["lr_scale"]
        for group in param_groups_layer_decay(theirs, layer_decay=0.75)
        for weight in group["params"]
    }
    heads = {name for name in scales if name.startswith(("fc.", "head."))}
    assert {scales.pop(name) for name in heads} == {1.0}
    assert rates == pytest.approx(scales)
    assert len(set(rates.values())) > 4


def test_every_weight_of_a_text_base_has_a_layer_and_the_lower_the_slower(worlds):
    backbone = worlds["text"].backbone()
    layers = decayed(backbone, 0.9)
    names = [name for layer in layers for name in layer.names]
    assert sorted(names) == sorted(name for name, _ in backbone.module.named_parameters())
    rates = {name: layer.rate for layer in layers for name in layer.names}
    assert rates["embeddings.word_embeddings.weight"] == pytest.approx(0.9**3)
    assert rates["encoder.layer.0.output.dense.weight"] == pytest.approx(0.9**2)
    assert rates["encoder.layer.1.output.dense.bias"] == pytest.approx(0.9)


def test_a_weight_outside_of_all_parts_belongs_to_the_lowest_layer(tmp_path):
    candidate, folder = tiny_image(tmp_path, architecture="test_vit")
    backbone = load_backbone(candidate, folder, pretrained=True, device="cpu")
    lowest, *_ = layers_of(backbone, [[part] for part in backbone.blocks()])
    assert "pos_embed" in lowest.names


def test_the_optimiser_gets_the_rates_of_the_layers(worlds):
    from evaluators.engine.learner import OneNetwork, Training
    from evaluators.engine.objective import Labelled
    from evaluators.engine.recipe import recipe_of
    from evaluators.engine.training import _optimizer
    from evaluators.engine.tuning import Tuning

    backbone = worlds["text"].backbone()
    network = Network(backbone, new_head(32, 3), (backbone.module,))
    recipe = recipe_of(strategy("layer-decay").defaults)
    job = worlds["text"].job(GRADUAL)
    learner = OneNetwork(network, [[5, 6]] * 24, job, Training(recipe), Labelled(job))
    groups = _optimizer(learner, recipe, Tuning(decayed(backbone, 0.5))).param_groups
    assert sorted({group["lr"] for group in groups}) == pytest.approx([1.25e-5, 2.5e-5, 5e-5, 5e-3])
    for group in groups:
        assert {weight.dim() > 1 for weight in group["params"]} == {group["weight_decay"] > 0}


def test_groups_open_from_the_top_and_the_lower_the_slower(worlds):
    low, high = unfrozen_gradually(worlds["text"].backbone(), {"groups": 4, "ratio": 2.0, "unfreezing": 0.5})
    assert (low.rate, high.rate) == (0.5, 1.0)
    assert (low.opens, high.opens) == (0.5, 0.25)
    assert "embeddings.word_embeddings.weight" in low.names


def test_a_layer_that_has_not_opened_yet_is_frozen_with_its_statistics(worlds):
    """Looked at after every step: what is trained, which BatchNorm is active, and what has moved."""
    world, loaded, seen = worlds["image"], [], []
    fresh = world.backbone().module.state_dict()

    def load(pretrained: bool):
        loaded.append(world.backbone(pretrained))
        return loaded[-1]

    def look(done: int, total: int) -> None:
        module = loaded[-1].module
        state = module.state_dict()
        moved = {name.split(".")[0] for name, value in fresh.items() if not torch.equal(value, state[name])}
        active = {
            name.split(".")[0]
            for name, part in module.named_modules()
            if isinstance(part, nn.BatchNorm2d) and part.training
        }
        trained = {name.split(".")[0] for name, weight in module.named_parameters() if weight.requires_grad}
        assert moved == trained
        assert active == trained
        seen.append(len(trained))

    job = world.job(GRADUAL, max_steps=16, min_steps=16, groups=4, unfreezing=0.5)
    fit(GRADUAL, replace(job, load_backbone=load, progress=look))
    # 4 stages, opened after 2, 4, 6 and 8 of 16 steps; the lowest brings the stem (a convolution and a norm).
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, *[6] * 8]


def test_the_pull_adds_the_gradient_of_l2_sp(worlds):
    backbone = worlds["text"].backbone()
    network = Network(backbone, new_head(32, 3), (backbone.module,))
    pull = towards_start(0.3, 0.7)(network)
    start = {name: weight.detach().clone() for name, weight in network.trained()}
    with torch.no_grad():
        for _, weight in network.trained():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)))
            weight.grad = torch.ones_like(weight)
    value = pull()
    expected = 0.0
    for name, weight in network.trained():
        is_head = name.startswith("head.")
        moved = weight.detach() if is_head else weight.detach() - start[name]
        strength = 0.7 if is_head else 0.3
        expected += float(strength / 2 * moved.double().square().sum())
        torch.testing.assert_close(weight.grad, 1 + strength * moved)
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_a_strong_pull_keeps_the_base_where_it_was(worlds):
    row, world = strategy("l2-sp"), worlds["image"]
    before = dict(world.backbone().module.named_parameters())

    def distance(alpha):
        module = fit(row, world.job(row, alpha=alpha, max_steps=30)).network.backbone.module
        after = dict(module.named_parameters())
        return sum(float((after[name] - at).detach().square().sum()) for name, at in before.items())

    assert distance(100.0) < 0.5 * distance(0.0)


def test_without_a_pull_l2_sp_is_full_fine_tuning_without_decay(worlds):
    full, anchored, world = strategy("full-finetune"), strategy("l2-sp"), worlds["text"]
    inputs = world.inputs(full, world.test.samples)
    one = fit(full, world.job(full, weight_decay=0.0, max_steps=5)).predict(inputs)
    other = fit(anchored, world.job(anchored, alpha=0.0, beta=0.0, max_steps=5)).predict(inputs)
    assert np.array_equal(one, other)


def test_without_decay_by_depth_all_layers_train_alike(worlds):
    full, layered, world = strategy("full-finetune"), strategy("layer-decay"), worlds["image"]
    inputs = world.inputs(full, world.test.samples)
    one = fit(full, world.job(full, max_steps=5)).predict(inputs)
    other = fit(layered, world.job(layered, layer_decay=1.0, max_steps=5)).predict(inputs)
    assert np.array_equal(one, other)
