"""What the recommended strategies answer: confusions, classes, confidence against accuracy.

In: the table of arms. Out: `Answers` of each recommended arm, on the judged set and every shifted set of known labels.
Of the others there are means only: a matrix an arm would be most of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from evaluators.answer_evidence import Answers, ClassScore, ConfidenceBin
from evaluators.data.samples import FloatArray
from evaluators.diagnostics.slices import class_shares
from evaluators.evidence import Recommendation
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.corruptions import severities_of
from evaluators.findings.measurements import VALIDATION, Design
from evaluators.findings.scoring import BoolArray, ItemAnswers
from evaluators.metrics.reliability import reliability_bins


def answers_of(
    arms: ArmTable, design: Design, recommendations: tuple[Recommendation, ...]
) -> tuple[Answers, ...]:
    """Return the answers of every recommended arm, in the order of the recommendations and sets."""
    found = []
    for row in recommendations:
        arm = arms.get(row.task, row.candidate, row.strategy, row.labels_per_class)
        for name in arm.answered_sets if arm else ():
            if name in severities_of(design.task(row.task)):
                continue  # five matrices a family would be most of the document
            if arm and (name == design.judged_set or name != VALIDATION):
                found.append(_answers(arm, name))
    return tuple(found)


def _answers(arm: Arm, set_name: str) -> Answers:
    runs = list(arm.answers(set_name).values())
    right = [run.predicted == run.labels for run in runs]
    counts = Counter(
        pair for run in runs for pair in zip(run.labels.tolist(), run.predicted.tolist(), strict=True)
    )
    return Answers(
        task=arm.key.task,
        candidate=arm.key.candidate,
        strategy=arm.key.strategy,
        labels_per_class=arm.key.labels_per_class,
        set=set_name,
        runs=len(runs),
        confusion=tuple((true, said, number) for (true, said), number in sorted(counts.items())),
        classes=tuple(
            ClassScore(
                label=row.label,
                items=row.share.n,
                accuracy=row.share.value,
                low=row.share.low or 0.0,
                high=1.0 if row.share.high is None else row.share.high,
            )
            for row in class_shares(runs[0].labels, right)
        ),
        reliability=_bins([run.confidence for run in runs], right),
        reliability_scaled=_scaled_bins(runs, right),
    )


def _bins(confidence: Sequence[FloatArray], right: Sequence[BoolArray]) -> tuple[ConfidenceBin, ...]:
    found = reliability_bins(np.concatenate(confidence), np.concatenate(right))
    return tuple(
        ConfidenceBin(answers=row.answers, confidence=row.confidence, accuracy=row.accuracy) for row in found
    )


def _scaled_bins(runs: Sequence[ItemAnswers], right: Sequence[BoolArray]) -> tuple[ConfidenceBin, ...]:
    scaled = [run.scaled for run in runs if run.scaled is not None]
    return _bins(scaled, right) if len(scaled) == len(runs) else ()
