"""From a row of the table of strategies to the function that it names. Nothing else is looked up by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from evaluators.engine.job import FitJob, Fitted, FittedTogether
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
    function: Callable[[FitJob], Fitted] = _ours(strategy, strategy.fit)
    return function


def fit_together(strategy: Strategy, jobs: Sequence[FitJob]) -> FittedTogether:
    """Train a strategy on several jobs over one base, each as `fit` would train it alone.

    Args:
        strategy: A row of the table that has a `fused` function.
        jobs: At least one; equal in base, settings, device and dtype. Progress is told to the first.

    Raises:
        ValueError: If the row has no such function, or names something outside `evaluators`.
        DivergedError: If the loss of one of them became NaN or infinite.
    """
    return prepare_together(strategy)(jobs)


def prepare_together(strategy: Strategy) -> Callable[[Sequence[FitJob]], FittedTogether]:
    """Import the function that trains several jobs at once.

    Raises:
        ValueError: If the row has none, or names something outside `evaluators`.
    """
    if strategy.fused is None:
        raise ValueError(f"{strategy.id} has no fused function")
    function: Callable[[Sequence[FitJob]], FittedTogether] = _ours(strategy, strategy.fused)
    return function


def _ours(strategy: Strategy, place: str) -> Any:
    module, _, name = place.partition(":")
    if not module.startswith("evaluators."):
        raise ValueError(f"{strategy.id}: {place} is not a function of ours")
    return getattr(import_module(module), name)
