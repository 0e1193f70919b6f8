"""The first draft of a task for the catalog: what can be known from the data is filled in, the rest says TODO.

In: a person's data as they were read. Out: YAML text. `hub catalog check` refuses a TODO, so a draft cannot be merged
by mistake; nothing in it is invented.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from evaluators.data.task_data import TaskData
from evaluators.task import Task
from hub.catalog_rules import TODO


def draft_task(name: str, task: Task, data: TaskData, mirror: str) -> str:
    """Return the YAML of a task.

    Args:
        name: Its id in the catalog.
        task: The personal task that was made of the data.
        data: What was read.
        mirror: Where the bytes lie for everybody, as a task names it.
    """
    file = task.files["data"]
    rows = sum(data.sizes.values())
    labels = ", ".join(data.labels[:12]) + (
        f" and {len(data.labels) - 12} more" if len(data.labels) > 12 else ""
    )
    copies = (
        ", ".join(f"{number} {kind}" for kind, number in sorted(data.duplicates.items())) or "not counted"
    )
    columns = f"    text: {_quoted(file.text)}\n    label: {_quoted(file.label)}\n" if file.text else ""
    columns += f"    group: {_quoted(file.group)}\n" if file.group else ""
    return f"""schema: 1
id: {name}
title: "{TODO}: what is decided, in a few words"
description: >-
  {TODO}: who wrote these {rows} samples, when, for whom; what each of {len(data.labels)} labels means; known limits.
modality: {task.modality}
owner: "{TODO}: the team that answers for the labels"
licence: "{TODO}: SPDX id of the data's licence, or LicenseRef-internal"
metric: accuracy  # or macro_f1, where rare labels count as much as frequent ones
# {TODO}: the smallest difference that matters in practice; an approval calls less than this "as good as".
margin: {task.margin}
sensitivity: internal  # or public; restricted: no example may leave the data
# Seen: {_comment(labels)}. Largest class {100 * data.majority_share:.0f} %. Copies between train and test: {copies}.
files:
  data:
    sha256: "{file.sha256}"
    size: {file.size}
    mirrors: [{_quoted(mirror)}]
    format: {file.format}
{columns}splits:
  train: {{file: data}}
  validation: {{carve: train, fraction: {task.splits.validation.fraction}}}
  # Locked from now on. A file of its own, from a later time or another place, would say more.
  test: {{carve: train, fraction: {task.splits.test.fraction}}}
"""


def mirror_for(source: str, path: Path, catalog: Path, environment: Mapping[str, str]) -> str | None:
    """Return how a task names the place of a file; None if it lies where nobody else can find it.

    Args:
        source: What the person named.
        path: Where that is on this machine.
        catalog: Folder of the catalog.
        environment: Where HUB_DATA is looked up.
    """
    if "://" in source:
        return source
    roots = [("catalog", catalog)]
    if named := environment.get("HUB_DATA"):
        roots.append(("data", Path(named)))
    for kind, root in roots:
        if path.resolve().is_relative_to(root.resolve()):
            return f"{kind}:{path.resolve().relative_to(root.resolve()).as_posix()}"
    return None


def _quoted(text: str | None) -> str:
    return json.dumps(text or "", ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join(text.split())
