"""Contrastive fine-tuning, then a probe: a text base learns which labelled samples belong together (SetFit).

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier`. Pairs of samples are drawn, as many of
one label as of two; the cosine of their features is trained towards 1 or 0; a logistic regression on the trained base
is the head. After Tunstall et al. 2022; pairs are sampled, because all of them grow with the square of the labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from evaluators.backbones.backbone import Backbone, Prepared
from evaluators.engine.baselines import samples_of
from evaluators.engine.batching import arithmetic, autocast
from evaluators.engine.classifier import Classifier, TrainingFacts, changed_names
from evaluators.engine.finetuning import everything
from evaluators.engine.job import DivergedError, FitJob
from evaluators.engine.probe_first import probe_head
from evaluators.engine.recipe import Recipe, recipe_of
from evaluators.engine.rows_in_use import only_rows_in_use
from evaluators.engine.training import Network, seeded
from evaluators.samples import IntArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of samples.

    Attributes:
        places: (pairs, 2) int64, indices of samples.
        alike: (pairs,) bool: both have one label.
    """

    places: IntArray
    alike: NDArray[np.bool_]


def draw_pairs(labels: IntArray, per_sample: int, seed: int) -> Pairs:
    """Draw the pairs of one epoch, in random order.

    Args:
        labels: (n,) class indices.
        per_sample: Pairs with another sample of the same label, and as many with one of another label, a sample. A
            sample that is alone with its label, or a draw of one label, has none of that kind.
        seed: Of the draw.
    """
    bits = np.random.PCG64(seed)
    places, alike = [], []
    everyone = np.arange(len(labels))
    for anchor, label in enumerate(labels):
        same = everyone[(labels == label) & (everyone != anchor)]
        for others, is_alike in ((same, True), (everyone[labels != label], False)):
            if len(others):
                # Raw bits: NumPy promises never to change them.
                drawn = others[bits.random_raw(per_sample) % np.uint64(len(others))]
                places += [(anchor, int(other)) for other in drawn]
                alike += [is_alike] * per_sample
    order = np.argsort(bits.random_raw(len(places)), kind="stable") if places else np.zeros(0, dtype=np.int64)
    return Pairs(np.array(places, dtype=np.int64).reshape(-1, 2)[order], np.array(alike, dtype=bool)[order])


def fit_contrastive(job: FitJob) -> Classifier:
    """Train all of a base on pairs, then a logistic regression on its features.

    Settings: those of training, whose steps are of pairs; `pairs` of either kind a sample; `C` and `max_iter`
    of the regression. With selection `held-out` C is chosen, as for the linear probe.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ValueError: If the job has no backbone.
    """
    if job.load_backbone is None:
        raise ValueError("this strategy trains a backbone, and the job has none")
    with seeded(job.seed, job.device):
        backbone = job.load_backbone(True)
        active = everything(backbone)
        steps = _train(backbone, job, recipe_of(job.settings))
        head = probe_head(backbone, job).to(job.device)
    network = Network(backbone, head, active)
    trained = sum(weight.numel() for _, weight in network.trained())
    return Classifier(network, TrainingFacts("tuned", job.dtype, steps, trained), changed_names(network))


def _train(backbone: Backbone, job: FitJob, recipe: Recipe) -> int:
    """Train in place; return the steps."""
    pairs = draw_pairs(job.labels, int(job.settings["pairs"]), job.seed)
    if not len(pairs.places):
        # One sample of one label: nothing to tell apart.
        return 0
    steps = recipe.steps(len(pairs.places))
    prepared = backbone.prepare(samples_of(job.inputs))
    decay = [
        1.0 - recipe.learning_rate * recipe.factor(step, steps) * recipe.weight_decay for step in range(steps)
    ]
    with only_rows_in_use(backbone, prepared, decay), arithmetic(job.device, training=True):
        weights = list(backbone.module.parameters())
        optimizer = torch.optim.AdamW(
            [
                {
                    "params": [weight for weight in weights if (weight.dim() > 1) is matrices],
                    "weight_decay": recipe.weight_decay if matrices else 0.0,
                }
                for matrices in (True, False)
            ],
            lr=recipe.learning_rate,
            fused=True,
        )
        backbone.module.train()
        for step, chosen in zip(range(steps), _batches(len(pairs.places), recipe.batch_size), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * recipe.factor(step, steps)
            optimizer.zero_grad(set_to_none=True)
            loss = _loss(backbone, prepared, pairs, chosen, job)
            if not bool(torch.isfinite(loss)):
                raise DivergedError(f"the loss became NaN or infinite at step {step + 1} of {steps}")
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(weights, recipe.clip)
            optimizer.step()
            job.progress(step + 1, steps)
        optimizer.zero_grad(set_to_none=True)
    backbone.module.eval()
    return steps


def _loss(backbone: Backbone, prepared: Prepared, pairs: Pairs, chosen: slice, job: FitJob) -> torch.Tensor:
    """Return the mean squared error of the cosines; a sample of several pairs is read once."""
    read, place = np.unique(pairs.places[chosen], return_inverse=True)
    with autocast(job.device, job.dtype):
        features = backbone.features(backbone.batch(prepared, read.tolist()))
    sides = torch.from_numpy(place.reshape(-1, 2)).to(job.device)
    cosines = functional.cosine_similarity(features[sides[:, 0]], features[sides[:, 1]], dim=1)
    return functional.mse_loss(cosines, torch.from_numpy(pairs.alike[chosen]).to(job.device).float())


def _batches(pairs: int, size: int) -> Iterator[slice]:
    """Yield consecutive pairs, which are in random order, epoch after epoch without end."""
    while True:
        for start in range(0, pairs, size):
            yield slice(start, start + size)
