"""A trained trunk with a linear head, as every strategy that trains the trunk returns it.

Predicts in evaluation mode over batches that are a pure function of the inputs. Saves what was trained and nothing
of the frozen base: the parameters with a gradient, the statistics of active BatchNorm layers, and the head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from evaluators.data.samples import FloatArray, Samples
from evaluators.engine.baselines import samples_of
from evaluators.engine.batching import arithmetic, autocast, length_sorted
from evaluators.engine.job import Inputs
from evaluators.engine.network import Network
from evaluators.engine.products import fast_products
from evaluators.engine.records import Record, write_record
from evaluators.errors import IntegrityError

Kind = Literal[
    "scratch", "tuned", "adapter", "rslora", "dora", "ia3", "bottleneck", "prompt", "prefix", "qlora"
]
"""What a reload starts from: a random trunk, the pre-trained one, or the pre-trained one with what a method adds.

`adapter` is LoRA.
"""


@dataclass(frozen=True)
class TrainingFacts:
    """What is kept of a training run beside its tensors.

    Attributes:
        kind: What a reload starts from.
        dtype: What was computed in.
        steps: Optimiser steps taken.
        trained_parameters: Numbers that received a gradient.
        chosen: Settings that were chosen on labels of the draw that were held out.
        asked_dtype: What was to be computed in, where that was another one, in which it diverged.
    """

    kind: Kind
    dtype: str
    steps: int
    trained_parameters: int
    chosen: Mapping[str, float] = field(default_factory=dict)
    asked_dtype: str | None = None

    def for_record(self) -> dict[str, Any]:
        """Return what a record keeps; nothing of what there is not."""
        optional = ("chosen", "asked_dtype")
        return {name: value for name, value in asdict(self).items() if value or name not in optional}


class Classifier:
    """A trained network.

    Attributes:
        network: Trunk and head, in evaluation mode.
        trained_parameters: Numbers that received a gradient.
        steps: Optimiser steps taken.
        dtype: Of its arithmetic, `float32` or `bfloat16`.
        converged: True: training is a number of steps.
    """

    converged = True

    def __init__(self, network: Network, facts: TrainingFacts, changed: Iterable[str]) -> None:
        self.network = network
        self.steps = facts.steps
        self.trained_parameters = facts.trained_parameters
        self.dtype = facts.dtype
        self._facts = facts
        self._changed = tuple(changed)
        network.eval()

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        return _predictions([self], samples_of(inputs))[0]

    def save(self, folder: Path) -> None:
        """Write what was trained."""
        state = network_state(self.network)
        tensors = {name: state[name] for name in self._changed}
        write_record(folder, Record(self._facts.kind, self._facts.for_record(), tensors))

    def instead_of(self, dtype: str) -> Classifier:
        """Return the same, which says that it was asked for in another arithmetic."""
        return Classifier(self.network, replace(self._facts, asked_dtype=dtype), self._changed)


@dataclass(frozen=True, eq=False)
class ClassifiersTogether:
    """Trained networks over one base that read a set together.

    Attributes:
        members: The classifiers, in the order of the jobs.
    """

    members: Sequence[Classifier]

    def predict(self, inputs: Sequence[Inputs]) -> list[FloatArray]:
        """Return what each predicts for its own inputs, with the bits that it gives alone.

        What all of them read is prepared, cut into batches and padded once.
        """
        if all(own is inputs[0] for own in inputs):
            return _predictions(self.members, samples_of(inputs[0]))
        return [member.predict(own) for member, own in zip(self.members, inputs, strict=True)]


def _predictions(classifiers: Sequence[Classifier], samples: Samples) -> list[FloatArray]:
    """Return each classifier's probabilities; all are over one base, on one device."""
    backbone, head = classifiers[0].network.backbone, classifiers[0].network.head
    device = head.weight.device.type
    prepared = backbone.prepare(samples)
    found = [np.zeros((len(samples), head.out_features), dtype=np.float32) for _ in classifiers]
    networks = [classifier.network.backbone.module for classifier in classifiers]
    with torch.inference_mode(), arithmetic(device, training=False), fast_products(*networks):
        for indices in length_sorted(backbone.length(prepared)):
            batch = backbone.batch(prepared, indices)
            for classifier, probabilities in zip(classifiers, found, strict=True):
                with autocast(device, classifier.dtype):
                    logits = classifier.network.logits(batch)
                probabilities[indices] = torch.softmax(logits.float(), dim=1).cpu().numpy()
    return found


def network_state(network: Network) -> dict[str, torch.Tensor]:
    """Return parameters and stored buffers by name: the trunk's as `trunk.`, the head's as `head.`."""
    trunk = network.backbone.module.state_dict(keep_vars=True)
    head = network.head.state_dict(keep_vars=True)
    return {
        **{f"trunk.{name}": value for name, value in trunk.items()},
        **{f"head.{name}": value for name, value in head.items()},
    }


def changed_names(network: Network) -> list[str]:
    """Return the names of what training may have changed: trained parameters, and buffers of active parts."""
    active = {id(buffer) for part in network.active for buffer in part.buffers()}
    weights = {id(weight) for _, weight in network.trained()}
    return [name for name, value in network_state(network).items() if id(value) in active | weights]


def load_state(network: Network, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put saved tensors back, bit for bit.

    Raises:
        IntegrityError: If the network has no tensor of that name and shape.
    """
    targets = network_state(network)
    for name, tensor in tensors.items():
        if name not in targets or targets[name].shape != tensor.shape:
            raise IntegrityError(
                f"what was trained does not fit this network: {name} {tuple(tensor.shape)}",
                hint="it was trained on another base, or with other settings",
            )
    with torch.no_grad():
        for name, tensor in tensors.items():
            targets[name].copy_(tensor)
