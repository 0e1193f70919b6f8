"""Products by oneDNN: the values and gradients of torch's own, for large layers alone, while asked for."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from evaluators.engine.products import by_cell, fast_products


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("trained", [True, False])
def test_values_and_gradients_are_torchs(generator, trained, bias):
    layer = nn.Linear(256, 300, bias=bias).requires_grad_(trained)
    rows = torch.randn(3, 7, 256, generator=generator, requires_grad=True)
    weights = [rows, *(layer.parameters() if trained else [])]

    def run():
        out = layer(rows)
        return [out, *torch.autograd.grad(out.square().mean(), weights)]

    theirs = run()
    with fast_products(layer):
        ours = run()
        with torch.inference_mode():
            read = layer(rows.detach())
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    # With and without gradients: the same product, to the bit.
    assert torch.equal(read, ours[0])


def test_nothing_is_left_behind_and_small_layers_are_never_touched():
    large, small = nn.Linear(256, 256), nn.Linear(255, 256)
    network = nn.Sequential(large, small)
    with fast_products(network):
        assert "forward" in vars(large)
        assert "forward" not in vars(small)
        with fast_products(network):
            pass
        assert "forward" in vars(large)
    with pytest.raises(ZeroDivisionError), fast_products(network):
        _ = 1 / 0
    assert "forward" not in vars(large)


@pytest.mark.parametrize("width", [8, 256])
def test_a_cells_product_beside_others_is_the_one_that_it_has_alone(generator, width):
    rows = torch.randn(3, 5, width, generator=generator, requires_grad=True)
    weights = torch.randn(3, 300, width, generator=generator, requires_grad=True)
    biases = torch.randn(3, 300, generator=generator, requires_grad=True)
    inputs = [rows, weights, biases]
    out = by_cell(*inputs)
    together = torch.autograd.grad(out.square().mean() * 3, inputs)
    for cell in range(3):
        own = [values[cell].detach().requires_grad_() for values in inputs]
        alone = functional.linear(*own)
        gradients = torch.autograd.grad(alone.square().mean(), own)
        torch.testing.assert_close(out[cell], alone, rtol=1e-5, atol=1e-4)
        torch.testing.assert_close([part[cell] for part in together], list(gradients), rtol=1e-4, atol=1e-4)
    assert by_cell(rows, weights, None).shape == (3, 5, 300)


def test_bfloat16_is_left_to_autocast(generator):
    layer = nn.Linear(256, 256)
    rows = torch.randn(4, 256, generator=generator)
    with torch.autocast("cpu", dtype=torch.bfloat16), fast_products(layer):
        assert layer(rows).dtype == torch.bfloat16
