"""Samples to frozen features: the pass that every frozen strategy shares.

In: a backbone and samples, which the caller has made distinct. Out: one float32 row a sample, in input order.
The backbone runs in evaluation mode (no dropout, BatchNorm with its stored statistics), in batches that are a pure
function of the samples.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch

from evaluators.backbones.backbone import Backbone
from evaluators.backbones.taps import Read, pooled_layers
from evaluators.data.samples import FloatArray, Samples
from evaluators.engine.batching import arithmetic, length_sorted
from evaluators.engine.job import Progress
from evaluators.engine.products import fast_products
from evaluators.strategy import Tap


def encode(
    backbone: Backbone, samples: Samples, *, dtype: str, progress: Progress, tap: Tap = "features"
) -> FloatArray:
    """Return the pooled features of samples, or those of every block.

    Args:
        backbone: A fresh backbone. With `bfloat16` its weights are cast in place and stay so.
        samples: n inputs.
        dtype: `float32`, or `bfloat16` for weights and activations.
        progress: Called with (samples done, n) after every batch.
        tap: `layers` gives the pooled outputs of all blocks side by side, of which the last are the features (see
            `evaluators/backbones/taps.py`).

    Returns:
        (n, width) float32; for `layers` width is the sum over the blocks.

    Raises:
        ValueError: If float32 is asked of a backbone whose weights were cast before.
    """
    weights = next(backbone.module.parameters())
    if dtype == "bfloat16":
        # Cast once: under inference_mode autocast keeps no cast weights and gains nothing on a CPU.
        backbone.module.to(torch.bfloat16)
    elif weights.dtype != torch.float32:
        raise ValueError(f"the backbone's weights are {weights.dtype}; load it again for float32")
    backbone.module.eval()
    prepared = backbone.prepare(samples)
    features = np.zeros((len(samples), backbone.width), dtype=np.float32)
    done = 0
    with (
        torch.inference_mode(),
        arithmetic(weights.device.type, training=False),
        fast_products(backbone.module),
        _reader(backbone, tap) as read,
    ):
        for indices in length_sorted(backbone.length(prepared)):
            rows = read(backbone.batch(prepared, indices)).float().cpu().numpy()
            if rows.shape[1] != features.shape[1]:
                # The widths of the blocks show in the first batch only.
                features = np.zeros((len(samples), rows.shape[1]), dtype=np.float32)
            features[indices] = rows
            done += len(indices)
            progress(done, len(samples))
    return features


def _reader(backbone: Backbone, tap: Tap) -> AbstractContextManager[Read]:
    return pooled_layers(backbone) if tap == "layers" else nullcontext(backbone.features)
