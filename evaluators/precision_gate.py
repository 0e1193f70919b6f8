"""Whether a frozen base may be read in bfloat16: asked of every trunk before anything is encoded, answered once.

In: a trunk, its readers, a fresh backbone. Out: nothing, or `PrecisionProblem` with both accuracies. The comparison
itself is `engine/precision.py`; it is stored, so that a run that goes on does not make it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluators.backbones.backbone import Backbone
from evaluators.data import TaskData
from evaluators.errors import PrecisionProblem
from evaluators.plan import PlannedCell
from evaluators.results import ResultStore, Stored
from evaluators.view import draw


def check_precision(
    trunk: str,
    readers: Sequence[PlannedCell],
    backbone: Backbone,
    *,
    data: Mapping[str, TaskData],
    results: ResultStore,
) -> None:
    """Compare a fresh backbone in both precisions, once a trunk, on the largest draw that reads it.

    Args:
        trunk: Key of the trunk.
        readers: The cells that read it.
        backbone: A fresh one; its weights are cast in place.
        data: The loaded tasks, by id.
        results: Where the comparison is stored.

    Raises:
        PrecisionProblem: If bfloat16 costs accuracy; nothing was encoded.
    """
    from evaluators.engine.encode import encode
    from evaluators.engine.precision import MOST, agreement, agreement_of

    if not results.intact("precision", trunk):
        largest = max(readers, key=lambda planned: planned.cell.labels_per_class)
        task = data[largest.cell.task]
        drawn = draw(largest.cell, task)
        drawn = drawn.take(np.arange(min(MOST, len(drawn.labels))))
        exact, rough = (
            encode(backbone, drawn.samples, dtype=dtype, progress=_silent)
            for dtype in ("float32", "bfloat16")
        )
        found = agreement(exact, rough, drawn.labels, len(task.labels))
        results.write("precision", trunk, Stored({}, found.facts))
    found = agreement_of(results.read("precision", trunk).facts)
    if not found.holds:
        raise PrecisionProblem(
            f"bfloat16 does not do for this base: {found}", hint="set `dtype: float32` in the protocol"
        )


def _silent(done: int, total: int) -> None:
    """A few hundred samples are nothing to watch."""
