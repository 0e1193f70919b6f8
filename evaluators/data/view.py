"""What a node sees: a cell's own draw of labels, or the inputs of one of the task's sets.

Computing needs the inputs of a locked test and never its labels, so only draws come with labels here.
"""

from __future__ import annotations

from evaluators.cell import Cell
from evaluators.data.draws import draw_indices
from evaluators.data.label_texts import label_texts
from evaluators.data.samples import LabelledSet, Samples, text_samples
from evaluators.data.task_data import TaskData
from evaluators.strategy import strategy

TRAIN, VALIDATION, TEST = "train", "validation", "test"


def draw(cell: Cell, data: TaskData) -> LabelledSet:
    """Return the labelled samples that a cell may learn from.

    Raises:
        TooFewLabels: If a class has fewer samples than the draw needs.
    """
    sampler, pool, _ = cell.sampler.split("/")
    drawn = data.pool(pool)
    indices = draw_indices(
        drawn.labels,
        per_class=cell.labels_per_class,
        draw=cell.run.draw,
        sampler=sampler,
        splits_digest=cell.splits_digest,
    )
    return drawn.take(indices)


def inputs(cell: Cell, name: str, data: TaskData) -> Samples:
    """Return the inputs of a set; `train` is the cell's own draw."""
    return draw(cell, data).samples if name == TRAIN else data.samples(name)


def label_inputs(cell: Cell, data: TaskData) -> Samples:
    """Return the labels' names as texts that a trunk encodes, by index; none where the strategy reads none.

    Raises:
        UsageProblem: If the template has no place for a label.
    """
    if not strategy(cell.strategy).reads_label_texts:
        return text_samples(())
    return text_samples(label_texts(data.labels, str(dict(cell.settings)["template"])))
