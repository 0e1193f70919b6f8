"""`transformers.Trainer` as people paste it, one script for every cell.

Float32, padding to 128 tokens, random batches, a look at validation after every epoch.
`python -m evaluators.peers.trainer_default FOLDER` is that script; see `script.py`.
"""

from __future__ import annotations

from evaluators.peers.cell import PeerCell, PeerResult
from evaluators.peers.script import serve
from evaluators.peers.trainer_run import Habits, run_trainer

HABITS = Habits(
    max_length=128,
    sampling="random",
    eval_batch_size=16,
    evaluates=True,
    watches_loss=True,
    reduced_precision=False,
)


def fit(cell: PeerCell) -> PeerResult:
    """Train and predict one cell of texts."""
    return run_trainer(cell, HABITS)


if __name__ == "__main__":
    serve(fit)
