"""Inputs without labels, and labelled sets: what data become after reading, before any model sees them.

Every sample has a digest of its content, so that equal samples are encoded once, whatever set they stand in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.candidate import Modality
from evaluators.canonical import digest_of_bytes

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]
"""(height, width, 3), RGB."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs of one modality, in order.

    Attributes:
        modality: `text` or `image`.
        items: Strings, or uint8 arrays (height, width, 3).
        digests: sha256 of each item's content, in the same order.
    """

    modality: Modality
    items: tuple[str | Image, ...]
    digests: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.items)

    def take(self, indices: Sequence[int] | IntArray) -> Samples:
        """Return the samples at `indices`, in that order."""
        chosen = [int(index) for index in indices]
        return Samples(
            self.modality,
            tuple(self.items[index] for index in chosen),
            tuple(self.digests[index] for index in chosen),
        )

    def followed_by(self, other: Samples) -> Samples:
        """Return these samples, then others of the same modality."""
        return Samples(self.modality, self.items + other.items, self.digests + other.digests)

    @property
    def texts(self) -> tuple[str, ...]:
        """The items as strings; for text only."""
        assert self.modality == "text"
        return tuple(str(item) for item in self.items)

    @property
    def images(self) -> tuple[Image, ...]:
        """The items as uint8 arrays (height, width, 3); for images only."""
        assert self.modality == "image"
        return tuple(item for item in self.items if not isinstance(item, str))


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Samples with labels.

    Attributes:
        name: `train`, `validation`, `test` or the id of a shifted set.
        samples: n inputs.
        labels: (n,) indices into the task's label names; -1 where the sample is out of scope.
        groups: (n,) which samples belong together, numbered within the set; None where each stands for itself.
    """

    name: str
    samples: Samples
    labels: IntArray
    groups: IntArray | None = None

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, indices: Sequence[int] | IntArray) -> LabelledSet:
        """Return the subset at `indices`, in that order."""
        rows = np.asarray(indices, dtype=np.int64)
        groups = None if self.groups is None else self.groups[rows]
        return LabelledSet(self.name, self.samples.take(indices), self.labels[rows], groups)

    def followed_by(self, other: LabelledSet, *, name: str) -> LabelledSet:
        """Return this set, then another one of the same task, under a name of its own; groups are not kept."""
        return LabelledSet(
            name, self.samples.followed_by(other.samples), np.concatenate([self.labels, other.labels])
        )


def text_samples(texts: Sequence[str]) -> Samples:
    """Return text samples; equal strings have equal digests."""
    return Samples("text", tuple(texts), tuple(digest_of_bytes(text.encode("utf-8")) for text in texts))


def image_samples(images: Sequence[Image]) -> Samples:
    """Return image samples; equal pixels and shapes have equal digests.

    Args:
        images: uint8 arrays (height, width, 3).
    """
    digests = [
        digest_of_bytes(str(image.shape).encode() + np.ascontiguousarray(image).tobytes()) for image in images
    ]
    return Samples("image", tuple(images), tuple(digests))
