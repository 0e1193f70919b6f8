"""When a network is compiled, and that resident batches are the backbone's batches."""

import pytest
import torch

from evaluators.engine import resident
from evaluators.engine.acceleration import SHAPES, Acceleration, acceleration, buckets
from evaluators.engine.resident import Collated, Resident, batches_of

LENGTHS = [5, 9, 12, 17, 30, 31, 40, 100]


def test_at_most_four_lengths_hold_every_batch():
    shapes = buckets(LENGTHS)
    assert shapes == (16, 24, 32, 104)
    assert len(buckets(range(1, 1000))) == SHAPES
    assert {Acceleration(shapes).padded(longest) for longest in LENGTHS} == set(shapes)
    assert buckets([1, 1, 1]) == (1,)


def test_without_compiling_a_batch_is_as_long_as_its_longest():
    assert [Acceleration().padded(longest) for longest in LENGTHS] == LENGTHS


@pytest.mark.parametrize(
    ("device", "steps", "blocks", "drops", "compiled"),
    [
        (
            "cuda",
            200,
            6,
            False,
            False,
        ),  # the ladder's fits: a step saves milliseconds, compiling takes minutes
        ("cuda", 20_000, 12, False, True),
        ("cuda", 20_000, 12, True, False),
        ("cpu", 1_000_000, 12, False, False),
    ],
)
def test_a_network_is_compiled_only_where_its_steps_repay_it(device, steps, blocks, drops, compiled):
    decided = acceleration(device, LENGTHS, steps=steps, blocks=blocks, drops=drops)
    assert bool(decided.lengths) is compiled


@pytest.mark.parametrize("modality", ["text", "image"])
def test_resident_batches_are_those_of_the_backbone(worlds, modality):
    backbone = worlds[modality].backbone()
    prepared = backbone.prepare(worlds[modality].train.samples)
    ours, usual = Resident(backbone, prepared, Acceleration()), Collated(backbone, prepared)
    for indices in ([3], [0, 5, 9, 2], list(range(24))):
        one, other = ours.batch(indices), usual.batch(indices)
        assert one.keys() == other.keys()
        for name, values in one.items():
            assert torch.equal(values, other[name])
            assert values.is_contiguous() == other[name].is_contiguous()
            assert values.dtype == other[name].dtype


def test_compiled_batches_are_padded_to_their_shape(worlds):
    backbone = worlds["text"].backbone()
    prepared = [[2, *[5] * (length - 2), 3] for length in (4, 8, 12)]
    batch = Resident(backbone, prepared, Acceleration((8, 12))).batch([0])
    assert batch["input_ids"].shape == (1, 8)
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 0, 0, 0, 0]]


def test_samples_that_would_take_too_much_memory_are_not_kept(worlds, monkeypatch):
    backbone = worlds["image"].backbone()
    prepared = backbone.prepare(worlds["image"].train.samples)
    assert isinstance(batches_of(backbone, prepared, Acceleration()), Resident)
    monkeypatch.setattr(resident, "RESIDENT_BYTES", 24 * 3 * 32 * 32 * 4 - 1)
    assert isinstance(batches_of(backbone, prepared, Acceleration()), Collated)


class Scattered:
    """A backbone whose batches lie on two devices, as the states of a partial freeze and their lengths do."""

    def length(self, prepared):
        """Return the samples' lengths."""
        return list(prepared)

    def batch(self, prepared, indices):
        """Return states where nothing is computed, and lengths here."""
        chosen = torch.tensor([prepared[index] for index in indices])
        return {"state": torch.empty(len(indices), int(chosen.max()), 4, device="meta"), "lengths": chosen}


def test_a_batch_may_lie_on_two_devices():
    batch = Resident(Scattered(), [3, 5, 2], Acceleration()).batch([2, 0])
    assert batch["state"].shape == (2, 3, 4)
    assert batch["state"].device.type == "meta"
    assert batch["lengths"].tolist() == [2, 3]
