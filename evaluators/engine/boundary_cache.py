"""States at the boundaries of partial freezes: one forward through the frozen blocks for each distinct sample.

All depths that are asked for are taken from the same forward, which ends at the deepest. Samples go by the chunks of
`evaluators.features`, which are a pure function of a plan, and a chunk's batches of the chunk: a resumed plan gives
the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from evaluators.backbones.backbone import Backbone, Prepared
from evaluators.backbones.boundary import Boundary, find_boundaries, states_at
from evaluators.data.samples import Samples
from evaluators.engine.batching import arithmetic, autocast, length_sorted
from evaluators.engine.job import Progress
from evaluators.engine.placement import Cached, Tier
from evaluators.engine.products import fast_products
from evaluators.engine.states import StateTable, empty_table


@dataclass(frozen=True, eq=False)
class BoundaryCache:
    """The states that several fits train from; see `evaluators.engine.job.BoundaryStates`.

    Attributes:
        tables: By depth; a depth at which the network cannot be cut, or that is not worth its memory, is absent.
        samples: Distinct samples that went through the frozen blocks, each once.
        layer_forwards: Blocks that samples went through: `samples` times the deepest boundary.
        seconds: What that took.
    """

    tables: Mapping[int, StateTable] = field(default_factory=dict)
    samples: int = 0
    layer_forwards: int = 0
    seconds: float = 0.0

    def table(self, depth: int) -> StateTable | None:
        """Return the states at a depth, if they are here."""
        return self.tables.get(depth)

    @property
    def seconds_each(self) -> float:
        """What computing the states took, for each sample."""
        return self.seconds / self.samples if self.samples else 0.0

    @property
    def bytes(self) -> int:
        """Size of all tables."""
        return sum(table.rows.nbytes for table in self.tables.values())


def trial(backbone: Backbone, samples: Samples, depths: Sequence[int]) -> dict[int, Boundary]:
    """Return where a backbone can be cut, tried on the shortest and the longest of distinct samples.

    Args:
        backbone: Fresh; float32.
        samples: Shortest first, as `evaluators.features.distinct` orders them.
        depths: Blocks below each boundary.
    """
    backbone.module.eval()
    chosen = samples.take(sorted({0, len(samples) - 1}))
    with arithmetic(next(backbone.module.parameters()).device.type, training=False):
        return find_boundaries(backbone, backbone.prepare(chosen), depths)


def cached_states(
    backbone: Backbone, boundary: Boundary, samples: Samples, dtype: str, *, reads: int
) -> Cached:
    """Return what a fit's own states take and save; never on disk, since a fit does not know whose data it holds."""
    rows = sum(backbone.length(backbone.prepare(samples))) if boundary.by_token else len(samples)
    size = math.prod(boundary.row) * getattr(torch, dtype).itemsize
    each = rows / max(1, len(samples))
    return Cached(len(samples), each * size, each * boundary.flops, reads, may_touch_disk=False)


def fill(
    backbone: Backbone,
    boundaries: Mapping[int, Boundary],
    chunks: Sequence[Samples],
    *,
    tiers: Mapping[int, Tier],
    dtype: str,
    progress: Progress,
) -> BoundaryCache:
    """Compute the states of samples at boundaries.

    Args:
        backbone: In evaluation mode, its weights in float32.
        boundaries: By depth; one whose tier is `recompute` is left out.
        chunks: Distinct samples.
        tiers: Where each depth's states lie; `host` where it is not said.
        dtype: `float32`, or `bfloat16` for autocast; states are kept in it.
        progress: Called with (samples done, all) after every batch.
    """
    started = time.perf_counter()
    kept = {depth: b for depth, b in sorted(boundaries.items()) if tiers.get(depth) != "recompute"}
    total = sum(len(chunk) for chunk in chunks)
    if not kept or not total:
        return BoundaryCache()
    device = next(backbone.module.parameters()).device
    # Rows are counted before: token ids are small; images, all of one length, are prepared as they are read.
    by_token = any(boundary.by_token for boundary in kept.values())
    tokenized = [backbone.prepare(chunk) for chunk in chunks] if by_token else []
    lengths = [length for prepared in tokenized for length in backbone.length(prepared)] or [1] * total
    digests = [digest for chunk in chunks for digest in chunk.digests]
    tables = {
        depth: empty_table(
            boundary,
            digests,
            lengths,
            tier=tiers.get(depth, "host"),
            device=device,
            dtype=getattr(torch, dtype),
        )
        for depth, boundary in kept.items()
    }
    first = 0
    with (
        torch.inference_mode(),
        arithmetic(device.type, training=False),
        fast_products(backbone.module),
        autocast(device.type, dtype),
    ):
        for number, chunk in enumerate(chunks):
            prepared = tokenized[number] if by_token else backbone.prepare(chunk)
            _read(backbone, prepared, list(tables.values()), first, progress, total)
            first += len(chunk)
    return BoundaryCache(tables, total, total * max(kept), time.perf_counter() - started)


def _read(
    backbone: Backbone,
    prepared: Prepared,
    tables: Sequence[StateTable],
    first: int,
    progress: Progress,
    total: int,
) -> None:
    """Take the states of one chunk, whose samples are numbered from `first`."""
    done = first
    for indices in length_sorted(backbone.length(prepared)):
        batch = backbone.batch(prepared, indices)
        states = states_at(backbone, [table.boundary for table in tables], batch)
        for table, taken in zip(tables, states, strict=True):
            table.write([first + index for index in indices], taken)
        done += len(indices)
        progress(done, total)
