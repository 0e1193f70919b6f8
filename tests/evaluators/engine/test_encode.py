"""Encoding: order, batches as a pure function of lengths, and arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn

from evaluators.cuts import BATCH_COST, cut
from evaluators.data.label_texts import label_texts
from evaluators.data.samples import text_samples
from evaluators.engine import batching, products
from evaluators.engine.batching import length_sorted
from evaluators.engine.encode import encode
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import NAMES


@pytest.mark.parametrize("modality", ["text", "image"])
def test_batch_size_does_not_matter_to_1e5(worlds, modality, monkeypatch):
    world = worlds[modality]
    whole = encode(world.backbone(), world.test.samples, dtype="float32", progress=silent)
    for size in (1, 7):
        monkeypatch.setattr(batching, "BATCH", size)
        parts = encode(world.backbone(), world.test.samples, dtype="float32", progress=silent)
        np.testing.assert_allclose(parts, whole, atol=1e-5)


@pytest.mark.parametrize("modality", ["text", "image"])
def test_rows_come_back_in_input_order(worlds, modality):
    samples = worlds[modality].test.samples
    order = np.random.default_rng(0).permutation(len(samples))
    backbone = worlds[modality].backbone()
    shuffled = encode(backbone, samples.take(order), dtype="float32", progress=silent)
    straight = encode(backbone, samples, dtype="float32", progress=silent)
    np.testing.assert_allclose(shuffled, straight[order], atol=1e-5)


def test_batches_are_complete_of_like_lengths_and_small_for_long_inputs():
    lengths = [3, 9000, 5, *[256] * 200]
    batches = length_sorted(lengths)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    # Most tokens first; a text of another order of magnitude is never padded to.
    assert [len(batch) for batch in batches] == [128, 72, 1, 2]
    assert batches[2] == [1]
    assert length_sorted([]) == []


def test_little_is_padded_and_few_batches_are_small():
    lengths = np.random.default_rng(0).lognormal(2.6, 0.5, 300).astype(int).clip(3, 80).tolist()
    batches = length_sorted(lengths)
    padded = sum(len(batch) * lengths[batch[0]] for batch in batches)
    assert padded < 1.12 * sum(lengths)
    assert len(batches) < 15


def test_no_other_cut_costs_less():
    lengths = np.sort(np.random.default_rng(1).integers(1, 90, 9))[::-1].astype(float)

    def total(sizes):
        starts = np.cumsum([0, *sizes[:-1]])
        return sum(BATCH_COST + size * lengths[start] for size, start in zip(sizes, starts, strict=True))

    def all_cuts(count):
        return (
            [[]]
            if not count
            else [[k, *rest] for k in range(1, min(4, count) + 1) for rest in all_cuts(count - k)]
        )

    assert total(cut(lengths, most=4)) == min(total(sizes) for sizes in all_cuts(len(lengths)))


def test_bfloat16_is_close_and_is_not_mixed_with_float32(worlds):
    world = worlds["text"]
    exact = encode(world.backbone(), world.test.samples, dtype="float32", progress=silent)
    backbone = world.backbone()
    rough = encode(backbone, world.test.samples, dtype="bfloat16", progress=silent)
    assert rough.dtype == np.float32
    assert ((exact * rough).sum(axis=1) > 0.999).all()
    with pytest.raises(ValueError, match="load it again"):
        encode(backbone, world.test.samples, dtype="float32", progress=silent)


def test_dropout_and_gradients_are_off_and_progress_reaches_the_end(worlds):
    backbone, seen = worlds["text"].backbone(), []
    backbone.module.train()
    samples = worlds["text"].test.samples
    first, second = (
        encode(backbone, samples, dtype="float32", progress=lambda done, total: seen.append((done, total)))
        for _ in range(2)
    )
    assert np.array_equal(first, second)
    assert seen[-1] == (60, 60)
    assert not any(isinstance(weight.grad, torch.Tensor) for weight in backbone.module.parameters())


def test_no_samples_give_no_rows(worlds):
    assert encode(worlds["text"].backbone(), text_samples([]), dtype="float32", progress=silent).shape == (
        0,
        32,
    )


def test_fixing_the_arithmetic_of_a_gpu_leaves_the_settings_as_they_were():
    before = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
    with batching.arithmetic("cuda", training=True):
        assert not torch.backends.cuda.matmul.allow_tf32
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.deterministic
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before
    assert not torch.backends.cudnn.deterministic


def test_large_layers_multiply_by_the_fast_products_for_labels_names_too(worlds, monkeypatch):
    """Zero-shot has no other forward passes than these: of the names, and of what it predicts."""
    named, backbone = text_samples(label_texts(NAMES, "This is about {label}.")), worlds["text"].backbone()
    calls, multiplied = [], products._multiplied
    monkeypatch.setattr(products, "_LARGE", 1)
    monkeypatch.setattr(products, "_multiplied", lambda *given: calls.append(1) or multiplied(*given))
    encode(backbone, named, dtype="float32", progress=silent)
    linear = sum(isinstance(part, nn.Linear) for part in backbone.module.modules())
    assert len(calls) == linear  # one batch
