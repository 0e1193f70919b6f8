"""What will be measured: the cells, and the graph of pure nodes that they lower to. No torch, no disk, no clock.

A cell does not train. Its strategy lowers it to a chain `View -> Trunk -> Features -> Fit -> Predict`, each node with
a content key; equal keys are one node, so whatever can be shared is shared without a special case. (Metrics are not
nodes: they are computed from stored predictions, so a new metric costs no computation.)

`planning.py` makes it of a request. The plan is a document: `hub plan --out plan.json` writes it, `hub run plan.json`
computes it anywhere.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError

from evaluators.candidate import Candidate
from evaluators.canonical import digest_of
from evaluators.cell import Cell
from evaluators.document import Document
from evaluators.errors import InvalidDocument
from evaluators.looks import Looks
from evaluators.protocol import Protocol
from evaluators.task import Task


class Node(Document):
    """A pure step. Its key says everything that its output depends on."""

    op: Literal["view", "trunk", "features", "fit", "predict"]
    key: str
    inputs: tuple[str, ...] = ()


class PlannedCell(Document):
    """A cell, and the nodes that hold its results."""

    cell: Cell
    fit: str
    predict: dict[str, str]
    """Predict node by set: `train` (the cell's own labels), `validation`, `test`, shifted sets."""
    trunk: str | None = None
    """The trunk whose features it reads, if it reads features."""
    skipped: str | None = None
    """Why it will not be tried."""


class PlannedCandidate(Document):
    """A model to measure, and why it is here."""

    candidate: Candidate
    role: Literal["candidate", "incumbent"] = "candidate"
    incumbent_for: dict[str, str] = Field(default_factory=dict)
    """For an incumbent: task -> strategy that it was approved with."""
    contamination: dict[str, str] = Field(default_factory=dict)
    """Tasks of this plan that the model saw, or whose data shaped its recipe -> how, as its card says."""
    probe: str | None = None
    """Task that says what the model could do before it was adapted, as its card names it; None: none."""


class Request(Document):
    """What a person asked to have measured."""

    candidates: tuple[PlannedCandidate, ...]
    tasks: tuple[Task, ...]
    protocol: Protocol
    strategies: tuple[str, ...] = ()
    """Only these, beside the baselines; empty: all that the protocol names."""
    final: bool = False
    """Open the locked tests."""
    incumbents: dict[str, str] = Field(default_factory=dict)
    """Task -> digest of the model that is approved for it now, where a candidate is another one."""
    personal_tasks: tuple[str, ...] = ()
    """Tasks from the command line: they can promote nothing."""
    leaks_allowed: tuple[str, ...] = ()
    """Tasks that are measured although their test repeats more of the training data than the policy allows."""
    probes: tuple[Task, ...] = ()
    """Probe tasks of the candidates that are not among `tasks`: nothing is adapted to them."""
    looks: Looks | None = None
    """Where runs are added until the question is decided: which look this is."""

    @property
    def read_tasks(self) -> tuple[Task, ...]:
        """Every task whose data are read."""
        return (*self.tasks, *self.probes)

    def runs(self, cell: Cell) -> int:
        """Return how many runs there are of a cell's strategy."""
        first = self.protocol.runs
        return self.looks.runs(first, cell.task, cell.candidate, cell.strategy) if self.looks else first


class Plan(Document):
    """Cells in the order they are measured (lightest first), and the nodes they share."""

    schema_version: Literal[1] = 1
    request: Request
    cells: tuple[PlannedCell, ...]
    nodes: tuple[Node, ...]

    @property
    def digest(self) -> str:
        """Identity of what is measured; where bytes lie is no part of it."""
        return digest_of(
            {
                "cells": [[planned.cell.key, *sorted(planned.predict.values())] for planned in self.cells],
                "final": self.request.final,
            }
        )

    def task(self, name: str) -> Task:
        """Return a task of the plan."""
        return next(task for task in self.request.tasks if task.id == name)

    def candidate(self, name: str) -> Candidate:
        """Return a candidate of the plan."""
        return next(row.candidate for row in self.request.candidates if row.candidate.name == name)


def plan_to_json(plan: Plan) -> str:
    """Return the plan as JSON text."""
    return plan.model_dump_json(by_alias=True, indent=1) + "\n"


def plan_from_json(text: str | bytes, *, where: str) -> Plan:
    """Parse a plan.

    Raises:
        InvalidDocument: If it is not one.
    """
    try:
        return Plan.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidDocument(
            f"{where}: not a plan: {field}: {first['msg']}",
            hint="a plan is written by `hub plan --out plan.json`",
        ) from error
