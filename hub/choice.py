"""What a person chose to measure: names and options, as the commands and the notebook take them. A value."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.personal_task import OwnData


@dataclass(frozen=True)
class Choice:
    """What a person chose to measure.

    Attributes:
        models: Ids of cards, and folders with checkpoints.
        every: Every active model of the catalog that reads what the tasks are about, instead.
        tasks: Ids of tasks; empty: all that fit and whose data are here.
        protocol: How to measure.
        strategies: Only these beside the baselines; empty: all of the protocol.
        final: Open the locked tests.
        own: A person's own data, measured beside `tasks`.
        device: `any`, `cpu` or `cuda`.
        results: Folder or URL of the result store; None: HUB_RESULTS, or under HUB_HOME.
        budget: Seconds that computing may take; a tier of the ladder that does not fit is not begun. None: no limit.
        allow_leaks: Tasks that are measured however much of the training data their test repeats.
    """

    models: tuple[str, ...]
    every: bool = False
    tasks: tuple[str, ...] = ()
    protocol: str = "quick"
    strategies: tuple[str, ...] = ()
    final: bool = False
    own: OwnData | None = None
    device: str = "any"
    results: str | None = None
    budget: float | None = None
    allow_leaks: tuple[str, ...] = ()
