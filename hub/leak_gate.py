"""Before anything is spent: does a task's test repeat its training data, and does the policy allow that?

In: loaded tasks, the policy's limit, the tasks that a person allowed by name. Out: what a person should be told, or an
error with the counts; for a plan, where that error would come. A person's own data are told of and never stopped: they
can promote nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluators.data.task_data import TaskData
from evaluators.diagnostics.duplicates import copied
from evaluators.errors import GateRefused, UsageProblem
from evaluators.task import Task
from evaluators.wording import count
from hub.policy import Policy

_SHOWN, _LONGEST = 3, 70


@dataclass(frozen=True)
class LeakLimit:
    """How many copies are allowed.

    Attributes:
        at_most: Test samples that are exact copies of training ones; None: any number.
        allowed: Ids of tasks that are measured whatever they hold.
        stops: Whether more stop what is done; a plan goes on, and says what an evaluation would do.
    """

    at_most: int | None = None
    allowed: tuple[str, ...] = ()
    stops: bool = True


@dataclass(frozen=True)
class TaskLeaks:
    """A task at which an evaluation would stop.

    Attributes:
        task: Its id.
        copies: Kind of copy (`exact`, `normalised`, `conflicting`) -> how many between train and test.
        at_most: Exact copies that the policy allows.
    """

    task: str
    copies: Mapping[str, int]
    at_most: int

    @property
    def sentence(self) -> str:
        """What a person who plans should know."""
        return (
            f"{self.task}: hub evaluate will stop here: {_counts(self.copies)} between train and test, and the policy "
            f"allows {self.at_most:,} of the first; {_hint(self.task)}"
        )


def leak_limit(policy: Policy, allowed: tuple[str, ...]) -> LeakLimit:
    """Return the limit of a policy: that of its rule `no-leak`, if it has one that decides."""
    limits = [
        int(rule.at_most or 0)
        for rule in policy.rules
        if rule.kind == "no-leak" and rule.enabled and rule.required
    ]
    return LeakLimit(min(limits) if limits else None, allowed)


def over_by_name(data: Mapping[str, TaskData], limit: LeakLimit) -> tuple[str, ...]:
    """Return the tasks that needed their name: without a policy, any exact copy is one too many."""
    return tuple(
        name
        for name in limit.allowed
        if name in data and data[name].duplicates["exact"] > (limit.at_most or 0)
    )


def check_leaks(
    tasks: Sequence[Task], data: Mapping[str, TaskData], limit: LeakLimit, personal: frozenset[str]
) -> tuple[str, ...]:
    """Return what is to be said of the copies in each task.

    Args:
        tasks: The tasks that will be measured.
        data: The same, loaded.
        limit: The policy's.
        personal: Tasks of a person's own data.

    Raises:
        GateRefused: If a task holds more copies than the policy allows, and was not allowed by name.
        UsageProblem: If a task is allowed that is not measured.
    """
    stray = [name for name in limit.allowed if name not in data]
    if stray:
        raise UsageProblem(
            f"--allow-leaks names {', '.join(stray)}, which is not measured",
            hint=f"tasks of this evaluation: {', '.join(sorted(data))}",
        )
    notes = []
    for task in tasks:
        found = data[task.id].duplicates
        over = limit.at_most is not None and found["exact"] > limit.at_most
        if over and task.id not in limit.allowed and task.id not in personal:
            if not limit.stops:
                continue
            raise GateRefused(_told(task, data[task.id], limit.at_most or 0), hint=_hint(task.id))
        if task.id not in personal and (found["exact"] or found["normalised"]):
            allowed = "; allowed by name, and the report says so" if over else ""
            notes.append(f"{task.id}: {_counts(found)} between train and test{allowed}")
    return tuple(notes)


def would_stop(
    data: Mapping[str, TaskData], limit: LeakLimit, personal: frozenset[str]
) -> tuple[TaskLeaks, ...]:
    """Return the tasks at which `check_leaks` stops an evaluation; nothing is counted anew."""
    if limit.at_most is None:
        return ()
    return tuple(
        TaskLeaks(name, of_task.duplicates, limit.at_most)
        for name, of_task in data.items()
        if of_task.duplicates["exact"] > limit.at_most and name not in {*limit.allowed, *personal}
    )


def _told(task: Task, data: TaskData, at_most: int) -> str:
    told = (
        f"{task.id}: {count(data.duplicates['exact'], 'test sample')} of train stand in the test too, and the policy "
        f"allows {at_most} ({_counts(data.duplicates)}): a score on them measures memory"
    )
    if task.sensitivity == "restricted" or task.modality != "text":
        return told
    shown = [data.test.samples.items[index] for index in copied(data.development.samples, data.test.samples)]
    return "\n".join([told, *(f"  {_short(str(text))}" for text in shown[:_SHOWN])])


def _hint(task: str) -> str:
    return (
        f"remove the copies and change the task, or measure it all the same with --allow-leaks {task}: the report says "
        "so, and the gate's rule still fails unless the policy waives it"
    )


def _counts(found: Mapping[str, int]) -> str:
    named = {
        "exact": "exact copies", "normalised": "equal but for case and punctuation",
        "conflicting": "with conflicting labels",
    }  # fmt: skip
    return ", ".join(f"{found.get(kind, 0):,} {words}" for kind, words in named.items())


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST else one_line[: _LONGEST - 3] + "..."
