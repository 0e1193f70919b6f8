"""A task's data in memory: the splits, their roles, and the checks that make a number on them mean something.

In: a `Task` and its verified files. Out: `TaskData`. Splits are a pure function of the seed, the contents and the
labels; rows keep their file order inside a split. `train` and `validation` are free; the labels of the test and of the
shifted sets stand in `LockedSet`s. No error quotes a sample: a task may be restricted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from evaluators.candidate import Modality
from evaluators.data.data_file import Content, read_content
from evaluators.data.roles import Roles, assign_roles, class_names, labelled, numbered
from evaluators.data.samples import IntArray, LabelledSet, Samples
from evaluators.data.transforms import transformed, transforms_of
from evaluators.diagnostics.duplicates import duplicate_counts
from evaluators.errors import InvalidDocument
from evaluators.names import unknown_name
from evaluators.personal_task import OWNER
from evaluators.task import Shift, Task
from evaluators.test_access import LockedSet, TestAccess

OUT_OF_SCOPE = -1
#: Test samples of a group that is in train or validation too, among the duplicates.
SAME_GROUP = "same_group"


@dataclass(frozen=True, eq=False)
class TaskData:
    """The data of one task.

    Attributes:
        task: Id of the task.
        splits_digest: Identity of its splits.
        modality: `text` or `image`.
        labels: Names of the classes, sorted; labels of sets are indices into them.
        train: What strategies are fitted on.
        validation: Read freely.
        development: Train and validation together, in file order.
        test: Locked.
        shifted: Id -> locked set from elsewhere.
        duplicates: What `evaluators.diagnostics.duplicates` counted.
        roles: Role of each row of the training file, then of each row of validation's if that is another one.
    """

    task: str
    splits_digest: str
    modality: Modality
    labels: tuple[str, ...]
    train: LabelledSet
    validation: LabelledSet
    development: LabelledSet
    test: LockedSet
    shifted: Mapping[str, LockedSet]
    duplicates: Mapping[str, int]
    roles: tuple[str, ...]

    def open(self, name: str, access: TestAccess | None = None) -> LabelledSet:
        """Return a set with its labels.

        Args:
            name: `train`, `validation`, `test` or the id of a shifted set.
            access: The receipt that opens `test` and shifted sets.

        Raises:
            UsageProblem: If there is no such set, or it is locked and no receipt of this task opens it.
        """
        if name in ("train", "validation"):
            return self.train if name == "train" else self.validation
        return self._locked(name).open(access)

    def samples(self, name: str) -> Samples:
        """Return the inputs of a set without labels; free for every set."""
        if name in ("train", "validation"):
            return self.open(name).samples
        return self._locked(name).samples

    def pool(self, pool: str) -> LabelledSet:
        """Return the set that draws are made from, in file order.

        Args:
            pool: `train`, or `train+validation`.

        Raises:
            UsageProblem: If there is no such pool.
        """
        pools = {"train": self.train, "train+validation": self.development}
        if pool not in pools:
            raise unknown_name("pool", pool, pools)
        return pools[pool]

    @property
    def shifted_names(self) -> tuple[str, ...]:
        """Ids of the shifted sets, in the task's order."""
        return tuple(self.shifted)

    @property
    def sizes(self) -> dict[str, int]:
        """Samples in every set, by its name."""
        free = {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}
        return free | {name: len(locked) for name, locked in self.shifted.items()}

    def groups(self, name: str) -> IntArray | None:
        """Return (n,) which samples of a set belong together; None where each stands for itself."""
        if name in ("train", "validation"):
            return self.open(name).groups
        return self._locked(name).groups

    @property
    def group_counts(self) -> dict[str, int]:
        """Groups in every set that has some, by its name."""
        found = {name: self.groups(name) for name in self.sizes}
        return {name: len(np.unique(groups)) for name, groups in found.items() if groups is not None}

    @property
    def majority_share(self) -> float:
        """Share of the most frequent class in `train`."""
        return float(np.max(np.bincount(self.train.labels)) / len(self.train))

    def _locked(self, name: str) -> LockedSet:
        if name == "test":
            return self.test
        if name not in self.shifted:
            raise unknown_name("set", name, ("train", "validation", "test", *self.shifted))
        return self.shifted[name]


