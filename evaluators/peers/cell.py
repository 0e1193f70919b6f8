"""One cell as a script receives it, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evaluators.candidate import ImageInput, TextInput
from evaluators.data.samples import FloatArray, LabelledSet, Samples
from evaluators.protocol import SettingValue

Trains = Literal["everything", "scratch", "upper", "head", "adapters"]
"""What is trained: all weights, all from a random start, the upper `trained_share` of the blocks, nothing but the head,
or low-rank updates (`rank`, `alpha`, `dropout`). The head always is."""


@dataclass(frozen=True, eq=False)
class PeerCell:
    """The same measurement as a planned cell of ours: same base, draw, steps, batch size and rates.

    Attributes:
        folder: Files of the base model.
        input: How inputs reach it.
        trains: What is trained.
        train: The labels of one draw.
        validation: What a script that evaluates on the way looks at.
        sets: What to predict, by name.
        classes: Number of classes.
        settings: Complete settings of our strategy, which the recipe is read from.
        seed: Seed of initialisation and order.
        device: `cpu` or `cuda`.
    """

    folder: Path
    input: TextInput | ImageInput
    trains: Trains
    train: LabelledSet
    validation: LabelledSet
    sets: Mapping[str, Samples]
    classes: int
    settings: Mapping[str, SettingValue]
    seed: int
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class PeerResult:
    """What a script found.

    Attributes:
        probabilities: (n, classes) float32 of every set.
        steps: Optimiser steps taken.
        counters: `sample_forwards` through the trunk and the padded `tokens` of them, evaluation included.
    """

    probabilities: Mapping[str, FloatArray]
    steps: int
    counters: Mapping[str, int] = field(default_factory=dict)
