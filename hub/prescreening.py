"""Looking at models by the features that a screening has encoded: no second pass, and labels of training alone.

In: what was measured and where it is stored. Out: a `Prescreen`; None where fewer than two models have features.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluators.advice.option import Option
from evaluators.advice.prescreen import Prescreen, looks, prescreen
from evaluators.features import read_table
from evaluators.planning import trunk_key
from evaluators.results import ResultStore
from hub.preparation import Prepared

#: Training samples that are looked at, at most: the neighbours of all pairs are compared.
_MOST = 2000


def look_before(
    prepared: Prepared, results: ResultStore, options: Sequence[Option], labels: int | None = None
) -> Prescreen | None:
    """Look at every model of a plan with one task, beside what was realised with it.

    Args:
        prepared: The plan, which was computed.
        results: Where its features are.
        options: What was measured: the best score of each model is what its looks are held against.
        labels: Labels that there are; None: all.
    """
    request = prepared.plan.request
    train = prepared.data[request.tasks[0].id].open("train")
    allowed = len(train) if labels is None else labels
    most_looked = min(_MOST, allowed)
    rows = []
    for planned in request.candidates:
        candidate = planned.candidate
        table = read_table(results, trunk_key(candidate, request.protocol.dtype))
        # What no draw needed was not encoded, and is not for this.
        here = [place for place, digest in enumerate(train.samples.digests) if digest in table.rows]
        if len(here) > most_looked:
            here = sorted(np.random.default_rng(0).choice(here, most_looked, replace=False).tolist())
        known = train.take(here)
        if len(set(known.labels.tolist())) < 2:
            continue
        features = table.lookup(known.samples).astype(np.float64)
        reached = [
            row
            for row in options
            if row.candidate == candidate.name
            and not row.is_baseline
            and not row.failed
            and row.labels <= allowed
        ]
        most = max((row.labels for row in reached), default=0)
        best = max((row.estimate.value for row in reached if row.labels == most), default=None)
        rows.append(
            looks(candidate.name, features, known.labels, size=candidate.structure.parameters, realised=best)
        )
    return prescreen(rows) if len(rows) > 1 else None
