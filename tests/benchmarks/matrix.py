"""Our side of a contest: a plan, run the public way, and the same cells as a peer receives them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from evaluators.cell import Failed, Skipped
from evaluators.data.samples import IntArray, Samples
from evaluators.data.view import TEST, TRAIN, VALIDATION, draw
from evaluators.peers import (
    mteb_loop,
    peft_sequential,
    sklearn_floor,
    timm_loop,
    trainer_default,
    trainer_tuned,
)
from evaluators.peers.cell import PeerCell, PeerResult, Trains
from evaluators.peers.script import run_script
from evaluators.plan import Plan, PlannedCandidate, PlannedCell, Request, plan_to_json
from evaluators.planning import make_plan
from evaluators.protocol import Protocol
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor, WorkerSetup
from evaluators.running.run import Ended, Finished, run_plan
from evaluators.running.workbench import Workbench
from tests.benchmarks.contest import Outcome
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import Base, BenchTask

ROOT = Path(__file__).parents[2]
_TRAINS: Mapping[str, Trains] = {
    "full-finetune": "everything",
    "from-scratch": "scratch",
    "partial-freeze": "upper",
    "linear-probe": "head",
    "lora": "adapters",
}
_FLOORS = ("tfidf-logreg", "pixels-logreg")
_HEADS = ("knn", "linear-probe")


@dataclass(frozen=True, eq=False)
class Matrix:
    """Cells of ours.

    Attributes:
        scene: Where.
        plan: The cells.
        tasks: By id.
        bases: By name.
    """

    scene: Scene
    plan: Plan
    tasks: Mapping[str, BenchTask]
    bases: Mapping[str, Base]

    @property
    def cells(self) -> tuple[PlannedCell, ...]:
        """The planned cells."""
        return self.plan.cells

    def run_here(self, store: Path) -> Outcome:
        """Run the plan in this process against a store and return accuracies, by cell."""
        data = {name: task.data for name, task in self.tasks.items()}
        folders = {name: base.folder for name, base in self.bases.items()}
        results = ResultStore(store)
        bench = Workbench(self.plan, data, folders, results, self.scene.device)
        counters: dict[str, int] = {}
        for event in run_plan(self.plan, results, InProcessExecutor(bench)):
            if isinstance(event, Ended) and isinstance(event.result, (Failed, Skipped)):
                raise RuntimeError(f"{event.planned.cell.strategy}: {event.result.reason}")
            if isinstance(event, Finished):
                counters = dict(event.counters)
        return Outcome(self.scores(store), _shown(counters))

    def run_fresh(self, store: Path) -> Outcome:
        """Run the plan as a command does: a new process, and its worker."""
        return self.run_here(store) if self.scene.tiny else self.run_in_new_process(store)

    def run_in_new_process(self, store: Path) -> Outcome:
        """Run the plan in a process of its own, which starts a worker if anything is to be computed."""
        folder = self.scene.place("fresh")
        plan = folder / "plan.json"
        plan.write_text(plan_to_json(self.plan), encoding="utf-8")
        setup = WorkerSetup(
            plan=str(plan),
            data={name: {f: str(p) for f, p in task.files.items()} for name, task in self.tasks.items()},
            folders={name: str(base.folder) for name, base in self.bases.items()},
            results=str(store),
            device=self.scene.device,
        )
        command = [sys.executable, "-m", "tests.benchmarks.fresh_run"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command,
            input=json.dumps(asdict(setup)),
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"our run failed: {done.stderr[-2000:]}")
        return Outcome(self.scores(store), _shown(json.loads(done.stdout)))

    def fresh_store(self) -> Path:
        """Return an empty store."""
        return self.scene.place("store")

    def scores(self, store: Path) -> dict[str, float]:
        """Return each cell's accuracy on the set that is scored: the test of a final plan, else validation."""
        results = ResultStore(store)
        found = {}
        for planned in self.cells:
            probabilities = results.read("predict", planned.predict[self.scored_set]).arrays["probabilities"]
            found[planned.cell.key] = accuracy(probabilities, self.labels(planned))
        return found

    @property
    def scored_set(self) -> str:
        """Name of the set that is scored."""
        return TEST if self.plan.request.final else VALIDATION

    def labels(self, planned: PlannedCell) -> IntArray:
        """Return the labels of the scored set."""
        task = self.tasks[planned.cell.task]
        return task.labels if self.plan.request.final else task.data.validation.labels

    def samples(self, planned: PlannedCell) -> dict[str, Samples]:
        """Return the inputs of every set that a peer predicts: all of ours but the cell's own labels."""
        data = self.tasks[planned.cell.task].data
        return {name: data.samples(name) for name in planned.predict if name != TRAIN}

    def peer_cell(self, planned: PlannedCell) -> PeerCell:
        """Return a cell as a peer receives it."""
        cell = planned.cell
        task = self.tasks[cell.task]
        base = next(iter(self.bases.values())) if not cell.candidate else self.bases[cell.candidate]
        return PeerCell(
            folder=base.folder,
            input=base.candidate.input,
            trains=_TRAINS.get(cell.strategy, "head"),
            train=draw(cell, task.data),
            validation=task.data.validation,
            sets=self.samples(planned),
            classes=len(task.data.labels),
            settings=dict(cell.settings),
            seed=cell.run.seed,
            device=self.scene.device,
        )

    def outcome(self, planned: PlannedCell, result: PeerResult) -> Outcome:
        """Return what a peer's result is worth."""
        score = accuracy(result.probabilities[self.scored_set], self.labels(planned))
        return Outcome({planned.cell.key: score}, result.counters)

    def script(self, planned: PlannedCell, settings: Mapping[str, object] | None = None) -> Outcome:
        """Run a cell as people do at first: one script of its own.

        Args:
            planned: The cell.
            settings: A recipe for a strategy of ours that has none; None for the cell's own.
        """
        cell = self.peer_cell(planned)
        module = _script_of(planned.cell.strategy, cell)
        if settings is not None:
            module, cell = trainer_default, PeerCell(**{**vars(cell), "settings": settings})
        if self.scene.tiny:
            slow = timm_loop.fit(cell, cached=False) if module is timm_loop else module.fit(cell)
            return self.outcome(planned, slow)
        return self.outcome(planned, run_script(module.__name__, cell))

    def tuned(self, planned: PlannedCell) -> Outcome:
        """Train a cell as somebody does who knows the libraries, in this process."""
        cell = self.peer_cell(planned)
        if planned.cell.strategy in _FLOORS:
            return self.outcome(planned, sklearn_floor.fit(cell))
        if cell.train.samples.modality == "image":
            return self.outcome(planned, timm_loop.fit(cell))
        trainer = peft_sequential if cell.trains == "adapters" else trainer_tuned
        return self.outcome(planned, trainer.fit(cell))


