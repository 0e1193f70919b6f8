"""A documented generator of measurements with known accuracy: what the engine would store, without an engine.

`measured(...)` draws, for each strategy and size, predictions whose accuracy is the one asked for plus noise. Noise has
two parts, as real runs have: one that all strategies of a run share (the draw of labels), which pairing removes, and
one of its own. Everything is a function of the arguments: equal arguments give equal arrays.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from evaluators.canonical import digest_of, digest_of_bytes
from evaluators.cell import Cell, FitCost, Run
from evaluators.data.samples import FloatArray, IntArray
from evaluators.evidence import Evidence, Findings
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.findings.gather import Spent, gather_findings, observe
from evaluators.findings.measurements import CellMeasurement, Design
from evaluators.looks import Looks
from evaluators.observations import Environment, TestRead
from evaluators.protocol import Protocol

TEXT_LADDER = {
    "majority": 0.25,
    "tfidf-logreg": 0.60,
    "from-scratch": 0.40,
    "knn": 0.80,
    "linear-probe": 0.90,
    "lora": 0.903,
    "full-finetune": 0.88,
}
ENVIRONMENT = Environment(
    device="cpu",
    hardware={"cpu": "Synthetic", "cores": "2", "memory": "24.0 GiB"},
    packages={"numpy": "2.4.6", "torch": "2.15.0"},
    python="3.11.7",
    commit="0" * 40,
    dirty=False,
)
BASELINES_ON_DATA = ("majority", "tfidf-logreg", "pixels-logreg")


@dataclass(frozen=True)
class World:
    """What is true of a task, and how it is measured.

    Attributes:
        task: Its id.
        candidate: Name of the candidate.
        accuracy: Strategy -> accuracy at the largest size; each halving of the size costs `slope`.
        sizes: Labels a class, smallest first.
        runs: Paired runs.
        classes: Number of labels.
        items: Samples in every set.
        shared: Standard deviation of the noise that all strategies of a run share.
        own: Standard deviation of a cell's own noise.
        slope: What halving the labels costs.
        sets: Sets that are opened, with the drop in accuracy on them; None for an out-of-scope set.
        failed: (strategy, size, run) of cells that failed; size or run 0 stands for every one.
        incumbent: Name and accuracy of an approved base measured beside it, by linear probe.
        digest: Digest of the candidate's bytes; made up from its name if empty.
        subject: Identity of what is measured; made up from its name if empty.
        margin: The smallest difference that matters.
        promotable: Whether the task is of a catalog.
        duplicates: Copies between train and test.
        corruptions: Families of corruptions; their severities stand in `sets`.
        looks: Which look of a sequence it is; arms that are measured longer have more runs.
        climb: Whether the protocol climbs the ladder; what is measured beyond the rung that ends it is reported too.
    """

    task: str = "help-desk"
    candidate: str = "mini"
    accuracy: Mapping[str, float] = field(default_factory=lambda: dict(TEXT_LADDER))
    sizes: tuple[int, ...] = (2, 8)
    runs: int = 5
    classes: int = 4
    items: int = 200
    shared: float = 0.01
    own: float = 0.005
    slope: float = 0.05
    sets: Mapping[str, float | None] = field(
        default_factory=lambda: {"validation": 0.0, "test": 0.0, "typos": 0.04, "chatter": None}
    )
    failed: frozenset[tuple[str, int, int]] = frozenset()
    incumbent: tuple[str, float] | None = None
    digest: str = ""
    subject: str = ""
    margin: float = 0.01
    promotable: bool = True
    duplicates: Mapping[str, int] = field(
        default_factory=lambda: {"exact": 0, "normalised": 1, "conflicting": 0}
    )

    corruptions: tuple[str, ...] = ()
    climb: bool = False
    looks: Looks | None = None

    @property
    def final(self) -> bool:
        """Whether the locked test is opened."""
        return "test" in self.sets

    def but(self, **changes: object) -> World:
        """Return the world with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def measured(world: World) -> Iterator[CellMeasurement]:
    """Yield the measurements of a world."""
    rows = [(world.candidate, name, accuracy) for name, accuracy in world.accuracy.items()]
    if world.incumbent:
        rows.append((world.incumbent[0], "linear-probe", world.incumbent[1]))
    for candidate, name, accuracy in rows:
        whose = "" if name in BASELINES_ON_DATA else candidate
        runs = world.looks.runs(world.runs, world.task, whose, name) if world.looks else world.runs
        for size in world.sizes:
            for run in range(runs):
                yield _measurement(world, candidate, name, accuracy, (size, run))


def findings(world: World, measurements: Iterator[CellMeasurement] | None = None) -> Findings:
    """Return the findings of a world, or of some of its measurements."""
    return gather_findings(
        measured(world) if measurements is None else measurements, truths=truths(world), design=design(world)
    )


def evidence(world: World) -> Evidence:
    """Return findings and observations of a world."""
    cells = list(measured(world))
    reads = (TestRead(task=world.task, cells_this_evaluation=len(cells), cells_ever=len(cells)),)
    spent = Spent("2026-11-02T10:00:00Z", 120.0, {"cells_run": len(cells)}, reads if world.final else ())
    return Evidence(findings=findings(world, iter(cells)), observations=observe(cells, spent))


def truths(world: World) -> dict[tuple[str, str], IntArray]:
    """Return the labels of every set that is opened."""
    labels = np.arange(world.items, dtype=np.int64) % world.classes
    outside = np.full(world.items, -1, dtype=np.int64)
    return {(world.task, name): (outside if drop is None else labels) for name, drop in world.sets.items()}


