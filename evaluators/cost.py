"""What a plan will cost, before anything is spent: forwards, FLOPs, bytes, time, and what sharing and the store save.

Pure but for one short measurement of this machine's matrix product, which turns FLOPs into an estimate of seconds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluators.candidate import TEXT_TOKENS, Candidate, TextInput
from evaluators.data import TaskData
from evaluators.engine.recipe import recipe_of
from evaluators.features import read_table
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore
from evaluators.run import is_stored
from evaluators.strategy import strategy
from evaluators.view import TRAIN, inputs, label_inputs

#: Share of the matrix product's rate that small encoders reach on a CPU (measured: MiniLM, 0.2 to 0.5).
EFFICIENCY = 0.3
#: Seconds until a worker has imported what it computes with (measured: 6 to 10 on two cores).
START_SECONDS = 8.0
#: Tokens of an English word in the usual vocabularies, tokens around a text, and texts that are looked at for it.
TOKENS_PER_WORD, SPECIAL_TOKENS, LOOKED_AT = 1.3, 2, 1000
#: Standard deviation of paired differences between runs that is assumed before anything is measured (published:
#: Banking77 at 8 labels a class, 0.8 points over draws; other tasks up to 4).
ASSUMED_SD = 0.02


@dataclass(frozen=True)
class CostEstimate:
    """What a plan will cost.

    Attributes:
        cells: Cells in all.
        stored: Cells whose results are stored already.
        nodes: Nodes after equal keys became one.
        nodes_unshared: Nodes if every cell had its own.
        forwards: Samples that a frozen trunk will read, each once, less those whose features are stored.
        forwards_unshared: Samples it would read if every cell read its own.
        training_passes: Sample-forwards of training and of predicting with trained trunks.
        flops: In all, of what is not stored.
        bytes: Of features and predictions to be written.
        seconds: Estimate for this machine's processor; None if the rate is not known, or nothing is to be computed.
        detectable: Difference that paired runs detect with probability 0.8, if their sd is `ASSUMED_SD`.
    """

    cells: int
    stored: int
    nodes: int
    nodes_unshared: int
    forwards: int
    forwards_unshared: int
    training_passes: int
    flops: float
    bytes: int
    seconds: float | None
    detectable: float | None


def estimate(
    plan: Plan, data: Mapping[str, TaskData], results: ResultStore, *, flops_per_second: float | None
) -> CostEstimate:
    """Estimate a plan's cost, less what is stored."""
    pending = [p for p in plan.cells if not p.skipped and not is_stored(p, results)]
    sizes = {planned.cell.key: _set_sizes(planned, data) for planned in pending}
    forwards, unshared, flops = 0, 0, 0.0
    for base in dict.fromkeys(_base(planned) for planned in pending if planned.trunk):
        readers = [planned for planned in pending if planned.trunk and _base(planned) == base]
        missing: set[str] = set()
        # A sample that lacks the features and those of every block is read once for both.
        for trunk in {planned.trunk for planned in readers if planned.trunk}:
            own = [planned for planned in readers if planned.trunk == trunk]
            missing |= _distinct(own, data).difference(read_table(results, trunk).rows)
        once = len(missing)
        forwards += once
        unshared += sum(sum(sizes[planned.cell.key].values()) for planned in readers)
        flops += once * _flops(plan.candidate(readers[0].cell.candidate), data[readers[0].cell.task])
    passes = 0
    for planned in {p.cell.key: p for p in pending if _trains(p)}.values():
        # A text is asked once for each order of the examples.
        predicted = sum(sizes[planned.cell.key].values()) * int(dict(planned.cell.settings).get("orders", 1))
        trained = _training_samples(planned)
        passes += predicted + trained
        candidate = plan.candidate(planned.cell.candidate)
        price = strategy(planned.cell.strategy).cost
        a_sample = price.at(dict(planned.cell.settings), candidate.structure.blocks)
        before = price.before(dict(planned.cell.settings), candidate.structure.blocks) * planned.cell.labels
        flops += (predicted + before + trained * a_sample) * _flops(candidate, data[planned.cell.task])
    classes = {name: len(task.labels) for name, task in data.items()}
    predictions = sum(sum(sizes[p.cell.key].values()) * classes[p.cell.task] * 4 for p in pending)
    widths = {p.trunk: plan.candidate(p.cell.candidate).structure.width for p in pending if p.trunk}
    return CostEstimate(
        cells=len(plan.cells),
        stored=sum(1 for p in plan.cells if not p.skipped) - len(pending),
        nodes=len(plan.nodes),
        nodes_unshared=sum(_chain_length(p) for p in plan.cells),
        forwards=forwards,
        forwards_unshared=unshared,
        training_passes=passes,
        flops=flops,
        bytes=predictions + forwards * max(widths.values(), default=0) * 4,
        seconds=START_SECONDS + flops / flops_per_second if flops_per_second and pending else None,
        detectable=_detectable(plan.request.protocol.runs),
    )


