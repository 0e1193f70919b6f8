"""The features of one trunk by sample content: what makes every sample encoded exactly once.

Rows are looked up by (trunk key, sample digest), so all heads, train sizes, runs and sets share them without a special
case. Encoding goes by chunks: their membership is a pure function of the plan, each is stored whole, and one that was
interrupted is computed again with the same batches, so a resumed run gives the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluators.canonical import digest_of
from evaluators.data.samples import FloatArray, Samples
from evaluators.origin import Origin
from evaluators.results import ResultStore, Stored

CHUNK = 512


@dataclass
class FeatureTable:
    """Rows of one trunk that are stored, by sample digest."""

    trunk: str
    rows: dict[str, FloatArray] = field(default_factory=dict)

    def add(self, stored: Stored) -> None:
        """Add a stored chunk."""
        digests = [bytes(row).hex() for row in stored.arrays["digests"]]
        self.rows.update(zip(digests, stored.arrays["features"], strict=True))

    def lookup(self, samples: Samples) -> FloatArray:
        """Return (n, width) features, in the order of the samples."""
        return np.stack([self.rows[digest] for digest in samples.digests])


def read_table(results: ResultStore, trunk: str) -> FeatureTable:
    """Return what is stored of a trunk."""
    table = FeatureTable(trunk)
    for chunk in results.feature_chunks(trunk):
        table.add(chunk)
    return table


def distinct(sets: Sequence[Samples]) -> Samples:
    """Return each distinct sample of several sets once, shortest first, in an order that depends on content only."""
    seen: dict[str, tuple[int, str, int, int]] = {}
    for number, samples in enumerate(sets):
        for index, (digest, item) in enumerate(zip(samples.digests, samples.items, strict=True)):
            if digest not in seen:
                length = len(item) if isinstance(item, str) else item.size
                seen[digest] = (length, digest, number, index)
    order = sorted(seen.values())
    modality = sets[0].modality if sets else "text"
    return Samples(
        modality,
        tuple(sets[number].items[index] for _, _, number, index in order),
        tuple(digest for _, digest, _, _ in order),
    )


def chunks(samples: Samples) -> list[Samples]:
    """Cut distinct samples into the units that are encoded and stored."""
    return [
        samples.take(range(start, min(start + CHUNK, len(samples))))
        for start in range(0, len(samples), CHUNK)
    ]


def store_chunk(
    results: ResultStore, trunk: str, samples: Samples, features: FloatArray, made: Origin | None = None
) -> Stored:
    """Store the features of a chunk and return what was stored; `made` says what encoding it cost, and where."""
    digests = np.array([np.frombuffer(bytes.fromhex(digest), dtype=np.uint8) for digest in samples.digests])
    facts = {"trunk": trunk, "samples": len(samples), **(made.facts if made else {})}
    stored = Stored({"digests": digests, "features": features}, facts)
    results.write("features", f"{trunk}/{digest_of(list(samples.digests))}", stored)
    return stored
