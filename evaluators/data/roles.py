"""From the contents of a task's files to the roles of its splits: train, validation, test.

In: the task and what its files hold. Out: `Roles`, every part with labels; rows keep their file order. What is checked
here is what makes a number on the splits meaningless: a file in two roles, an empty split, a class that cannot be
learned, a label that is only tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluators.data.carving import carve, label_of_content, together
from evaluators.data.data_file import Content
from evaluators.data.samples import IntArray, LabelledSet
from evaluators.errors import InvalidDocument
from evaluators.names import nearest
from evaluators.personal_task import OWNER
from evaluators.task import Part, Task

MIN_TRAIN = 2
"""Samples a class in `train`: one to fit and one to select on."""

MAX_LABELS = 1_000
"""Of a person's own data; more are hardly ever labels, and every prediction is as long as there are labels."""
_NO_LABEL = "is `label` the right column? an id, a date or a measured number is no label"

_CARVED_FIRST = ("test", "validation")


class TooFewSamples(InvalidDocument):
    """The data may be what they should be, but nothing can be measured on so few."""


@dataclass(frozen=True, eq=False)
class Roles:
    """The splits of a task; `development` is train and validation together, in file order.

    `of_rows` is the role of each row of the training file, then of each row of validation's if that is another one.
    """

    train: Content
    validation: Content
    development: Content
    test: Content
    of_rows: tuple[str, ...]


def assign_roles(task: Task, contents: Mapping[str, Content]) -> Roles:
    """Divide the contents of a task's files.

    Args:
        task: The task.
        contents: What its files hold, by their names.

    Raises:
        TooFewSamples: If the samples do not suffice for every role.
        InvalidDocument: If a role cannot be filled.
    """
    _check_files(task)
    origin = _whole(task, "train", contents)
    _check_labels(task, origin)
    rows = _carved_rows(task, origin)
    if len(rows) > 1:
        _check_carved(origin, rows)
    parts = {
        role: origin.take(rows[role]) if role in rows else _whole(task, role, contents)
        for role in ("train", "validation", "test")
    }
    for role, part in parts.items():
        if not len(part.samples):
            raise TooFewSamples(
                f"{part.where}: nothing is left for {role}",
                hint="give the file more distinct samples of each class",
            )
    if "validation" in rows:
        development = origin.take(np.sort(np.concatenate([rows["train"], rows["validation"]])))
    else:
        development = _joined(parts["train"], parts["validation"])
    of_rows = _of_rows(rows, 0 if "validation" in rows else len(parts["validation"].samples))
    return Roles(parts["train"], parts["validation"], development, parts["test"], of_rows)


def class_names(train: Content) -> tuple[str, ...]:
    """Return the classes of a task: the sorted labels of `train`.

    Raises:
        TooFewSamples: If one of them has fewer than two samples.
        InvalidDocument: If there is only one.
    """
    counts = Counter(_labels(train))
    scarce = sorted(name for name, count in counts.items() if count < MIN_TRAIN)
    if scarce:
        raise TooFewSamples(
            f"{train.where}: fewer than {MIN_TRAIN} training samples of the label{'s' * (len(scarce) > 1)} "
            f"{_quoted(scarce)}",
            hint="label more samples of it, remove them, or merge it with another label",
        )
    if len(counts) < 2:
        raise InvalidDocument(
            f"{train.where}: all labels are {_quoted(list(counts))}", hint=_two_labels(train)
        )
    return tuple(sorted(counts))


def labelled(name: str, content: Content, classes: Sequence[str]) -> LabelledSet:
    """Return a set with its labels as indices into the classes.

    Raises:
        InvalidDocument: If it has a label that `train` does not have.
    """
    index = {label: place for place, label in enumerate(classes)}
    names = _labels(content)
    unknown = sorted(set(names) - set(index))
    if unknown:
        close = nearest(unknown[0], classes, limit=1)
        likely = f"did you mean {close[0]!r}? otherwise " if close else ""
        raise InvalidDocument(
            f"{content.where}: in {name} but not in train: the label{'s' * (len(unknown) > 1)} {_quoted(unknown)}",
            hint=f"{likely}add samples of it to train, or move its samples to an out-of-scope set",
        )
    rows = np.array([index[label] for label in names], dtype=np.int64)
    return LabelledSet(name, content.samples, rows, numbered(content.groups))


def numbered(groups: tuple[str, ...] | None) -> IntArray | None:
    """Return (n,) numbers of n groups by their names, from 0; None where there are none."""
    if groups is None:
        return None
    return np.unique(np.array(groups, dtype=str), return_inverse=True)[1].astype(np.int64).reshape(-1)


