"""States at the boundaries of a network: taken together, resumed from, and the network whole again."""

import pytest
import torch

from evaluators.backbones.boundary import features_from, find_boundaries, states_at
from evaluators.engine.finetuning import upper_part
from tests.evaluators.trunks import CUTTABLE, depths, samples, trunk

kinds = pytest.mark.parametrize("kind", CUTTABLE)


def cut(kind):
    """Return a trunk, all its boundaries bottom-up, a batch of several lengths, and the lengths."""
    backbone = trunk(kind)
    prepared = backbone.prepare(samples(kind))
    lengths = backbone.length(prepared)
    ends = [lengths.index(min(lengths)), lengths.index(max(lengths))]
    boundaries = find_boundaries(backbone, [prepared[index] for index in ends], depths(backbone))
    return backbone, list(boundaries.values()), backbone.batch(prepared, range(len(prepared))), lengths


@kinds
def test_every_depth_resumes_to_the_features_of_the_whole(kind):
    backbone, boundaries, batch, lengths = cut(kind)
    assert [boundary.depth for boundary in boundaries] == list(depths(backbone))
    with torch.inference_mode():
        expected = backbone.features(batch)
        for boundary, state in zip(boundaries, states_at(backbone, boundaries, batch), strict=True):
            if boundary.by_token:
                for row, length in zip(state, lengths, strict=True):
                    row[length:] = 7.0  # nobody reads what stands at padding
            torch.testing.assert_close(
                features_from(backbone, boundary, state, lengths), expected, atol=1e-6, rtol=0
            )


@kinds
def test_all_depths_come_from_one_forward_that_ends_at_the_deepest(kind):
    backbone, boundaries, batch, _ = cut(kind)
    asked = boundaries[:-1]
    with torch.inference_mode():
        alone = [states_at(backbone, [boundary], batch)[0] for boundary in asked]
        ran = []
        for number, block in enumerate(backbone.blocks()[1:-1]):
            first = (
                block
                if hasattr(block, "forward") and not isinstance(block, torch.nn.ModuleList)
                else block[0]
            )
            first.register_forward_hook(lambda *_, number=number: ran.append(number))
        together = states_at(backbone, asked, batch)
    assert ran == list(range(asked[-1].depth))
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one, other)


@kinds
def test_the_network_is_whole_again_also_after_an_error(kind):
    backbone, boundaries, batch, lengths = cut(kind)
    with torch.inference_mode():
        before = backbone.features(batch)
        with pytest.raises((RuntimeError, ValueError)):
            features_from(backbone, boundaries[-1], torch.zeros(1, 1, 1, 1, 1), lengths)
        assert torch.equal(backbone.features(batch), before)
    assert [type(part) for part in backbone.module.modules()] == [
        type(part) for part in trunk(kind).module.modules()
    ]
    assert not any(part._forward_pre_hooks or part._forward_hooks for part in backbone.module.modules())


@kinds
def test_gradients_reach_what_lies_above_the_boundary_and_nothing_below(kind):
    backbone, boundaries, batch, lengths = cut(kind)
    boundary = boundaries[0]
    blocks = len(backbone.blocks()) - 2
    trained = upper_part(backbone, {"trained_blocks": blocks - boundary.depth})
    with torch.no_grad():
        (state,) = states_at(backbone, [boundary], batch)
    features_from(backbone, boundary, state, lengths).square().sum().backward()
    upper = [weight for part in trained for weight in part.parameters()]
    with_gradient = {id(weight) for weight in backbone.module.parameters() if weight.grad is not None}
    assert with_gradient == {id(weight) for weight in upper}


def test_a_network_whose_blocks_pass_more_than_a_state_is_not_cut():
    # T5's first block computes the position bias that all others read.
    backbone = trunk("t5")
    assert find_boundaries(backbone, backbone.prepare(samples("t5"))[:2], depths(backbone)) == {}


def test_flops_of_a_boundary_are_those_of_the_blocks_below_it():
    _, boundaries, _, _ = cut("bert")
    one, two = (boundary.flops for boundary in boundaries)
    # A layer of width 16 and 32: four products of 16 x 16 and two of 16 x 32, two FLOPs a weight; attention beside.
    products = 2 * (4 * 16 * 16 + 2 * 16 * 32)
    assert products <= two - one <= 1.5 * products