def matrix(
    scene: Scene, pairs: Sequence[tuple[Base, BenchTask]], protocol: Protocol, *, final: bool = False
) -> Matrix:
    """Plan a protocol for bases and tasks.

    Args:
        scene: Where.
        pairs: A base and a task of its modality.
        protocol: What to measure; its dtype becomes the scene's.
        final: Score the test and the shifted sets too.
    """
    tasks = {task.task.id: task for _, task in pairs}
    bases = {base.candidate.name: base for base, _ in pairs}
    request = Request(
        candidates=tuple(PlannedCandidate(candidate=base.candidate) for base in bases.values()),
        tasks=tuple(task.task for task in tasks.values()),
        protocol=protocol.model_copy(update={"dtype": scene.dtype}),
        final=final,
    )
    return Matrix(scene, make_plan(request, {name: task.data for name, task in tasks.items()}), tasks, bases)


def merged(matrices: Sequence[Matrix]) -> Matrix:
    """Return one plan of the cells of several, which differ in settings: a grid that no one protocol can say."""
    first = matrices[0]
    cells = {planned.cell.key: planned for one in matrices for planned in one.cells}
    nodes = {node.key: node for one in matrices for node in one.plan.nodes}
    plan = first.plan.model_copy(update={"cells": tuple(cells.values()), "nodes": tuple(nodes.values())})
    return Matrix(first.scene, plan, first.tasks, first.bases)


def bench_protocol(**fields: object) -> Protocol:
    """Return a protocol of a benchmark."""
    words = {"id": "bench", "title": "Benchmark", "description": "of a benchmark"}
    return Protocol.model_validate({**words, **fields})


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of cells that were run one after the other."""
    counters: dict[str, int] = {}
    for outcome in outcomes:
        for name, count in outcome.counters.items():
            counters[name] = counters.get(name, 0) + count
    return Outcome({key: score for outcome in outcomes for key, score in outcome.scores.items()}, counters)


def accuracy(probabilities: np.ndarray, labels: IntArray) -> float:
    """Return the share of rows whose most probable class is the label."""
    return float(np.mean(np.argmax(probabilities, axis=1) == labels))


def _script_of(strategy: str, cell: PeerCell) -> object:
    if strategy in _FLOORS:
        return sklearn_floor
    if strategy in _HEADS:
        return mteb_loop
    return timm_loop if cell.train.samples.modality == "image" else trainer_default


def _shown(counters: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counters.items() if count}
