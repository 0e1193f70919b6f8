"""Contrastive fine-tuning, then a probe: a text base learns which labelled samples belong together (SetFit).

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier`. Pairs of samples are drawn, as many of
one label as of two; the cosine of their features is trained towards 1 or 0; a logistic regression on the trained base
is the head. After Tunstall et al. 2022; pairs are sampled, because all of them grow with the square of the labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from evaluators.backbones.sending import moved, sent
from evaluators.data.samples import IntArray
from evaluators.engine.classifier import Classifier, TrainingFacts, changed_names
from evaluators.engine.finetuning import everything, fresh, new_head, only, recovered
from evaluators.engine.job import FitJob
from evaluators.engine.memory import Footprint
from evaluators.engine.network import Network
from evaluators.engine.objective import Outputs, Read, cut
from evaluators.engine.probe_first import probe_head
from evaluators.engine.recipe import recipe_of
from evaluators.engine.training import Trained, seeded, train


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


class InPairs:
    """The cosine of two samples' features is 1 if they have one label, else 0: the mean squared error of that.

    Attributes:
        items: Pairs.
    """

    def __init__(self, pairs: Pairs, device: str) -> None:
        self.items = len(pairs.places)
        self._places, self._alike = pairs.places, torch.from_numpy(pairs.alike).to(device).float()

    def rows(self, batch_size: int) -> int:
        """Return the samples of so many pairs, if none is in two."""
        return 2 * batch_size

    def order(self, lengths: Sequence[int], batch_size: int, seed: int) -> Iterator[list[int]]:  # noqa: ARG002
        """Yield consecutive pairs, which are in random order, epoch after epoch without end."""
        while True:
            for start in range(0, self.items, batch_size):
                yield list(range(start, min(start + batch_size, self.items)))

    def outputs(self, network: Network) -> Outputs:
        """The features."""
        return network.backbone.features

    def backward(self, items: list[int], read: Read, most: int | None) -> torch.Tensor:
        """Take the gradients; a sample of several pairs is read once.

        Where the samples do not fit at once, the loss is taken of features that were read part by part without
        gradients, and each part is read again for its own: the loss is one of all pairs, however it is cut.
        """
        samples, place = np.unique(self._places[items], return_inverse=True)
        parts = cut(samples.tolist(), most or len(samples))
        sides = moved(torch.from_numpy(place.reshape(-1, 2)), self._alike.device)
        if len(parts) == 1:
            with read(parts[0], 0) as features:
                loss = self._loss(features, sides, items)
                torch.autograd.backward(loss)
            return loss.detach()
        starts = np.cumsum([0, *map(len, parts[:-1])]).tolist()
        found = []
        for part, start in zip(parts, starts, strict=True):
            with torch.no_grad(), read(part, start) as features:
                found.append(features.clone())
        whole = torch.cat(found).requires_grad_()
        loss = self._loss(whole, sides, items)
        (gradient,) = torch.autograd.grad(loss, whole)
        for part, start in zip(parts, starts, strict=True):
            with read(part, start) as features:
                torch.autograd.backward(features, gradient[start : start + len(part)])
        return loss.detach()

    def _loss(self, features: torch.Tensor, sides: torch.Tensor, items: list[int]) -> torch.Tensor:
        cosines = functional.cosine_similarity(features[sides[:, 0]], features[sides[:, 1]], dim=1)
        return functional.mse_loss(cosines, self._alike[sent(items, self._alike.device)])


def fit_contrastive(job: FitJob) -> Classifier:
    """Train all of a base on pairs, then a logistic regression on its features.

    Settings: those of training, whose steps are of pairs; `pairs` of either kind a sample; `C` and `max_iter` of the
    regression. C is not chosen, with selection `held-out` either: the base has seen the labels of what would be held
    out. One sample of one label tells nothing apart: the base then stays as it is.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ValueError: If the job has no backbone.
    """
    recipe = recipe_of(job.settings)
    pairs = draw_pairs(job.labels, int(job.settings["pairs"]), job.seed)
    told_apart = len(pairs.places) > 0

    def attempt(job: FitJob, cut: Footprint) -> Classifier:
        with seeded(job.seed, job.device):
            backbone = fresh(job, "tuned")
            active = everything(backbone) if told_apart else only(backbone)
            # Pairs say nothing of classes: the head is none of this training.
            headless = Network(backbone, new_head(backbone.width, job.classes).requires_grad_(False), active)
            trained = Trained(0, 0)
            if told_apart:
                trained = train(headless, job, recipe, footprint=cut, objective=InPairs(pairs, job.device))
            head = probe_head(backbone, replace(job, selection="fixed")).to(job.device)
        network = replace(headless, head=head)
        count = trained.parameters + sum(weight.numel() for weight in head.parameters())
        facts = TrainingFacts("tuned", job.dtype, trained.steps, count)
        return Classifier(network, facts, changed_names(network))

    return recovered(job, min(2 * recipe.batch_size, len(job.labels)), attempt)