def design(world: World) -> Design:
    """Return what was measured."""
    named = [CandidateFacts(name=world.candidate, **_identity(world.candidate, world.digest, world.subject))]
    if world.incumbent:
        named.append(
            CandidateFacts(
                name=world.incumbent[0],
                role="incumbent",
                incumbent_for={world.task: "linear-probe"},
                **{**_identity(world.incumbent[0]), "parameters": 40_000_000},
            )
        )
    return Design(
        tasks=(task_facts(world),),
        candidates=tuple(named),
        protocol=protocol(world),
        plan_digest=digest_of(["plan", world.task]),
        final=world.final,
        looks=world.looks,
    )


def protocol(world: World) -> Protocol:
    """Return the protocol of a world; without a validation set it is one that draws from all of train."""
    return Protocol(
        schema=1,
        id="standard",
        title="Standard",
        description="Synthetic.",
        labels_per_class=world.sizes,
        runs=world.runs,
        pool="train" if "validation" in world.sets else "train+validation",
        strategies=tuple(world.accuracy),
        climb=world.climb,
    )


def task_facts(world: World) -> TaskFacts:
    """Return the facts of the task; sets that are not opened are known by their sizes too."""
    sizes = {"train": 480, **dict.fromkeys(["validation", "test", *world.sets], world.items)}
    return TaskFacts(
        id=world.task,
        digest=digest_of(["task", world.task]),
        title=world.task.title(),
        metric="accuracy",
        margin=world.margin,
        labels=tuple(f"label {index}" for index in range(world.classes)),
        sizes=sizes,
        duplicates=dict(world.duplicates),
        majority_share=1 / world.classes,
        sensitivity="public",
        promotable=world.promotable,
        corruptions=world.corruptions,
    )


def _measurement(
    world: World, candidate: str, name: str, accuracy: float, at: tuple[int, int]
) -> CellMeasurement:
    size, run = at
    cell = _cell(world, candidate, name, size, run)
    if any((name, s, r) in world.failed for s in (size, 0) for r in (run, 0)):
        return CellMeasurement(cell, "failed", reason="the loss became NaN at step 12")
    floor = name == "majority"
    seen = accuracy if floor else accuracy - world.slope * np.log2(world.sizes[-1] / size)
    noise = 0.0 if floor else _normal(world.task, run) * world.shared + _normal(cell.key) * world.own
    probabilities = {
        set_name: _outside(world, cell)
        if drop is None
        else _predictions(world, seen + noise - drop, f"{cell.key}/{set_name}")
        for set_name, drop in world.sets.items()
    }
    train = replace_items(world, cell.labels)
    return CellMeasurement(
        cell,
        "scored",
        probabilities=probabilities,
        digests={key: digest_of_bytes(value.tobytes()) for key, value in probabilities.items()},
        train_probabilities=_predictions(train, min(1.0, seen + 0.05), cell.key),
        train_labels=np.arange(cell.labels, dtype=np.int64) % world.classes,
        cost=_cost(name, size),
        environment=ENVIRONMENT,
    )


def replace_items(world: World, items: int) -> World:
    """Return the world with sets of another length."""
    return replace(world, items=items)


def _cell(world: World, candidate: str, name: str, size: int, run: int) -> Cell:
    alone = name in BASELINES_ON_DATA
    subject = "" if alone else digest_of(["subject", candidate, name == "from-scratch"])
    return Cell(
        subject=subject,
        candidate="" if alone else candidate,
        task=world.task,
        splits_digest=digest_of(["task", world.task]),
        strategy=name,
        strategy_version=1,
        settings=(("C", 1.0),),
        labels_per_class=size,
        labels=size * world.classes,
        run=Run(run, run, run),
        sampler="nested/train/fixed",
        dtype="float32",
    )


def _predictions(world: World, accuracy: float, seed: str) -> FloatArray:
    """Return (items, classes) of which a share `accuracy` is right, at a confidence of 0.7 to 0.99."""
    generator = np.random.default_rng(zlib.crc32(seed.encode()))
    labels = np.arange(world.items) % world.classes
    right = np.zeros(world.items, dtype=bool)
    right[generator.permutation(world.items)[: round(np.clip(accuracy, 0, 1) * world.items)]] = True
    chosen = np.where(right, labels, (labels + 1) % world.classes)
    confidence = generator.uniform(0.7, 0.99, world.items)
    rows = np.repeat(((1 - confidence) / (world.classes - 1))[:, None], world.classes, axis=1)
    rows[np.arange(world.items), chosen] = confidence
    return rows.astype(np.float32)


def _outside(world: World, cell: Cell) -> FloatArray:
    """Return predictions of out-of-scope items: less confident ones."""
    generator = np.random.default_rng(zlib.crc32(f"{cell.key}/outside".encode()))
    confidence = generator.uniform(0.4, 0.8, world.items)
    rows = np.repeat(((1 - confidence) / (world.classes - 1))[:, None], world.classes, axis=1)
    rows[:, 0] = confidence
    return rows.astype(np.float32)


def _normal(*seed: object) -> float:
    return float(np.random.default_rng(zlib.crc32(repr(seed).encode())).standard_normal())


def _cost(name: str, size: int) -> FitCost:
    seconds = {"from-scratch": 20.0, "lora": 15.0, "full-finetune": 18.0}.get(name, 0.1)
    trained = {"from-scratch": 22_000_000, "full-finetune": 22_000_000, "lora": 300_000}.get(name, 1_540)
    return FitCost(
        seconds=seconds + size / 100, peak_bytes=1 << 28, trained_parameters=trained, steps=10 * size
    )


def _identity(name: str, digest: str = "", subject: str = "") -> dict[str, object]:
    return {
        "digest": digest or digest_of(["bytes", name]),
        "subject": subject or digest_of(["subject", name, False]),
        "parameters": 22_713_216,
        "library": "transformers",
    }
