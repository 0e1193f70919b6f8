"""Dropout masks are a function of seed, step, site and coordinates, look random, and depend on nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from evaluators.engine import streams
from evaluators.engine.fit import fit
from evaluators.engine.job import Inputs
from evaluators.engine.streams import DropoutStreams, drops
from evaluators.strategy import strategy


def mask(streams, step, shape, p=0.3, **where):
    with streams.at(step, **where):
        return functional.dropout(torch.ones(shape), p)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_share_of_zeros_and_the_mean_are_those_of_dropout(p):
    found = mask(DropoutStreams([3], "cpu"), 0, (64, 64, 64), p)
    sd = (p * (1 - p) / found.numel()) ** 0.5
    assert float((found == 0).double().mean()) == pytest.approx(p, abs=4 * sd)
    assert float(found.double().mean()) == pytest.approx(1.0, abs=4 * sd / (1 - p))


@pytest.mark.parametrize("dimension", [0, 1, 2])
def test_neighbours_are_uncorrelated(dimension):
    zeros = (mask(DropoutStreams([3], "cpu"), 0, (64, 64, 64)) == 0).double() - 0.3
    for distance in (1, 2, 8):
        correlation = float((zeros * zeros.roll(distance, dimension)).mean()) / 0.21
        assert abs(correlation) < 5 / 64**1.5


def test_seeds_steps_and_sites_have_masks_of_their_own():
    shape = (32, 32, 32)
    first = DropoutStreams([3], "cpu")
    with first.at(0):
        one, second_site = (functional.dropout(torch.ones(shape), 0.3) for _ in range(2))
    others = [second_site, mask(first, 1, shape), mask(DropoutStreams([4], "cpu"), 0, shape)]
    for other in others:
        assert float(((one == 0) & (other == 0)).double().mean()) == pytest.approx(0.09, abs=0.01)


def test_padding_company_and_cutting_do_not_move_a_mask():
    alone = mask(DropoutStreams([3], "cpu"), 5, (8, 6, 4))
    assert torch.equal(mask(DropoutStreams([3], "cpu"), 5, (8, 9, 4))[:, :6], alone)
    assert torch.equal(mask(DropoutStreams([9, 3], "cpu"), 5, (16, 6, 4))[8:], alone)
    assert torch.equal(mask(DropoutStreams([3], "cpu"), 5, (3, 6, 4), places=[5, 6, 7]), alone[5:])
    turned = mask(DropoutStreams([9, 3], "cpu"), 5, (4, 6, 4), places=[0, 1, 6, 2])
    assert torch.equal(turned[2:], alone[[6, 2]])


def test_several_rows_of_one_sample_drop_as_in_the_whole_batch():
    """Windows of an image, say: 3 of each of 4 samples."""
    alone = mask(DropoutStreams([3], "cpu"), 5, (12, 6))
    assert torch.equal(mask(DropoutStreams([3], "cpu"), 5, (6, 6), places=[2, 0]), alone[[6, 7, 8, 0, 1, 2]])


def test_what_is_recomputed_drops_the_same():
    streams = DropoutStreams([3], "cpu")
    with streams.at(2, places=range(4, 9)):
        functional.dropout(torch.ones(5), 0.5)
        again = streams.recomputation()
        first = functional.dropout(torch.ones(50), 0.5)
        functional.dropout(torch.ones(7), 0.5)
    with again():
        assert torch.equal(functional.dropout(torch.ones(50), 0.5), first)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_torchs_but_for_the_mask(causal):
    random = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, 3, 7, 8, generator=random) for _ in range(3))
    keep = torch.ones(2, 1, 7, 7, dtype=torch.bool)
    keep[1, ..., 5:] = False
    masks = [None] if causal else [None, keep, torch.zeros(2, 1, 7, 7).masked_fill(~keep, -1e9)]
    for attn_mask in masks:
        usual = functional.scaled_dot_product_attention(query, key, value, attn_mask, is_causal=causal)
        with DropoutStreams([1], "cpu").at(0):
            ours = functional.scaled_dot_product_attention(
                query, key, value, attn_mask, dropout_p=1e-12, is_causal=causal
            )
            dropped = functional.scaled_dot_product_attention(
                query, key, value, attn_mask, dropout_p=0.5, is_causal=causal
            )
        torch.testing.assert_close(ours, usual, atol=1e-6, rtol=1e-5)
        assert float((dropped - usual).abs().max()) > 0.1


def test_grouped_queries_attend_to_the_same_keys():
    query, key = torch.randn(2, 4, 5, 8), torch.randn(2, 2, 5, 8)
    with DropoutStreams([1], "cpu").at(0):
        ours = functional.scaled_dot_product_attention(query, key, key, dropout_p=1e-12, enable_gqa=True)
    usual = functional.scaled_dot_product_attention(query, key, key, enable_gqa=True)
    torch.testing.assert_close(ours, usual)


def test_nothing_drops_outside_training_or_without_a_rate():
    ones = torch.ones(100)
    with DropoutStreams([1], "cpu").at(0):
        assert torch.equal(nn.Dropout(0.5).eval()(ones), ones)
        assert torch.equal(functional.dropout(ones, 0.0), ones)
    assert not drops([nn.Linear(2, 2), nn.Dropout(0.0)])
    assert drops([nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1))])


def test_a_rate_that_is_handed_to_torchs_function_is_seen():
    from transformers import OPTConfig, OPTModel

    sizes = {
        "hidden_size": 8,
        "ffn_dim": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "vocab_size": 9,
    }
    with torch.random.fork_rng(devices=[]):
        dropping, steady = (
            OPTModel(OPTConfig(**sizes, word_embed_proj_dim=8, dropout=rate, attention_dropout=0.0))
            for rate in (0.1, 0.0)
        )
    assert drops([dropping])
    assert not drops([steady])


def test_rows_that_are_not_those_of_the_cells_are_refused():
    with pytest.raises(ValueError, match="7 rows are not those of 2 cells"):
        mask(DropoutStreams([1, 2], "cpu"), 0, (7, 3))


def test_cells_have_the_same_bits_in_whatever_order_they_are_trained(worlds):
    row, world = strategy("full-finetune"), worlds["text"]
    inputs = Inputs(samples=world.test.samples)
    jobs = [world.job(row, seed=seed, max_steps=6) for seed in (0, 1)]
    there = [fit(row, job).predict(inputs) for job in jobs]
    torch.rand(5)  # whatever else drew from torch's generator in between
    back = [fit(row, replace(job)).predict(inputs) for job in reversed(jobs)]
    for one, other in zip(there, reversed(back), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_kept_of_shapes_does_not_grow_with_the_steps(monkeypatch):
    monkeypatch.setattr(streams, "KEPT_COORDINATES", 1000)
    found = DropoutStreams([3], "cpu")
    first = mask(found, 0, (8, 20, 4))
    for step in range(1, 30):
        mask(found, step, (8, 20 + step, 4))
    assert sum(numbers.numel() for numbers in found._coordinates.values()) < 1000 + 8 * 50 * 4
    assert torch.equal(mask(found, 0, (8, 20, 4)), first)