def load_task(task: Task, files: Mapping[str, Path]) -> TaskData:
    """Read, split and check a task's data.

    Args:
        task: The task.
        files: Its verified files by name, as `evaluators.data.locations.locate` returns them.

    Raises:
        InvalidDocument: If a file is not what the task says, or the splits cannot carry a measurement.
    """
    contents = {name: _content(task, name, files) for name in sorted(task.files)}
    roles = assign_roles(task, contents)
    classes = class_names(roles.train)
    development = labelled("development", roles.development, classes)
    test = labelled("test", roles.test, classes)
    shifted = [_shifted(task, shift, contents, test, classes) for shift in task.shifts]
    digest = task.splits_digest
    return TaskData(
        task=task.id,
        splits_digest=digest,
        modality=task.modality,
        labels=classes,
        train=labelled("train", roles.train, classes),
        validation=labelled("validation", roles.validation, classes),
        development=development,
        test=_locked(test, digest),
        shifted={group.name: _locked(group, digest) for group in shifted},
        duplicates=duplicate_counts(development, test) | _of_known_groups(roles),
        roles=roles.of_rows,
    )


def _of_known_groups(roles: Roles) -> dict[str, int]:
    """Count the test samples of groups that are in train or validation too; nothing where no groups are named."""
    known, asked = roles.development.groups, roles.test.groups
    if known is None or asked is None:
        return {}
    names = frozenset(known)
    return {SAME_GROUP: sum(group in names for group in asked)}


def _content(task: Task, name: str, files: Mapping[str, Path]) -> Content:
    where = _where(task, name, files[name])
    content = read_content(files[name], task.files[name], where=where)
    if content.samples.modality != task.modality:
        raise InvalidDocument(
            f"{where}: format {task.files[name].format} holds {content.samples.modality}s, the task is about "
            f"{task.modality}s",
            hint="correct `modality` or `format`",
        )
    return content


def _where(task: Task, name: str, path: Path) -> str:
    """Return how errors name a file: a person knows their own by its name alone."""
    file = task.files[name]
    if task.owner == OWNER and file.mirrors:
        return PurePosixPath(file.mirrors[0].rstrip("/").partition("?")[0]).name
    return f"task {task.id}, file {name} ({path.name})"


def _shifted(
    task: Task, shift: Shift, contents: Mapping[str, Content], test: LabelledSet, classes: tuple[str, ...]
) -> LabelledSet:
    if shift.file is None:
        return _transformed(task, shift, test)
    content = contents[shift.file]
    if shift.out_of_scope:
        nothing = np.full(len(content.samples), OUT_OF_SCOPE, dtype=np.int64)
        return LabelledSet(shift.id, content.samples, nothing, numbered(content.groups))
    if content.labels is None:
        raise InvalidDocument(
            f"{content.where}: the shifted set {shift.id} needs labels",
            hint="name their column, or say `out_of_scope: true`",
        )
    return labelled(shift.id, content, classes)


def _transformed(task: Task, shift: Shift, test: LabelledSet) -> LabelledSet:
    """Return the test seen through a transformation."""
    if shift.out_of_scope or shift.transform not in transforms_of(test.samples.modality):
        what = "samples of no known label" if shift.out_of_scope else f"{test.samples.modality}s"
        raise InvalidDocument(
            f"task {task.id}: the shifted set {shift.id} cannot {shift.transform} {what}",
            hint="give it a `file` of its own",
        )
    seen = transformed(test.samples, shift.transform, shift.amount or 0.0)
    return LabelledSet(shift.id, seen, test.labels, test.groups)


def _locked(group: LabelledSet, splits_digest: str) -> LockedSet:
    return LockedSet(group.name, splits_digest, group.samples, group.labels, group.groups)