def measured_rate() -> float:
    """Return the FLOP/s that a small encoder may reach here: a share of this machine's float32 matrix product."""
    side = 512
    matrix = np.ones((side, side), dtype=np.float32)
    matrix @ matrix
    best = math.inf
    for _ in range(20):
        started = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - started)
    return EFFICIENCY * 2 * side**3 / best


def _detectable(runs: int) -> float | None:
    if runs < 2:
        return None
    from evaluators.statistics.power import detectable_by_runs

    return detectable_by_runs(ASSUMED_SD, runs)


def _flops(candidate: Candidate, data: TaskData) -> float:
    """Return the FLOPs of one forward pass over a sample of usual length."""
    if not isinstance(candidate.input, TextInput):
        return candidate.structure.flops_per_input
    texts = data.train.samples.texts[:LOOKED_AT]
    # Each is cut by itself: one huge text must not make all of them long.
    lengths = [
        min(candidate.input.max_tokens, TOKENS_PER_WORD * len(text.split()) + SPECIAL_TOKENS)
        for text in texts
    ]
    tokens = sum(lengths) / len(lengths)
    # Both lengths are short, so the part of attention that grows with the square does not count.
    return candidate.structure.flops_per_input * tokens / min(TEXT_TOKENS, candidate.input.max_tokens)


def _trains(planned: PlannedCell) -> bool:
    row = strategy(planned.cell.strategy)
    return row.sees == "samples" and row.subject != "nothing"


def _training_samples(planned: PlannedCell) -> int:
    """Return how many samples training reads."""
    if not strategy(planned.cell.strategy).cost.passes:
        return 0
    recipe, labels = recipe_of(dict(planned.cell.settings)), planned.cell.labels
    if pairs := int(dict(planned.cell.settings).get("pairs", 0)):
        # Of either kind, and each pair is two texts; those that several pairs of a batch share are read once.
        return recipe.steps(2 * pairs * labels) * min(2 * recipe.batch_size, labels)
    return recipe.steps(labels) * min(recipe.batch_size, labels)


def _chain_length(planned: PlannedCell) -> int:
    """Return the nodes of a cell that shares nothing."""
    sets = len(planned.predict)
    return (3 * sets if planned.trunk else sets) + 1 + sets


def _set_sizes(planned: PlannedCell, data: Mapping[str, TaskData]) -> dict[str, int]:
    task = data[planned.cell.task]
    return {name: planned.cell.labels if name == TRAIN else task.sizes[name] for name in planned.predict}


def _distinct(readers: list[PlannedCell], data: Mapping[str, TaskData]) -> set[str]:
    """Return the digests of all samples that the readers of one trunk demand."""
    digests: set[str] = set()
    views = {(p.cell.task, name, *_view(p, name)): p for p in readers for name in p.predict}
    for (task, name, *_), planned in views.items():
        digests.update(inputs(planned.cell, name, data[task]).digests)
    for planned in readers:
        digests.update(label_inputs(planned.cell, data[planned.cell.task]).digests)
    return digests


def _base(planned: PlannedCell) -> tuple[str, str]:
    return planned.cell.subject, planned.cell.dtype


def _view(planned: PlannedCell, name: str) -> tuple[int, int]:
    return (planned.cell.labels_per_class, planned.cell.run.draw) if name == TRAIN else (0, 0)
