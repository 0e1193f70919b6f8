"""A5: parameters and multiplications of known networks, as timm publishes them. Weights are never made.

A transformer's attention counts with its two products of activations: timm's table has 1.26 G for ViT-Ti, 1.08 without.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import timm
import torch
from timm.layers import set_fused_attn, use_fused_attn
from torch.utils.flop_counter import FlopCounterMode

from evaluators.selfcheck.figure import Figure, Outcome

SOURCE = "timm's results/benchmark-infer tables"
#: Name, side of the image: millions of parameters, thousand millions of multiplications with addition.
PUBLISHED = {
    ("resnet18", 224): (11.69, 1.82),
    ("resnet18", 160): (11.69, 0.93),
    ("mobilenetv3_small_100", 224): (2.54, 0.06),
    ("convnext_atto", 224): (3.70, 0.55),
    ("vit_tiny_patch16_224", 224): (5.72, 1.26),
    ("efficientnet_b0", 224): (5.29, 0.40),
    ("resnet50", 224): (25.56, 4.11),
    ("resnet10t", 224): (5.44, 1.10),
    ("mobilenetv4_conv_small", 224): (3.77, 0.19),
    ("test_vit", 160): (0.37, 0.04),
}
#: Printed to two digits; and what may be counted or not (batch norm, pooling). In EfficientNet what stands between the
#: products is more: timm prints 0.40 where convolutions alone are 0.386.
ROUNDING, SHARE = 0.005, 0.02
SHARES = {"efficientnet_b0": 0.04}


def check(data: Path) -> Iterator[Outcome]:  # noqa: ARG001 - the networks come with timm
    """Count each network."""
    for (name, side), (parameters, products) in PUBLISHED.items():
        counted = counts(name, side)
        for figure, found in zip(
            (
                Figure("A5", f"{name}, millions of parameters", parameters, ROUNDING),
                Figure(
                    "A5", f"{name} at {side}, GMACs", products, ROUNDING + SHARES.get(name, SHARE) * products
                ),
            ),
            counted,
            strict=True,
        ):
            yield Outcome(figure, found)


def counts(name: str, side: int) -> tuple[float, float]:
    """Return millions of parameters and thousand millions of multiplications for an image of that side."""
    fused = use_fused_attn()
    # Fused attention is one operation, whose cost the counter does not know on every device.
    set_fused_attn(False)
    try:
        with torch.device("meta"):
            network = timm.create_model(name, pretrained=False).eval()
            image = torch.zeros(1, 3, side, side)
    finally:
        set_fused_attn(bool(fused))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    return sum(weight.numel() for weight in network.parameters()) / 1e6, counter.get_total_flops() / 2e9
