"""Which labels a run may use: draws of a train size out of a pool, and the part of a draw that selection uses.

Pure functions of labels and seeds, the same on every machine and NumPy version: `nested` orders by raw bits of PCG64
and `mteb` by RandomState, the two streams that NumPy promises never to change. Sizes of one nested draw are prefixes
of each other, and every strategy gets the same draw, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import IntArray
from evaluators.errors import UsageProblem
from evaluators.names import unknown_name

SAMPLERS = ("nested", "mteb")

_MTEB_SEED = 42


class TooFewLabels(UsageProblem):
    """A class has fewer samples in the pool than the train size needs; a planned cell is skipped with this reason.

    Attributes:
        label: Index of the class.
        have: Its samples in the pool.
        need: Samples a class that were asked for.
    """

    def __init__(self, label: int, have: int, need: int, names: Sequence[str] = ()) -> None:
        """Say what is missing; `names` are those of the classes, by index."""
        who = repr(names[label]) if names else str(label)
        super().__init__(
            f"class {who} has {have} labelled samples in the pool, {need} are needed",
            hint=f"measure at most {have} labels a class, or label more",
        )
        self.label = label
        self.have = have
        self.need = need


def draw_indices(
    labels: IntArray, *, per_class: int, draw: int, sampler: str, splits_digest: str
) -> IntArray:
    """Choose the training samples of one run.

    Args:
        labels: (n,) class indices of the pool; for `mteb` in the row order of the file.
        per_class: Samples a class, at least 1.
        draw: Number of the draw, from 0.
        sampler: `nested`, or `mteb` for the draws of the MTEB classification protocol.
        splits_digest: Identity of the splits, which seeds `nested`.

    Returns:
        (classes * per_class,) indices into the pool. `nested`: one of each class by turns, so that a smaller size is
        a prefix of a larger one. `mteb`: in the order that MTEB trains on.

    Raises:
        TooFewLabels: If a class has fewer than `per_class` samples.
        UsageProblem: If there is no such sampler.
    """
    if sampler not in SAMPLERS:
        raise unknown_name("sampler", sampler, SAMPLERS)
    classes, counts = np.unique(labels, return_counts=True)
    if np.min(counts) < per_class:
        scarce = int(np.argmin(counts))
        raise TooFewLabels(int(classes[scarce]), int(counts[scarce]), per_class)
    if sampler == "mteb":
        return _mteb(labels, per_class, draw)
    return _nested(labels, counts, per_class, _bits(f"draw:{splits_digest}:{draw}", len(labels)))


def held_out(labels: IntArray, seed: int) -> tuple[IntArray, IntArray]:
    """Divide a draw 4:1 into what is fitted and what selects a setting, stratified.

    Samples stand by class, at random within a class, and every fifth is held out: each class gives its share to within
    one sample, whatever its size. The only sample of a class is always fitted.

    Args:
        labels: (n,) class indices of the draw.
        seed: Seed of the run.

    Returns:
        Sorted indices (fit, selection), together every sample once; selection is empty if there is nothing to spare.
    """
    order: IntArray = np.lexsort((_bits(f"held-out:{seed}", len(labels)), labels)).astype(np.int64)
    fifth = order[4::5]
    sizes = np.bincount(labels)
    selection = np.sort(fifth[sizes[labels[fifth]] > 1])
    return np.setdiff1d(np.arange(len(labels), dtype=np.int64), selection), selection


def _nested(labels: IntArray, counts: NDArray[np.intp], per_class: int, bits: NDArray[np.uint64]) -> IntArray:
    """Order each class by its random bits, which is a uniform permutation, and take one of each by turns."""
    order: IntArray = np.lexsort((bits, labels)).astype(np.int64)
    starts = np.cumsum(counts) - counts
    turns: IntArray = order[starts[np.newaxis, :] + np.arange(per_class)[:, np.newaxis]]
    return turns.reshape(-1)


def _mteb(labels: IntArray, per_class: int, draw: int) -> IntArray:
    """Reproduce MTEB: every draw seeds anew and shuffles the order that the draw before left behind."""
    order = np.arange(len(labels), dtype=np.int64)
    for _ in range(draw + 1):
        np.random.RandomState(_MTEB_SEED).shuffle(order)
    taken: dict[int, int] = {}
    chosen: list[int] = []
    for index, label in zip(order.tolist(), labels[order].tolist(), strict=True):
        if taken.get(label, 0) < per_class:
            chosen.append(index)
            taken[label] = taken.get(label, 0) + 1
    return np.array(chosen, dtype=np.int64)


def _bits(seed: str, count: int) -> NDArray[np.uint64]:
    generator = np.random.PCG64(int.from_bytes(sha256(seed.encode("utf-8")).digest(), "big"))
    return np.asarray(generator.random_raw(count), dtype=np.uint64)
