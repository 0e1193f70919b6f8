"""The page of an adapted model from which its owner trains it again without us, and the split it was measured on.

In: the lineage and the data. Out: texts by their path in the folder. Pure. The split is kept as row numbers, so that no
text and no digest of one leaves the data. Neither file is part of the lineage: the page is its owner's, to change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from evaluators.data.task_data import TaskData
from evaluators.recipe_page import Training, recipe_page
from evaluators.strategy import strategy
from evaluators.task import Task
from hub.adapted.lineage import Adapted

RECIPE = "recipe.py"
SPLIT = "split.json"


def recipe_files(adapted: Adapted, task: Task, data: TaskData) -> dict[str, str]:
    """Return `recipe.py` and its split; nothing where no page says the same (see `recipe_page`)."""
    splits = task.splits
    names = [name for name in (splits.train.file, splits.validation.file) if name]
    training = Training(
        row=strategy(adapted.strategy),
        base=adapted.base,
        settings=adapted.settings,
        seed=adapted.seed,
        dtype=adapted.dtype,
        data=tuple(task.files[name] for name in names),
        score=adapted.score.accuracy,
    )
    page = recipe_page(training)
    if page is None:
        return {}
    split = split_of(data.roles, with_test=adapted.trained_on > len(data.development))
    return {RECIPE: page, SPLIT: json.dumps(split) + "\n"}


def split_of(roles: Sequence[str], *, with_test: bool) -> dict[str, int | list[int]]:
    """Return numbers of rows: what was trained on, what it was scored on, and what the delivered model saw.

    Args:
        roles: Role of each row.
        with_test: Whether the delivered model was trained on the test too, as for a person's own data.
    """
    rows = {
        role: [row for row, of in enumerate(roles) if of == role] for role in ("train", "validation", "test")
    }
    development = sorted(rows["train"] + rows["validation"])
    return {
        "rows": len(roles),
        "train": rows["train"],
        "held-out": rows["validation"],
        "all": development + (rows["test"] if with_test else []),
    }
