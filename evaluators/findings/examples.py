"""Items that the recommended strategies get wrong, for a page: of validation, never of a locked set.

In: the store and the data of an evaluation, and its findings. Out: `Example`s, which are handed to the page that is
written then and there. They are no part of findings: evidence holds no item. Restricted and
personal tasks give none.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from evaluators.data.samples import Image
from evaluators.data.view import VALIDATION
from evaluators.evidence import Findings, Recommendation
from evaluators.findings.collect import Reading
from evaluators.plan import PlannedCell
from evaluators.report.example import LONGEST_TEXT, MOST_OF_A_CLASS, Example
from evaluators.wording import cut

_CLASSES = 3
#: Pixels of the longer side of a picture.
_LARGEST_PICTURE = 96


def wrong_examples(reading: Reading, findings: Findings) -> tuple[Example, ...]:
    """Return a few wrong answers of each recommended strategy's first run, of the classes that it does worst on.

    Args:
        reading: What was measured, with its data; no receipt is needed, for no locked set is read.
        findings: What was gathered of it.
    """
    # What a person brings along is theirs: pages are logged where others read them.
    open_tasks = {task.id for task in findings.tasks if task.sensitivity != "restricted" and task.promotable}
    found: list[Example] = []
    for row in findings.recommendations:
        planned = _first_run(reading, row)
        if row.task in open_tasks and planned is not None:
            found += _of_cell(reading, planned, _worst(findings, row))
    return tuple(found)


def _first_run(reading: Reading, row: Recommendation) -> PlannedCell | None:
    """Return the first run that was scored, if it predicted validation."""
    wanted = (row.task, row.candidate, row.strategy, row.labels_per_class)
    runs = [
        planned
        for planned in reading.plan.cells
        if (
            planned.cell.task,
            planned.cell.candidate,
            planned.cell.strategy,
            planned.cell.labels_per_class,
        )
        == wanted
        and VALIDATION in planned.predict
        and reading.results.intact("predict", planned.predict[VALIDATION])
    ]
    return min(runs, key=lambda planned: planned.cell.run.index, default=None)


def _worst(findings: Findings, row: Recommendation) -> list[int]:
    """Return the classes with the lowest share right on the judged set, worst first."""
    for answers in findings.answers:
        if (answers.task, answers.candidate) == (row.task, row.candidate):
            ordered = sorted(answers.classes, key=lambda score: (score.accuracy, score.label))
            return [score.label for score in ordered if score.accuracy < 1.0]
    return []


def _of_cell(reading: Reading, planned: PlannedCell, classes: list[int]) -> Iterator[Example]:
    stored = reading.results.read("predict", planned.predict[VALIDATION])
    probabilities = stored.arrays["probabilities"]
    items = reading.data[planned.cell.task].open(VALIDATION)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    shown = 0
    for label in classes:
        wrong = np.flatnonzero((items.labels == label) & (predicted != label))
        if not len(wrong) or shown == _CLASSES:
            continue
        shown += 1
        # The surest mistakes say most; of equally sure ones the first.
        for place in wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_OF_A_CLASS].tolist():
            item = items.samples.items[place]
            yield Example(
                task=planned.cell.task,
                candidate=planned.cell.candidate,
                set=VALIDATION,
                label=label,
                predicted=int(predicted[place]),
                confidence=float(confidence[place]),
                text=cut(" ".join(item.split()), LONGEST_TEXT) if isinstance(item, str) else "",
                picture=b"" if isinstance(item, str) else _png(item),
            )


def _png(image: Image) -> bytes:
    from PIL import Image as Pillow  # images only

    picture = Pillow.fromarray(image)
    picture.thumbnail((_LARGEST_PICTURE, _LARGEST_PICTURE))
    out = io.BytesIO()
    picture.save(out, format="PNG")
    return out.getvalue()
