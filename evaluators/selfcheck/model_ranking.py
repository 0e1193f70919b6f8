"""A3: does a transferability score rank models as their fine-tuned accuracies do? Ten models, three data sets.

The tables are those of thuml/Transfer-Learning-Library, examples/model_selection/README.md (commit 56ccfd74), of which
these three give their own printed weighted tau again. Those of Aircraft, DTD and OxfordIIITPets do not (LogME on
pets: 0.604 from its rows, 0.502 in print), and Caltech101 and CIFAR100 do but for LogME: a reason to compute such
tables again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluators.diagnostics.transferability import rank_correlation
from evaluators.selfcheck.figure import Figure, Outcome

SOURCE = "thuml/Transfer-Learning-Library, examples/model_selection/README.md"
SCORES = ("H-score", "LEEP", "LogME", "NCE")
#: By data set: fine-tuned accuracy, H-score, LEEP, LogME, NCE of GoogleNet, Inception V3, ResNet50, 101 and 152,
#: DenseNet121, 169 and 201, MobileNet V2, MNasNet; then the printed weighted tau of each score.
TABLES: dict[str, tuple[tuple[tuple[float, ...], ...], tuple[float, ...]]] = {
    "CIFAR10": (
        (
            (96.2, 5.911, -1.385, 0.293, -1.139),
            (97.5, 6.363, -1.259, 0.349, -1.060),
            (96.8, 6.567, -1.010, 0.388, -1.007),
            (97.7, 6.901, -0.829, 0.463, -0.838),
            (97.9, 6.945, -0.838, 0.469, -0.851),
            (97.2, 6.210, -1.035, 0.302, -1.006),
            (97.4, 6.547, -0.934, 0.343, -0.946),
            (97.4, 6.706, -0.888, 0.369, -0.866),
            (95.7, 5.928, -1.100, 0.291, -1.089),
            (96.8, 6.018, -1.066, 0.304, -1.086),
        ),
        (0.800, 0.638, 0.785, 0.714),
    ),
    "StanfordCars": (
        (
            (91.0, 41.47, -4.612, 1.246, -4.312),
            (92.3, 73.68, -4.268, 1.259, -4.110),
            (91.7, 72.94, -4.366, 1.253, -4.221),
            (91.7, 73.98, -4.281, 1.255, -4.218),
            (92.0, 76.17, -4.215, 1.260, -4.142),
            (91.5, 45.82, -4.437, 1.249, -4.271),
            (91.5, 63.40, -4.286, 1.252, -4.175),
            (91.0, 70.50, -4.319, 1.251, -4.151),
            (91.0, 51.12, -4.463, 1.250, -4.306),
            (88.5, 51.91, -4.423, 1.254, -4.338),
        ),
        (0.638, 0.703, 0.654, 0.750),
    ),
    "SUN397": (
        (
            (62.0, 71.35, -3.744, 1.621, -3.055),
            (65.7, 114.21, -3.372, 1.648, -2.844),
            (64.7, 110.39, -3.198, 1.638, -2.894),
            (64.8, 113.63, -3.103, 1.642, -2.837),
            (66.0, 116.51, -3.056, 1.646, -2.822),
            (62.3, 72.16, -3.311, 1.614, -2.945),
            (63.0, 95.80, -3.165, 1.623, -2.903),
            (64.7, 103.09, -3.205, 1.624, -2.896),
            (60.5, 75.90, -3.338, 1.617, -2.968),
            (60.7, 80.91, -3.234, 1.625, -2.933),
        ),
        (0.918, 0.581, 0.748, 0.873),
    ),
}


def check(data: Path) -> Iterator[Outcome]:  # noqa: ARG001 - the tables stand here
    """Compute the twelve correlations again."""
    for name, (rows, printed) in TABLES.items():
        accuracies, *scores = np.array(rows).T
        for score, values, tau in zip(SCORES, scores, printed, strict=True):
            figure = Figure("A3", f"weighted tau of {score} and accuracy, {name}", tau, 0.0005)
            yield Outcome(figure, rank_correlation(values, accuracies))
