"""Whether a frozen base may be read in bfloat16: asked before anything is encoded, answered once a draw.

In: a trunk, its readers, a fresh backbone. Out: nothing, or `PrecisionProblem` with both accuracies. The comparison
itself is `engine/precision.py`; it is stored, so that a run that goes on does not make it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluators.backbones.backbone import Backbone
from evaluators.canonical import digest_of
from evaluators.data.task_data import TaskData
from evaluators.data.view import draw
from evaluators.errors import PrecisionProblem
from evaluators.plan import PlannedCell
from evaluators.results import ResultStore, Stored


def check_precision(
    trunk: str,
    readers: Sequence[PlannedCell],
    backbone: Backbone,
    *,
    data: Mapping[str, TaskData],
    results: ResultStore,
) -> None:
    """Compare a fresh backbone in both precisions, on the largest draw of each task that reads it, once a draw.

    Args:
        trunk: Key of the trunk.
        readers: The cells that read it.
        backbone: A fresh one; its weights are cast in place.
        data: The loaded tasks, by id.
        results: Where the comparisons are stored.

    Raises:
        PrecisionProblem: If bfloat16 costs accuracy on one of them; nothing was encoded.
    """
    from evaluators.engine.encode import encode
    from evaluators.engine.precision import MOST, agreement, agreement_of

    largest = {
        planned.cell.task: planned
        for planned in sorted(readers, key=lambda planned: planned.cell.labels_per_class)
    }
    draws = {task: draw(planned.cell, data[task]) for task, planned in largest.items()}
    draws = {task: drawn.take(np.arange(min(MOST, len(drawn.labels)))) for task, drawn in draws.items()}
    # By what is looked at: another task, and a larger draw, may lose what this one does not.
    keys = {task: digest_of([trunk, list(drawn.samples.digests)]) for task, drawn in draws.items()}
    new = [task for task, key in keys.items() if not results.intact("precision", key)]
    # All in float32 first: for bfloat16 the weights are cast, and stay so.
    exact, rough = (
        {task: encode(backbone, draws[task].samples, dtype=dtype, progress=_silent) for task in new}
        for dtype in ("float32", "bfloat16")
    )
    for task in new:
        found = agreement(exact[task], rough[task], draws[task].labels, len(data[task].labels))
        results.write("precision", keys[task], Stored({}, found.facts))
    for key in keys.values():
        found = agreement_of(results.read("precision", key).facts)
        if not found.holds:
            raise PrecisionProblem(
                f"bfloat16 does not do for this base: {found}", hint="set `dtype: float32` in the protocol"
            )


def _silent(done: int, total: int) -> None:
    """A few hundred samples are nothing to watch."""
