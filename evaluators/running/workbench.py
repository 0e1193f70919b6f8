"""Everything that computing a plan needs, and what is looked up in it: samples of a cell, and its base, loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluators.backbones.backbone import Backbone
from evaluators.data.samples import Samples
from evaluators.data.task_data import TaskData
from evaluators.data.view import inputs
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore

if TYPE_CHECKING:
    from evaluators.backbones.causal import CausalModel


@dataclass(frozen=True, eq=False)
class Workbench:
    """Everything that computing a plan needs.

    Attributes:
        plan: What to compute.
        data: The loaded tasks, by id.
        folders: Folder of each candidate, by candidate name.
        results: Where outputs go.
        device: `cpu` or `cuda`.
        timed_by: The run in which it is timed how fitted classifiers answer; None: it is not, because that reads
            samples again that were encoded.
    """

    plan: Plan
    data: Mapping[str, TaskData]
    folders: Mapping[str, Path]
    results: ResultStore
    device: str
    timed_by: str | None = None

    def samples(self, planned: PlannedCell, name: str) -> Samples:
        """Return the inputs of a set that a cell predicts."""
        return inputs(planned.cell, name, self.data[planned.cell.task])

    def backbone(self, planned: PlannedCell, *, pretrained: bool) -> Backbone:
        """Return a fresh backbone of a cell's base."""
        from evaluators.backbones.load import load_backbone

        candidate = self.plan.candidate(planned.cell.candidate)
        folder = self.folders[candidate.name]
        return load_backbone(candidate, folder, pretrained=pretrained, device=self.device)

    def language_model(self, planned: PlannedCell) -> CausalModel:
        """Return a cell's base with its head that predicts tokens."""
        from evaluators.backbones.load import load_language_model

        candidate = self.plan.candidate(planned.cell.candidate)
        return load_language_model(candidate, self.folders[candidate.name], device=self.device)

    def withholds(self, task: str | None) -> bool:
        """Whether nothing that may quote a sample may leave the computation: of restricted data, and personal ones.

        Args:
            task: Id of the task that is computed; None if samples of several are.
        """
        request = self.plan.request
        about = [row for row in request.tasks if task in (None, row.id)]
        return any(row.sensitivity == "restricted" or row.id in request.personal_tasks for row in about)
