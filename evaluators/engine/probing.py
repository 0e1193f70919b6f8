"""Reads a network's trunk as the network itself reads it, and asks what a linear probe makes of the features.

In: a backbone, bare or adapted, and the samples of a probe. Out: features, a score. The batches and the arithmetic are
those of prediction, so a base that was not changed gives equal bits.
"""

from __future__ import annotations

import numpy as np
import torch

from evaluators.backbones.backbone import Backbone
from evaluators.data.samples import FloatArray, Samples
from evaluators.drift import Probe
from evaluators.engine.batching import arithmetic, autocast, length_sorted
from evaluators.engine.fit import fit
from evaluators.engine.job import Inputs, plain_job
from evaluators.engine.products import fast_products
from evaluators.statistics.item_values import Vector, item_values
from evaluators.strategy import strategy


def pooled(backbone: Backbone, samples: Samples, dtype: str) -> FloatArray:
    """Return (n, width) features in the arithmetic and the batches in which a trained network predicts."""
    module = backbone.module
    module.eval()
    device = next(module.parameters()).device.type
    prepared = backbone.prepare(samples)
    features = np.zeros((len(samples), backbone.width), dtype=np.float32)
    with torch.inference_mode(), arithmetic(device, training=False), fast_products(module):
        for indices in length_sorted(backbone.length(prepared)):
            with autocast(device, dtype):
                rows = backbone.features(backbone.batch(prepared, indices))
            features[indices] = rows.float().cpu().numpy()
    return features


def probe_values(features: FloatArray, probe: Probe) -> Vector | None:
    """Return (n - fitted,) what each sample gives to the metric of a linear probe fitted to the first ones.

    Their mean is what the probe scores (`item_values`); None where there are no labels.
    """
    if probe.labels is None:
        return None
    row = strategy("linear-probe")
    job = plain_job(
        Inputs(features=features[: probe.fitted]), probe.labels[: probe.fitted], probe.classes, row.defaults
    )
    answers = fit(row, job).predict(Inputs(features=features[probe.fitted :]))
    return item_values(probe.labels[probe.fitted :], answers.argmax(axis=1).astype(np.int64), probe.metric)
