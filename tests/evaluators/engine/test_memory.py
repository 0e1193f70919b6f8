"""The memory of a training step: what counts, and which cut is the gentlest that fits."""

from dataclasses import replace

import pytest

from evaluators.engine.memory import WHOLE, Footprint, Load, both, footprint, tighter, training_bytes

BERT_BASE = Load(parameters=110_000_000, trained=110_000_000, width=768, blocks=12, tokens=128, batch=32)
GIB = 1024**3


def test_weights_gradients_and_moments_take_sixteen_bytes_a_parameter():
    alone = replace(BERT_BASE, tokens=0)
    assert training_bytes(alone) == 16 * 110_000_000
    assert training_bytes(replace(alone, trained=0)) == 4 * 110_000_000


def test_activations_grow_with_rows_tokens_width_and_blocks():
    def activations(**changes):
        load = replace(BERT_BASE, **changes)
        return training_bytes(load) - 16 * load.parameters

    for name in ("batch", "tokens", "width", "blocks"):
        assert activations(**{name: 2 * getattr(BERT_BASE, name)}) == 2 * activations()


def test_recomputed_blocks_keep_their_inputs_and_one_block():
    whole, recomputed = (
        training_bytes(BERT_BASE, cut) - 16 * 110_000_000 for cut in (WHOLE, Footprint(None, True))
    )
    assert recomputed == pytest.approx(whole * (12 + 24) / (12 * 24))


@pytest.mark.parametrize(
    ("gibibytes", "cut"),
    [
        (64, WHOLE),
        (4, Footprint(None, True)),
        (2.4, Footprint(16, True)),
        (2.3, Footprint(8, True)),
        (0.1, Footprint(1, True)),
    ],
    ids=str,
)
def test_the_gentlest_cut_that_fits_is_taken(gibibytes, cut):
    assert footprint(BERT_BASE, int(gibibytes * GIB)) == cut


def test_cuts_get_tighter_until_there_is_one_sample():
    cuts, cut = [], WHOLE
    while (cut := tighter(cut, 5)) is not None:
        cuts.append((cut.checkpointing, cut.micro_batch))
    assert cuts == [(True, None), (True, 3), (True, 2), (True, 1)]


def test_of_two_cuts_what_is_smaller_in_either_counts():
    assert both(Footprint(8), Footprint(None, True)) == Footprint(8, True)
    assert both(Footprint(8), Footprint(4)) == Footprint(4)
    assert both(WHOLE, WHOLE) == WHOLE


def test_cuts_are_told_in_words():
    assert [str(cut) for cut in (WHOLE, Footprint(4), Footprint(2, True))] == [
        "whole batches",
        "micro-batches of 4",
        "blocks recomputed in the backward pass, micro-batches of 2",
    ]
