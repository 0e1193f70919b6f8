"""Strategies that train vectors of the trunk and no matrix: scales beside its layers, its norms, or its biases.

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier` that saves the vectors and the head.
The base stays in evaluation mode: a BatchNorm whose scale and shift are trained keeps its stored statistics.
"""

from __future__ import annotations

from collections.abc import Iterator

from peft import IA3Config
from torch import nn

from evaluators.backbones.backbone import Backbone
from evaluators.engine.adapters import inject, target_pattern, transposed
from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import fit_network
from evaluators.engine.job import FitJob, NotApplicable


def fit_ia3(job: FitJob) -> Classifier:
    """Train a factor for every output of every layer that the backbone names, and a head ((IA)^3, arXiv 2205.05638)."""
    return fit_network(job, "ia3", add_scales)


def fit_norms(job: FitJob) -> Classifier:
    """Train the scales and shifts of all norms, and a head.

    Raises:
        NotApplicable: If the base has no norm with parameters.
    """
    return fit_network(job, "tuned", _norms)


def fit_biases(job: FitJob) -> Classifier:
    """Train all biases, those of norms too, and a head (BitFit, arXiv 2106.10199).

    Raises:
        NotApplicable: If the base has no bias, as many language models of today.
    """
    return fit_network(job, "tuned", _biases)


def add_scales(backbone: Backbone) -> tuple[nn.Module, ...]:
    """Put (IA)^3 layers into a backbone, in place; they start as the identity.

    The paper scales keys, values and the inner layer of the MLP. Their names differ from base to base, so outputs of
    all layers are scaled: a superset, and still less than 0.1 % of a small encoder.

    Returns:
        Nothing: no part of it has a mode.
    """
    config = IA3Config(
        target_modules=target_pattern(backbone), feedforward_modules=[], fan_in_fan_out=transposed(backbone)
    )
    inject(backbone, config)
    return ()


def _norms(backbone: Backbone) -> tuple[nn.Module, ...]:
    return _only(backbone, "norm with parameters", _norm_weights(backbone.module))


def _biases(backbone: Backbone) -> tuple[nn.Module, ...]:
    named = backbone.module.named_parameters()
    return _only(backbone, "bias", (weight for name, weight in named if name.split(".")[-1] == "bias"))


def _norm_weights(module: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the parameters of norms: by the name of their class, because every language model brings its own."""
    for part in module.modules():
        if "norm" in type(part).__name__.lower():
            yield from (weight for weight in part.parameters(recurse=False) if weight.dim() == 1)


def _only(backbone: Backbone, what: str, chosen: Iterator[nn.Parameter]) -> tuple[nn.Module, ...]:
    """Make these parameters trainable, and nothing else; no part becomes active."""
    backbone.module.requires_grad_(False)
    weights = list(chosen)
    if not weights:
        raise NotApplicable(f"{type(backbone.module).__name__} has no {what}")
    for weight in weights:
        weight.requires_grad_(True)
    return ()
