"""The experiment of MLflow that evaluations stand in: its name, its note, and the view that it opens in."""

from __future__ import annotations

EXPERIMENT = "hub-evaluations"
#: Opens the UI in its view of models; it starts in that of agents.
MODEL_TRAINING = "workflowType=machine_learning"
EXPERIMENT_NOTE = (
    "Evaluations of base models, one run each. Choose *Model training* at the top left: Models is the leaderboard, one "
    "row a base, strategy and task, the best of the newest evaluation first. `hub leaderboard TASK` shows a whole task "
    "in its order. Written by `hub evaluate`; approvals rest on the signed evidence, never on this page."
)
