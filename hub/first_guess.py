"""The answer to "what shall I use?" where nothing can be measured: the rule of thumb, and what speaks against it.

In: data or a task, and why nothing is measured. Out: a `FirstGuess`. It counts labels and reads stored evidence about
other tasks of the catalog; it loads no model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.advice.rule_of_thumb import Elsewhere, RuleOfThumb, elsewhere, rule_of_thumb
from evaluators.candidate import Modality
from evaluators.data.data_file import read_content
from evaluators.data.locations import locate
from evaluators.data.roles import TooFewSamples
from evaluators.data.task_data import load_task
from evaluators.errors import UsageProblem
from evaluators.personal_task import OwnData
from evaluators.task import Task
from hub.catalog import Catalog
from hub.evidence_at_hand import evidence_here
from hub.home import Home
from hub.own_data import bring
from hub.preparation import data_roots
from hub.signing import open_keyring


class NothingMeasured(UsageProblem):
    """There is no model to measure, or nothing that could be measured on the data."""


@dataclass(frozen=True)
class FirstGuess:
    """What is said before anything is measured.

    Attributes:
        why: Why nothing is.
        rule: The habit.
        elsewhere: What evidence about other tasks of this modality says of it.
    """

    why: str
    rule: RuleOfThumb
    elsewhere: tuple[Elsewhere, ...]

    @property
    def sentence(self) -> str:
        """The answer for people."""
        return " ".join([self.rule.sentence, *(row.sentence for row in self.elsewhere)])

    @property
    def strategy(self) -> str | None:
        """What it names; None where that depends on what is not known."""
        named = self.rule.strategies
        return named[0] if len(named) == 1 else None

    @property
    def value(self) -> dict[str, object]:
        """The answer as plain values."""
        return {
            "measured": False,
            "why": self.why,
            "model": None,
            "strategy": self.strategy,
            "sentence": self.sentence,
            "rule_of_thumb": {"labels": self.rule.labels, "strategy": self.rule.close, "far": self.rule.far},
            "elsewhere": [row.value for row in self.elsewhere],
        }


def first_guess(
    own: OwnData | None, task: str | None, catalog: Catalog, home: Home, *, why: str
) -> FirstGuess:
    """Answer by the number of labels alone.

    Args:
        own: A person's own data; else `task` is named.
        task: Id of a task of the catalog.
        catalog: Where tasks are.
        home: Where evidence is kept.
        why: Why nothing is measured.

    Raises:
        ReportedError: If the data cannot be read, or have one label only.
    """
    if own is not None:
        brought = bring(own, home)
        about: Task = brought.task
        files: Mapping[str, Path] = {"data": brought.path}
    else:
        about = catalog.task(task or "")
        files = locate(about, data_roots(catalog.folder, home, os.environ))
    rule = rule_of_thumb(_labels(about, files, personal=own is not None))
    return FirstGuess(
        why, rule, evidence_elsewhere(rule, about.modality, catalog, home, besides=about.digest)
    )


def evidence_elsewhere(
    rule: RuleOfThumb, modality: Modality, catalog: Catalog, home: Home, *, besides: str
) -> tuple[Elsewhere, ...]:
    """Judge a rule by the signed evidence here about other tasks of the catalog, never about personal ones.

    Args:
        rule: The rule.
        modality: What the tasks must read.
        catalog: Whose tasks count; evidence about data that have changed since does not.
        home: Where evidence is kept.
        besides: Digest of the task that is asked about.
    """
    about = {task.digest for task in catalog.tasks.values() if task.modality == modality} - {besides}
    return elsewhere(rule, evidence_here(home, open_keyring(home.keys)), about=about) if about else ()


def _labels(task: Task, files: Mapping[str, Path], *, personal: bool) -> int:
    """Return how many labels there are to train on; a locked test of the catalog's tasks is not counted."""
    try:
        data = load_task(task, files)
    except TooFewSamples:
        name = task.splits.train.file or ""
        labels = (
            read_content(files[name], task.files[name], where=f"task {task.id}, file {name}").labels or ()
        )
        return len(labels)
    return len(data.train) + len(data.validation) + (len(data.test) if personal else 0)
