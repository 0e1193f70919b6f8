"""Partial freezes trained from states: each sample passes each frozen block once, and nothing is learnt otherwise."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from evaluators.data.samples import Samples
from evaluators.engine.boundary_cache import fill, trial
from evaluators.engine.finetuning import fit_network, fit_partial_freeze, upper_part
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.resumed import Resumed
from evaluators.features import chunks, distinct
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import silent
from tests.evaluators.trunks import depths, trunk
from tests.fakes_models import CLASSES, toy_images, toy_texts

ROW = strategy("partial-freeze")
KINDS = ("bert", "llama", "test_vit", "test_resnet")
kinds = pytest.mark.parametrize("kind", KINDS)


def sets(kind):
    """Return training and other samples."""
    data = toy_images if kind.startswith("test_") else toy_texts
    return data(6, seed=0), data(8, seed=1)


def job_of(kind, *, trained=2) -> FitJob:
    train, _ = sets(kind)
    defaults = ROW.defaults_for("image" if kind.startswith("test_") else "text")
    settings = {**defaults, "min_steps": 12, "max_steps": 12, "learning_rate": 1e-3}
    settings.pop("trained_share")
    return FitJob(
        inputs=Inputs(samples=train.samples),
        labels=train.labels,
        classes=CLASSES,
        settings={**settings, "trained_blocks": trained},
        seed=3,
        selection="fixed",
        load_backbone=lambda _pretrained: trunk(kind),
        device="cpu",
        dtype="float32",
        progress=silent,
    )


def shared(kind, *samples: Samples, tiers=None, backbone=None):
    """Return a cache of all depths over all samples."""
    backbone = backbone or trunk(kind)
    union = distinct(samples)
    boundaries = trial(backbone, union, depths(backbone))
    return fill(backbone, boundaries, chunks(union), tiers=tiers or {}, dtype="float32", progress=silent)


def logits(fitted, samples: Samples) -> np.ndarray:
    """Return logits of samples, up to a constant for each."""
    return np.log(fitted.predict(Inputs(samples=samples)))


def uncached(job: FitJob):
    """Train as before there were states: the frozen blocks run at every step."""
    return fit_network(job, "tuned", lambda backbone: upper_part(backbone, job.settings))


@kinds
def test_a_cell_alone_equals_the_cell_with_shared_states_and_without_any(kind):
    train, test = sets(kind)
    job = job_of(kind)
    alone, plain = fit_partial_freeze(job), uncached(job)
    beside = fit_partial_freeze(replace(job, states=shared(kind, train.samples, test.samples)))
    start = uncached(
        replace(job, settings={**job.settings, "min_steps": 1, "max_steps": 1, "learning_rate": 0.0})
    )
    moved = np.abs(logits(plain, test.samples) - logits(start, test.samples)).max()
    assert moved > 0.1
    np.testing.assert_allclose(logits(beside, test.samples), logits(alone, test.samples), atol=1e-5)
    np.testing.assert_allclose(logits(alone, test.samples), logits(plain, test.samples), atol=1e-5)


def test_statistics_of_the_trained_part_are_those_of_the_cell_and_frozen_ones_stay():
    job = job_of("test_resnet")
    trained, plain = fit_partial_freeze(job), uncached(job)
    fresh = dict(trunk("test_resnet").module.named_buffers())
    moved = set()
    for (name, now), (_, expected) in zip(
        trained.network.backbone.module.named_buffers(),
        plain.network.backbone.module.named_buffers(),
        strict=True,
    ):
        torch.testing.assert_close(now, expected)
        if not torch.equal(now, fresh[name]):
            moved.add(name.split(".")[0])
    assert moved == {"layer3", "layer4"}


def test_dropout_is_drawn_in_the_trained_part_only():
    job = job_of("bert", trained=1)
    modes = []

    def load(_pretrained):
        backbone = trunk("bert")
        for number, layer in enumerate(backbone.blocks()[1:-1]):
            layer.attention.output.dropout.register_forward_hook(
                lambda part, *_, number=number: modes.append((number, part.training))
            )
        return backbone

    fit_partial_freeze(replace(job, load_backbone=load, states=None))
    assert set(modes) == {(0, False), (1, False), (2, False), (2, True)}
    assert modes.count((2, True)) == 12


@kinds
def test_each_sample_passes_each_frozen_block_once_whatever_the_depths_sizes_and_runs(kind):
    train, test = sets(kind)
    passed = []
    backbone = trunk(kind)
    for number, block in enumerate(backbone.blocks()[1:-1]):
        part = block[0] if isinstance(block, nn.ModuleList) else block
        part.register_forward_hook(
            lambda _, args, _output, number=number: passed.append((number, len(args[0])))
        )
    union = distinct([train.samples, test.samples, train.samples])
    boundaries = trial(backbone, union, depths(backbone))
    passed.clear()
    cache = fill(backbone, boundaries, chunks(union), tiers={}, dtype="float32", progress=silent)
    deepest = max(depths(backbone))
    assert sum(count for _, count in passed) == len(union) * deepest == cache.layer_forwards
    assert {number for number, _ in passed} == set(range(deepest))
    assert cache.samples == len(union)

    ran = []

    def load(_pretrained):
        fresh = trunk(kind)
        for number, block in enumerate(fresh.blocks()[1:-1]):
            for part in block.modules():
                if not list(part.children()) and list(part.parameters()):
                    part.register_forward_hook(lambda *_, number=number: ran.append(number))
        return fresh

    for trained in (1, 2):
        for seed in (0, 1):
            job = replace(job_of(kind, trained=trained), states=cache, load_backbone=load, seed=seed)
            fit_partial_freeze(job).predict(Inputs(samples=test.samples))
            blocks = len(backbone.blocks()) - 2
            assert min(ran) == blocks - trained
            ran.clear()


def test_where_states_lie_makes_no_difference_to_a_bit_and_nothing_is_left_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for kind in ("bert", "test_resnet"):
        train, test = sets(kind)
        everywhere = {tier: dict.fromkeys(range(9), tier) for tier in ("host", "disk", "device")}
        caches = {
            tier: shared(kind, train.samples, test.samples, tiers=tiers) for tier, tiers in everywhere.items()
        }
        assert not list(tmp_path.iterdir())
        found = [
            fit_partial_freeze(replace(job_of(kind), states=cache)).predict(Inputs(samples=test.samples))
            for cache in caches.values()
        ]
        assert np.array_equal(found[0], found[1])
        assert np.array_equal(found[0], found[2])


def test_a_depth_that_is_not_worth_its_memory_is_left_to_the_fits():
    train, _ = sets("bert")
    cache = shared("bert", train.samples, tiers={1: "recompute", 2: "host"})
    assert (cache.table(1), cache.table(2) is None) == (None, False)
    assert cache.layer_forwards == 2 * len(set(train.samples.digests))


def test_texts_are_kept_without_padding():
    train, _ = sets("bert")
    backbone = trunk("bert")
    union = distinct([train.samples])
    cache = shared("bert", train.samples)
    tokens = sum(backbone.length(backbone.prepare(union)))
    assert cache.bytes == tokens * 16 * 4 * len(cache.tables)


def test_samples_that_were_not_announced_are_computed_when_they_come():
    train, test = sets("bert")
    cache = shared("bert", train.samples)
    fitted = fit_partial_freeze(replace(job_of("bert"), states=cache))
    assert isinstance(fitted.network.backbone, Resumed)
    whole = fit_partial_freeze(job_of("bert"))
    assert not isinstance(whole.network.backbone, Resumed)
    np.testing.assert_allclose(logits(fitted, test.samples), logits(whole, test.samples), atol=1e-5)


def test_a_network_that_cannot_be_cut_trains_as_before():
    job = job_of("t5")
    _, test = sets("t5")
    assert np.array_equal(
        fit_partial_freeze(job).predict(Inputs(samples=test.samples)),
        uncached(job).predict(Inputs(samples=test.samples)),
    )


def test_what_diverged_above_bfloat16_states_is_trained_again_without_them():
    told = []
    job = replace(job_of("bert"), dtype="bfloat16", remedy=told.append)
    union = distinct([job.inputs.samples])
    backbone = trunk("bert")
    boundaries = trial(backbone, union, depths(backbone))
    broken = fill(backbone, boundaries, chunks(union), tiers={}, dtype="bfloat16", progress=silent)
    for table in broken.tables.values():
        table.rows.fill_(float("nan"))
    fitted = fit_partial_freeze(replace(job, states=broken))
    assert told == ["trained again in float32: in bfloat16 the loss became NaN or infinite at step 1 of 12"]
    others = sets("bert")[1].samples
    expected = fit_partial_freeze(job_of("bert"))
    np.testing.assert_array_equal(logits(fitted, others), logits(expected, others))
