"""A small network on frozen features: one hidden layer, for what no hyperplane divides.

In: a job with features (n, width). Out: a classifier over features. Deterministic from the job's seed; the global
generators are left alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from evaluators.data.samples import FloatArray
from evaluators.engine.heads import features_of
from evaluators.engine.job import DivergedError, FitJob, Inputs
from evaluators.engine.linear import moments
from evaluators.engine.records import Record, write_record
from evaluators.engine.streams import DropoutStreams
from evaluators.engine.training import seeded

_WEIGHTS = ("hidden.weight", "hidden.bias", "out.weight", "out.bias")


@dataclass(frozen=True, eq=False)
class MlpHead:
    """Logits = out(relu(hidden((x - mean) / scale))).

    Attributes:
        weights: `hidden.weight` (hidden, width), `hidden.bias`, `out.weight` (classes, hidden), `out.bias`; `mean` and
            `scale` (width,) of the training rows. All float32, on the CPU.
        steps: Optimiser steps taken.
        converged: True: training is a number of steps.
    """

    weights: dict[str, torch.Tensor]
    steps: int
    converged: bool = True

    @property
    def trained_parameters(self) -> int:
        """Weights of both layers."""
        return sum(self.weights[name].numel() for name in _WEIGHTS)

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        rows = (torch.from_numpy(features_of(inputs)) - self.weights["mean"]) / self.weights["scale"]
        with torch.inference_mode():
            inner = functional.relu(
                functional.linear(rows, self.weights["hidden.weight"], self.weights["hidden.bias"])
            )
            logits = functional.linear(inner, self.weights["out.weight"], self.weights["out.bias"])
        return np.asarray(torch.softmax(logits, dim=1).numpy())

    def save(self, folder: Path) -> None:
        """Write the weights."""
        write_record(folder, Record("mlp", {"steps": self.steps}, self.weights))


def fit_mlp(job: FitJob) -> MlpHead:
    """Train one hidden layer and a linear one on standardised features.

    Settings: `hidden` (width of the layer), `steps`, `batch_size`, `learning_rate` and `weight_decay` of AdamW with a
    cosine to 0, `dropout` before the last layer. No early stopping: nothing is selected on data that the job lacks.

    Raises:
        DivergedError: If the loss became NaN or infinite.
    """
    features = features_of(job.inputs)
    mean, scale = moments(features)
    rows = torch.from_numpy((features - mean) / scale).to(job.device)
    labels = torch.from_numpy(job.labels).to(job.device)
    steps, size = int(job.settings["steps"]), min(int(job.settings["batch_size"]), len(labels))
    # torch's own masks would be others on a GPU, and with them the head.
    streams = DropoutStreams([job.seed], job.device)
    with seeded(job.seed, job.device):
        network = nn.ModuleDict(
            {
                "hidden": nn.Linear(features.shape[1], int(job.settings["hidden"])),
                "out": nn.Linear(int(job.settings["hidden"]), job.classes),
            }
        ).to(job.device)
        optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=float(job.settings["learning_rate"]),
            weight_decay=float(job.settings["weight_decay"]),
            fused=True,
        )
        order, taken = torch.randperm(len(labels)), 0
        for step in range(steps):
            if taken + size > len(labels):
                order, taken = torch.randperm(len(labels)), 0
            batch = order[taken : taken + size].to(job.device)
            taken += size
            for group in optimizer.param_groups:
                group["lr"] = _rate(job, step, steps)
            inner = functional.relu(network["hidden"](rows[batch]))
            with streams.at(step):
                inner = functional.dropout(inner, float(job.settings["dropout"]), training=True)
            loss = functional.cross_entropy(network["out"](inner), labels[batch])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            job.progress(step + 1, steps)
    weights = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    # A weight that is not finite makes the sum so; looked at once, because on a GPU each look waits for the device.
    if not all(bool(torch.isfinite(value.sum())) for value in weights.values()):
        raise DivergedError(f"a weight became NaN or infinite within {steps} steps")
    return MlpHead({**weights, "mean": torch.from_numpy(mean), "scale": torch.from_numpy(scale)}, steps)


def mlp_from(record: Record) -> MlpHead:
    """Return the classifier that a record of kind `mlp` was taken from."""
    return MlpHead(dict(record.tensors), int(record.facts["steps"]))


def _rate(job: FitJob, step: int, steps: int) -> float:
    return float(job.settings["learning_rate"]) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
