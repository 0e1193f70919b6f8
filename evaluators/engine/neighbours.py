"""k nearest neighbours on frozen features, any number of reference sets over one product.

In: jobs with features (n, width) float32. Out: classifiers over features. Similarities are computed in float64 on
distinct rows: equal rows are then equally near to the last bit, and which of them counts does not depend on what else
is computed in the same product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.blas import single_threaded
from evaluators.engine.heads import features_of
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.records import Record, write_record

#: Sharpness of the neighbours' vote, as in DINO's k-NN protocol (Caron et al. 2021).
TEMPERATURE = 0.07
#: Similarities that are in memory at once, 8 bytes each.
_AT_ONCE = 4_000_000
#: Decimals of a similarity that are no rounding of its sum.
_DECIMALS = 12


class Neighbours:
    """k nearest neighbours by cosine; a neighbour's vote weighs exp(similarity / 0.07).

    Attributes:
        reference: (n, width) labelled features of norm 1.
        labels: (n,) their classes.
        classes: Number of classes of the task.
        k: How many vote.
        trained_parameters: 0.
        steps: 0.
        converged: True.
    """

    trained_parameters = 0
    steps = 0
    converged = True

    def __init__(self, reference: FloatArray, labels: IntArray, *, classes: int, k: int) -> None:
        self.reference = reference
        self.labels = labels
        self.classes = classes
        self.k = k

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return the classes' shares of the vote, (m, classes); of equal neighbours the earlier row counts."""
        return _predicted([self], features_of(inputs))[0]

    def save(self, folder: Path) -> None:
        """Write the labelled features and k."""
        tensors = {"reference": torch.from_numpy(self.reference), "labels": torch.from_numpy(self.labels)}
        write_record(folder, Record("neighbours", {"k": self.k}, tensors))


@dataclass(frozen=True, eq=False)
class NeighboursTogether:
    """Reference sets that overlap: each distinct row is multiplied once.

    Attributes:
        members: The classifiers, in the order of the jobs.
    """

    members: Sequence[Neighbours]

    def predict(self, inputs: Sequence[Inputs]) -> list[FloatArray]:
        """Return what each predicts: over one product where all read the same."""
        first = inputs[0]
        if all(own is first for own in inputs):
            return _predicted(self.members, features_of(first))
        return [member.predict(own) for member, own in zip(self.members, inputs, strict=True)]


def fit_knn(job: FitJob) -> Neighbours:
    """Keep the labelled features; `k` is a setting, at most the labels there are."""
    k = min(int(job.settings["k"]), len(job.labels))
    return Neighbours(unit(features_of(job.inputs)), job.labels, classes=job.classes, k=k)


def fit_knns(jobs: Sequence[FitJob]) -> NeighboursTogether:
    """Keep the labelled features of several jobs."""
    return NeighboursTogether([fit_knn(job) for job in jobs])


def neighbours_from(record: Record, classes: int) -> Neighbours:
    """Return the classifier that a record of kind `neighbours` was taken from."""
    reference, labels = record.tensors["reference"].numpy(), record.tensors["labels"].numpy()
    return Neighbours(reference, labels, classes=classes, k=int(record.facts["k"]))


def _predicted(members: Sequence[Neighbours], features: FloatArray) -> list[FloatArray]:
    """Return each member's shares of the vote, (m, classes) float32."""
    distinct, places = _distinct([member.reference for member in members])
    asked = unit(features).astype(np.float64)
    shares = [np.zeros((len(asked), member.classes), dtype=np.float32) for member in members]
    block = max(1, _AT_ONCE // max(1, len(distinct)))
    with single_threaded():
        for start in range(0, len(asked), block):
            rows = slice(start, start + block)
            similarity = np.round(asked[rows] @ distinct.T, _DECIMALS)
            for member, own, share in zip(members, places, shares, strict=True):
                share[rows] = _votes(similarity[:, own], member)
    return shares


def _votes(similarity: NDArray[np.float64], member: Neighbours) -> FloatArray:
    nearest = nearest_of(similarity, member.k)
    close = np.take_along_axis(similarity, nearest, axis=1)
    votes = np.exp((close - close[:, :1]) / TEMPERATURE)
    shares = np.zeros((len(similarity), member.classes))
    np.add.at(shares, (np.arange(len(similarity))[:, None], member.labels[nearest]), votes)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def nearest_of(similarity: NDArray[np.float64], k: int) -> IntArray:
    """Return the columns of the k largest of every row, (m, k), largest first; of equal ones the earlier.

    As a stable sort of the whole row would, in a tenth of its time.
    """
    if k >= similarity.shape[1]:
        return np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    some = np.sort(np.argpartition(-similarity, k - 1, axis=1)[:, :k], axis=1)
    values = np.take_along_axis(similarity, some, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    nearest: IntArray = np.take_along_axis(some, order, axis=1).astype(np.int64)
    # Where more than k are as near as the last of them, a partition has taken any of them.
    tied = np.flatnonzero((similarity >= values.min(axis=1, keepdims=True)).sum(axis=1) > k)
    nearest[tied] = np.argsort(-similarity[tied], axis=1, kind="stable")[:, :k]
    return nearest


def _distinct(references: Sequence[FloatArray]) -> tuple[NDArray[np.float64], list[IntArray]]:
    """Return the distinct rows of several matrices, and the place of every row of each among them."""
    places: dict[bytes, int] = {}
    rows: list[FloatArray] = []
    found = []
    for reference in references:
        own = np.empty(len(reference), dtype=np.int64)
        for index, row in enumerate(reference):
            place = places.setdefault(row.tobytes(), len(rows))
            if place == len(rows):
                rows.append(row)
            own[index] = place
        found.append(own)
    return np.stack(rows).astype(np.float64), found


def unit(features: FloatArray) -> FloatArray:
    """Return rows of norm 1; a row of zeros stays one."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(norms, 1e-12), dtype=np.float32)
