"""What a strategy receives and what it returns.

A job holds one draw's training labels and nothing else: no validation, no locked test, no path. A strategy cannot
read what it is not given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evaluators.backbones.backbone import Backbone
from evaluators.data.samples import FloatArray, IntArray, Samples
from evaluators.protocol import SettingValue

if TYPE_CHECKING:
    from evaluators.backbones.causal import CausalModel
    from evaluators.engine.states import StateTable

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""

Remedy = Callable[[str], None]
"""Called with what was changed so that a fit could be made: less memory, more precision. Recorded with the fit."""


def unrecorded(what: str) -> None:
    """Nobody asks what was changed."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a head or a model reads: raw samples, frozen features, or both absent never.

    Attributes:
        samples: Raw inputs, for strategies that see `samples`.
        features: (n, width) float32, for strategies that see `features`; for those that see `layers` the pooled output
            of every block, bottom-up, side by side.
    """

    samples: Samples | None = None
    features: FloatArray | None = None


class BoundaryStates(Protocol):
    """Hidden states of the frozen lower blocks, computed once for every fit of a plan that begins above them."""

    @property
    def seconds_each(self) -> float:
        """What computing them took, for each sample."""
        ...

    def table(self, depth: int) -> StateTable | None:
        """Return the states that enter block `depth`; None where a fit has to compute its own."""
        ...


@dataclass(frozen=True, eq=False)
class FitJob:
    """One fit.

    Attributes:
        inputs: n training inputs of one draw.
        labels: (n,) class indices.
        classes: Number of classes of the task; some may be absent from the draw.
        names: Their names, in the order of the indices; empty where only indices are known.
        label_features: (classes, width) float32, features of the labels' names as texts; for rows that read them only.
        settings: Complete settings of the strategy.
        seed: Seed of initialisation and order.
        selection: `held-out`: a strategy with a grid chooses on a stratified fifth of these labels.
        load_language_model: Returns the base as a causal language model; for rows that need one.
        load_backbone: Called with `pretrained`; returns a fresh backbone on `device`. None for data-only baselines.
        device: `cpu` or `cuda`.
        dtype: `float32`, or `bfloat16` for autocast.
        progress: Called as training goes on.
        states: Shared states of a base whose lower blocks are frozen; None if the fit computes those of its samples.
        remedy: Called where the fit had to be made otherwise than asked for.
    """

    inputs: Inputs
    labels: IntArray
    classes: int
    settings: Mapping[str, SettingValue]
    seed: int
    selection: str
    load_backbone: Callable[[bool], Backbone] | None
    device: str
    dtype: str
    progress: Progress
    names: tuple[str, ...] = ()
    label_features: FloatArray | None = None
    states: BoundaryStates | None = None
    load_language_model: Callable[[], CausalModel] | None = None
    remedy: Remedy = unrecorded


def plain_job(inputs: Inputs, labels: IntArray, classes: int, settings: Mapping[str, SettingValue]) -> FitJob:
    """Return a fit on the processor that needs no base, chooses nothing and draws nothing: of a floor, of a probe."""
    return FitJob(
        inputs=inputs,
        labels=labels,
        classes=classes,
        settings=settings,
        seed=0,
        selection="fixed",
        load_backbone=None,
        device="cpu",
        dtype="float32",
        progress=_untold,
    )


def _untold(done: int, total: int) -> None:
    """It takes a second; nobody waits for it."""


class Fitted(Protocol):
    """A trained classifier."""

    @property
    def trained_parameters(self) -> int:
        """How many numbers were trained."""
        ...

    @property
    def steps(self) -> int:
        """Optimizer steps; 0 where there is no optimizer."""
        ...

    @property
    def converged(self) -> bool:
        """Whether an optimiser that looks for an optimum found it; True where training is a number of steps."""
        ...

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32, rows summing to one."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was trained: `fit.json` and `fit.safetensors`; never the frozen base."""
        ...


class FittedTogether(Protocol):
    """Classifiers that were trained in one pass, and that predict in one."""

    @property
    def members(self) -> Sequence[Fitted]:
        """The classifiers, in the order of the jobs; each is complete by itself."""
        ...

    def predict(self, inputs: Sequence[Inputs]) -> list[FloatArray]:
        """Return each member's class probabilities for its own inputs; where all read the same, that is one object."""
        ...


@dataclass(frozen=True, eq=False)
class OneByOne:
    """Classifiers that share nothing in prediction.

    Attributes:
        members: The classifiers, in the order of the jobs.
    """

    members: Sequence[Fitted]

    def predict(self, inputs: Sequence[Inputs]) -> list[FloatArray]:
        """Return what each predicts for its own inputs."""
        return [fitted.predict(own) for fitted, own in zip(self.members, inputs, strict=True)]


class NotApplicable(Exception):
    """The strategy cannot run here; the cell is skipped with the reason.

    A library or a device is missing, or the base lacks what only shows when it is loaded: biases, free positions.
    """


class DivergedError(Exception):
    """The loss became NaN or infinite; the cell fails with this reason."""
