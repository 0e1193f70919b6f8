"""`transformers.Trainer` by somebody who knows it, one process for all cells.

Batches of like lengths padded to their longest, fused AdamW, nothing evaluated, logged or saved on the way, the sets
predicted in large sorted batches.
"""

from __future__ import annotations

from evaluators.peers.cell import PeerCell, PeerResult
from evaluators.peers.trainer_run import Habits, run_trainer

HABITS = Habits(
    max_length=None,
    sampling="group_by_length",
    eval_batch_size=128,
    evaluates=False,
    watches_loss=False,
    reduced_precision=True,
)


def fit(cell: PeerCell) -> PeerResult:
    """Train and predict one cell of texts."""
    return run_trainer(cell, HABITS)
