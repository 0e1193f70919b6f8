"""Counts the FLOPs of one forward pass of a trunk, exactly as its operations run.

In: the folder of a candidate, its library and input. Out: a whole number of floating-point operations (a
multiplication and an addition are two) for one input: 32 tokens of text, or one image at the input size. Invariants:
weights are never read and nothing is computed: the architecture is built on the meta device, so a large model costs
nothing; matrix products, convolutions and attention count, element-wise work does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from evaluators.candidate import TEXT_TOKENS, ImageInput, Input, Library


def count_flops(folder: Path, library: Library, accepts: Input) -> int:
    """Return the FLOPs of one forward pass over one input.

    Args:
        folder: Verified files of the model; only its configuration is read.
        library: What builds the architecture.
        accepts: How inputs reach it.

    Raises:
        ValueError: If the architecture cannot be built from its configuration.
    """
    with torch.device("meta"):
        model = _timm_trunk(folder) if library == "timm" else _transformers_trunk(folder)
        inputs = _one_input(accepts)
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(**inputs) if library == "transformers" else model(*inputs.values())
    return int(counter.get_total_flops())


def _transformers_trunk(folder: Path) -> torch.nn.Module:
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    # Fused attention is one operation whose cost the counter does not know on every device; the eager form is products.
    trunk: torch.nn.Module = AutoModel.from_config(
        config, attn_implementation="eager", trust_remote_code=False
    )
    return trunk


def _timm_trunk(folder: Path) -> torch.nn.Module:
    import timm
    from timm.layers import set_fused_attn, use_fused_attn

    fused = use_fused_attn()
    set_fused_attn(False)
    try:
        trunk: torch.nn.Module = timm.create_model(f"local-dir:{folder}", pretrained=False, num_classes=0)
    finally:
        set_fused_attn(bool(fused))
    return trunk


def _one_input(accepts: Input) -> dict[str, Any]:
    if isinstance(accepts, ImageInput):
        return {"pixel_values": torch.zeros(1, accepts.channels, accepts.size, accepts.size)}
    # Without a mask: nothing is padded, and a mask's values cannot be looked at on the meta device.
    return {"input_ids": torch.zeros(1, min(TEXT_TOKENS, accepts.max_tokens), dtype=torch.long)}
