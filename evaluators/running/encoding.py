"""Reads what a plan demands of its frozen trunks: every sample once, whatever reads it and however often.

In: a plan with its tasks and store, and a way to a base. Out: feature tables, in the store and in memory. A plan may
read one base by two taps (pooled features, and those of every block): a sample that lacks both goes through it once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from evaluators.backbones.backbone import Backbone
from evaluators.cell import FitCost
from evaluators.data.samples import FloatArray, Samples
from evaluators.data.task_data import TaskData
from evaluators.data.view import inputs, label_inputs
from evaluators.engine.job import Progress
from evaluators.features import FeatureTable, chunks, distinct, read_table, store_chunk
from evaluators.observations import Environment
from evaluators.origin import Origin
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore
from evaluators.strategy import Tap, strategy


@dataclass(eq=False)
class Encoding:
    """The tables of a plan's trunks.

    Attributes:
        plan: Says what is demanded of each trunk.
        data: The loaded tasks, by id.
        results: Where rows are stored.
        environment: Where this is.
        load: Returns the base of a cell, pre-trained.
        prepare: Imports what encoding for a cell needs, before the clock starts.
        check: Called with a trunk that is read in bfloat16, its readers and its base, before anything is encoded.
    """

    plan: Plan
    data: Mapping[str, TaskData]
    results: ResultStore
    environment: Callable[[], Environment]
    load: Callable[[PlannedCell], Backbone]
    prepare: Callable[[PlannedCell], None]
    check: Callable[[str, Sequence[PlannedCell], Backbone], None]
    _tables: dict[str, FeatureTable] = field(default_factory=dict)

    def lookup(self, trunk: str, samples: Samples) -> FloatArray:
        """Return the rows of samples, (n, width) float32."""
        return self._table(trunk).lookup(samples)

    def encode(self, trunk: str, progress: Progress) -> int:
        """Encode what the plan demands of a trunk and is not stored.

        Returns:
            The number of samples encoded now.

        Raises:
            PrecisionProblem: If the protocol says bfloat16 and that costs accuracy.
        """
        demanded, table = self._demanded(trunk), self._table(trunk)
        missing = [chunk.take(_absent(chunk, table)) for chunk in chunks(demanded)]
        total, done = sum(len(chunk) for chunk in missing), 0
        if not total:
            return 0
        readers = self._readers(trunk)
        self.prepare(readers[0])
        reading = _Reading(trunk, readers[0], self._beside(trunk), self.load)
        if readers[0].cell.dtype == "bfloat16":
            self.check(trunk, readers, reading.backbone)
        for chunk in missing:
            if not len(chunk):
                continue
            self._encode_chunk(reading, chunk)
            done += len(chunk)
            progress(done, total)
        return total

    def _encode_chunk(self, reading: _Reading, chunk: Samples) -> None:
        """Read a chunk and store it, also in the other tap's table what that one lacks of it."""
        beside = reading.beside
        also = beside.lacks(chunk, self._table(beside.trunk)) if beside else []
        started = time.perf_counter()
        rows = reading.rows(chunk, "layers" if also else reading.tap)
        # Both say what the pass cost: each would have cost as much alone.
        made = Origin(FitCost(seconds=round(time.perf_counter() - started, 4)), self.environment())
        # Last what says that the chunk was read: a kill in between has all of it read again, in the same batches.
        if beside and also:
            self._store(beside.trunk, chunk.take(also), rows[beside.tap][also], made)
        self._store(reading.trunk, chunk, rows[reading.tap], made)

    def _store(self, trunk: str, samples: Samples, rows: FloatArray, made: Origin) -> None:
        self._table(trunk).add(store_chunk(self.results, trunk, samples, rows, made))

    def _table(self, trunk: str) -> FeatureTable:
        if trunk not in self._tables:
            self._tables[trunk] = read_table(self.results, trunk)
        return self._tables[trunk]

    def _readers(self, trunk: str) -> list[PlannedCell]:
        return [planned for planned in self.plan.cells if planned.trunk == trunk and not planned.skipped]

    def _demanded(self, trunk: str) -> Samples:
        readers = self._readers(trunk)
        sets = [inputs(p.cell, name, self.data[p.cell.task]) for p in readers for name in p.predict]
        return distinct(sets + [label_inputs(p.cell, self.data[p.cell.task]) for p in readers])

    def _beside(self, trunk: str) -> _Beside | None:
        """Return the other tap of the same base, if the plan reads one."""
        base = _base(self._readers(trunk)[0])
        for planned in self.plan.cells:
            if planned.trunk not in (None, trunk) and not planned.skipped and _base(planned) == base:
                assert planned.trunk is not None
                demanded = frozenset(self._demanded(planned.trunk).digests)
                return _Beside(planned.trunk, _tap(planned), demanded)
        return None


@dataclass(frozen=True)
class _Beside:
    """Another tap of the base that is read.

    Attributes:
        trunk: Key of its table.
        tap: What it is.
        demanded: Digests of the samples that the plan demands of it.
    """

    trunk: str
    tap: Tap
    demanded: frozenset[str]

    def lacks(self, chunk: Samples, table: FeatureTable) -> list[int]:
        """Return which samples of a chunk are demanded and not there."""
        return [index for index in _absent(chunk, table) if chunk.digests[index] in self.demanded]


@dataclass(frozen=True, eq=False)
class _Reading:
    """A pass over what a trunk lacks.

    Attributes:
        trunk: Key of its table.
        reader: A cell that reads it.
        beside: The other tap, if any.
        load: Returns its base.
    """

    trunk: str
    reader: PlannedCell
    beside: _Beside | None
    load: Callable[[PlannedCell], Backbone]

    @property
    def tap(self) -> Tap:
        """What is read of the base."""
        return _tap(self.reader)

    @cached_property
    def backbone(self) -> Backbone:
        """The base, loaded when it is first needed."""
        return self.load(self.reader)

    def rows(self, samples: Samples, tap: Tap) -> dict[Tap, FloatArray]:
        """Read samples once; return the rows by tap. The features are the last columns of the layers."""
        from evaluators.engine.encode import encode

        dtype = self.reader.cell.dtype
        rows = encode(self.backbone, samples, dtype=dtype, progress=_ignore, tap=tap)
        return {tap: rows} if tap == "features" else {tap: rows, "features": rows[:, -self.backbone.width :]}


def _base(planned: PlannedCell) -> tuple[str, str]:
    return planned.cell.subject, planned.cell.dtype


def _tap(planned: PlannedCell) -> Tap:
    sees = strategy(planned.cell.strategy).sees
    assert sees != "samples"
    return sees


def _absent(samples: Samples, table: FeatureTable) -> list[int]:
    return [index for index, digest in enumerate(samples.digests) if digest not in table.rows]


def _ignore(done: int, total: int) -> None:
    """Progress is told by chunk."""
