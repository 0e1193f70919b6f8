"""How much training a planned cell takes, by what its row of the ladder says. Pure.

`Cost` is read here and nowhere else: a row whose training goes another way, as partial freezes do from states of their
frozen blocks, is told apart here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from evaluators.candidate import Candidate
from evaluators.engine.recipe import recipe_of
from evaluators.ladder.depth import frozen_blocks
from evaluators.plan import PlannedCell
from evaluators.strategy import strategy


@dataclass(frozen=True)
class Training:
    """What training a cell's network takes.

    Attributes:
        steps: Optimiser steps.
        batch: Samples a step.
        passes: Forward passes of the base that a sample of a step costs, with its gradients.
        reading: Forward passes of the base that a sample costs when it is predicted: more than one with adapters.
        before: Forward passes of the base over all labels before the first step.
        mixed: Whether a batch holds texts of all lengths: pairs do not come by length.
    """

    steps: int
    batch: int
    passes: float
    reading: float = 1.0
    before: float = 0.0
    mixed: bool = False

    @property
    def samples(self) -> int:
        """Samples read, each as often as it is read."""
        return self.steps * self.batch


def training(planned: PlannedCell, candidate: Candidate | None) -> Training:
    """Return what training a cell's network takes; no steps where none is trained.

    Args:
        planned: The cell.
        candidate: What it measures; None if it depends on the data alone.
    """
    row, settings = strategy(planned.cell.strategy), dict(planned.cell.settings)
    if candidate is None or row.cost.passes == 0 or "epochs" not in settings:
        return Training(0, 1, 0.0)
    recipe, labels = recipe_of(settings), planned.cell.labels
    if "pairs" in settings:
        # Of either kind, two texts a pair; what several pairs of a batch share is read once. Each of a batch's pairs
        # holds a given text with probability 2 / labels.
        steps = recipe.steps(2 * int(settings["pairs"]) * labels)
        before = labels * row.cost.before(settings, candidate.structure.blocks)
        distinct = labels * (1.0 - (1.0 - min(2.0 / labels, 1.0)) ** recipe.batch_size)
        return Training(steps, round(distinct), row.cost.passes, before=before, mixed=True)
    beside = low_rank_share(candidate, float(settings["rank"])) if "rank" in settings else 0.0
    # Through the frozen weights forward and back; what is beside them is trained, so it costs three.
    blocks = candidate.structure.blocks
    passes = 2.0 + 3.0 * beside if beside else row.cost.at(settings, blocks)
    return Training(
        recipe.steps(labels),
        min(recipe.batch_size, labels),
        passes,
        1.0 + beside,
        labels * row.cost.before(settings, blocks),
    )


def above_states(how: Training, planned: PlannedCell, candidate: Candidate) -> Training:
    """Return what is left of a partial freeze's training where all states of its frozen blocks are at hand."""
    blocks = candidate.structure.blocks
    frozen = frozen_blocks(dict(planned.cell.settings), blocks) / blocks
    return replace(how, reading=how.reading - frozen, before=0.0)


def low_rank_share(candidate: Candidate, rank: float) -> float:
    """Return what updates of a rank cost beside the layers that they update, as a share of these.

    Of a transformer's block, with four matrices of width by width and two that are four times as wide:
    18 rank * width / 12 width^2. Convolutional networks have narrower layers, and theirs cost more than this says.
    """
    return 1.5 * rank / candidate.structure.width
