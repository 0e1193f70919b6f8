"""From a row of the table of strategies to the function that it names. Nothing else is looked up by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from evaluators.engine.job import FitJob, Fitted
from evaluators.strategy import Strategy


def fit(strategy: Strategy, job: FitJob) -> Fitted:
    """Train a strategy on a job.

    Args:
        strategy: A row of the table; its `fit` names a function of ours.
        job: What to train on.

    Raises:
        ValueError: If the row names something outside `evaluators`.
        DivergedError: If the loss became NaN or infinite.
    """
    return prepare(strategy)(job)


def prepare(strategy: Strategy) -> Callable[[FitJob], Fitted]:
    """Import the function that trains a strategy, so that a clock around `fit` does not count the import.

    Raises:
        ValueError: If the row names something outside `evaluators`.
    """
    module, _, name = strategy.fit.partition(":")
    if not module.startswith("evaluators."):
        raise ValueError(f"{strategy.id}: {strategy.fit} is not a function of ours")
    function: Callable[[FitJob], Fitted] = getattr(import_module(module), name)
    return function