def _check_files(task: Task) -> None:
    parts: Mapping[str, Part] = {
        "train": task.splits.train,
        "validation": task.splits.validation,
        "test": task.splits.test,
    }
    taken = Counter([*parts, *(shift.id for shift in task.shifts)])
    if twice := [name for name, count in taken.items() if count > 1]:
        raise InvalidDocument(
            f"task {task.id}: two sets are called {_quoted(twice)}", hint="rename the shifted set"
        )
    roles: dict[str, str] = {}
    named = [
        *((role, part.file) for role, part in parts.items()),
        *((shift.id, shift.file) for shift in task.shifts),
    ]
    for role, file in named:
        if file and file in roles:
            raise InvalidDocument(
                f"task {task.id}: {roles[file]} and {role} are the same file {file!r}",
                hint="carve one out of the other: `carve: train` and `fraction: 0.2`",
            )
        if file:
            roles[file] = role


def _check_labels(task: Task, origin: Content) -> None:
    """Refuse a single label, and more labels in a person's own data than anybody decides between."""
    count = len(set(_labels(origin)))
    if count == 1:
        raise InvalidDocument(
            f"{origin.where}: all labels are {_quoted(_labels(origin)[:1])}", hint=_two_labels(origin)
        )
    if count > MAX_LABELS and task.owner == OWNER:
        identifies = 2 * count > len(origin.samples)
        raise InvalidDocument(
            f"{origin.where}: {count:,} labels for {len(origin.samples):,} samples; "
            f"at most {MAX_LABELS:,} are measured",
            hint=_NO_LABEL
            if identifies
            else "name the rare ones `other`, or decide in two steps: a coarse label, then a task for each",
        )


def _check_carved(origin: Content, rows: Mapping[str, IntArray]) -> None:
    """Refuse labels that the carved splits cannot carry: all of them, with how many samples each needs."""
    labels = _labels(origin)
    trained = Counter(labels[int(row)] for row in rows["train"])
    filled = all(len(chosen) for chosen in rows.values())
    if filled and all(trained[name] >= MIN_TRAIN for name in set(labels)):
        return
    counts = Counter(label_of_content(origin.samples.digests, labels).values())
    needed = MIN_TRAIN + len(rows) - 1
    scarce = sorted(name for name in set(labels) if counts[name] < needed)
    if len(counts) > 20 and 2 * len(scarce) > len(counts):
        raise InvalidDocument(
            f"{origin.where}: {len(counts):,} labels for {len(labels):,} samples, and {len(scarce):,} of them have "
            f"fewer than {needed}",
            hint=_NO_LABEL,
        )
    told = ", ".join(f"{name!r} has {counts[name]}" for name in scarce[:5])
    more = f" and {len(scarce) - 5} more" if len(scarce) > 5 else ""
    parts = ", ".join(f"1 for {role}" for role in reversed(tuple(rows)) if role != "train")
    raise TooFewSamples(
        f"{origin.where}: too few distinct samples: {told}{more}",
        hint=f"each label needs {needed}: {MIN_TRAIN} to train on, {parts}; label more, merge the label with another, "
        "or remove it",
    )


def _two_labels(content: Content) -> str:
    if content.samples.modality == "image":
        return "a task needs at least two labels: a folder for each, LABEL/NAME.png"
    return "a task needs at least two labels; is `label` the right column?"


def _whole(task: Task, role: str, contents: Mapping[str, Content]) -> Content:
    part: Part = getattr(task.splits, role)
    assert part.file is not None  # Part has either a file, or is carved
    content = contents[part.file]
    if content.labels is None:
        raise InvalidDocument(
            f"{content.where}: it is {role}, which needs labels",
            hint="name the column of the labels: `label: COLUMN`",
        )
    return content


def _carved_rows(task: Task, origin: Content) -> dict[str, IntArray]:
    """Return the rows of `train` and of every role carved out of its file; the test is carved first."""
    shares: dict[str, float] = {}
    for role in _CARVED_FIRST:
        part: Part = getattr(task.splits, role)
        if part.fraction is not None:
            shares[role] = part.fraction
    if sum(shares.values()) >= 1:
        raise InvalidDocument(
            f"task {task.id}: the carved fractions leave nothing for train",
            hint="each fraction is a share of the whole file; together they must stay below 1",
        )
    units = origin.samples.digests
    if origin.groups is not None:
        units = together(units, origin.groups)
    return carve(units, _labels(origin), shares=shares, seed=task.splits.seed)


def _of_rows(rows: Mapping[str, IntArray], validation: int) -> tuple[str, ...]:
    """Return the role of each row that was divided, and of as many rows of a validation file."""
    role_of = {int(row): role for role, chosen in rows.items() for row in chosen}
    return (*(role_of[row] for row in range(len(role_of))), *["validation"] * validation)


def _joined(first: Content, second: Content) -> Content:
    groups = None if first.groups is None or second.groups is None else first.groups + second.groups
    samples = first.samples.followed_by(second.samples)
    return Content(first.where, samples, _labels(first) + _labels(second), groups)


def _labels(content: Content) -> tuple[str, ...]:
    assert content.labels is not None  # `_whole` has refused a part without labels
    return content.labels


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
