"""The settings of a training run as one typed value, and what follows from them: steps and rates. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evaluators.protocol import SettingValue


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: Passes over the training samples, within these bounds:
        min_steps: Optimiser steps at least, so that few samples are passed over more often.
        max_steps: Optimiser steps at most.
        batch_size: Samples a step.
        learning_rate: Of AdamW, at the end of the warm-up.
        head_rate: The head's rate, as a multiple of `learning_rate`.
        weight_decay: Of matrices; vectors (biases, norms) have none.
        warmup: Share of the steps in which the rate rises from 0.
        clip: Largest norm of the gradient.
        decay: `cosine` or `linear`, both to 0.
    """

    epochs: int
    min_steps: int
    max_steps: int
    batch_size: int
    learning_rate: float
    head_rate: float
    weight_decay: float
    warmup: float
    clip: float
    decay: str

    def steps(self, samples: int) -> int:
        """Return the number of optimiser steps over n samples."""
        wanted = self.epochs * math.ceil(samples / self.batch_size)
        return min(self.max_steps, max(self.min_steps, wanted))

    def factor(self, step: int, steps: int) -> float:
        """Return the share of the full rate at a step (0-based) of `steps`."""
        warm = self.warmup * steps
        if step + 1 <= warm:
            return (step + 1) / warm
        left = 1.0 - (step + 1 - warm) / (steps + 1 - warm)
        return left if self.decay == "linear" else 0.5 * (1.0 - math.cos(math.pi * left))


def recipe_of(settings: Mapping[str, SettingValue]) -> Recipe:
    """Read a recipe from complete settings; `decay` is `cosine`, `weight_decay` 0 where they are not given.

    Raises:
        KeyError: If a setting is missing.
        ValueError: If `decay` is neither `cosine` nor `linear`.
    """
    decay = str(settings.get("decay", "cosine"))
    if decay not in ("cosine", "linear"):
        raise ValueError(f"decay is cosine or linear, not {decay!r}")
    return Recipe(
        epochs=int(settings["epochs"]),
        min_steps=int(settings.get("min_steps", 1)),
        max_steps=int(settings["max_steps"]),
        batch_size=int(settings["batch_size"]),
        learning_rate=float(settings["learning_rate"]),
        head_rate=float(settings["head_rate"]),
        weight_decay=float(settings.get("weight_decay", 0.0)),
        warmup=float(settings["warmup"]),
        clip=float(settings["clip"]),
        decay=decay,
    )
