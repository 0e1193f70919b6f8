"""What is left of a plan: cells whose results are not stored, and samples whose features are not. No torch.

In: a plan, its data, the store. Out: the pending cells, each once, by pass; and for every trunk the samples that it
will read, each once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, cached_property

from evaluators.candidate import Candidate
from evaluators.canonical import digest_of
from evaluators.data.samples import Samples
from evaluators.data.task_data import TaskData
from evaluators.data.view import TRAIN, inputs, label_inputs
from evaluators.features import chunks, distinct, read_table
from evaluators.passes import passes
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore


class Demand:
    """What is left of a plan to compute.

    Attributes:
        plan: What will be measured.
        data: The loaded tasks, by id.
    """

    def __init__(
        self, plan: Plan, data: Mapping[str, TaskData], results: ResultStore, stored: Collection[str]
    ) -> None:
        """Compare a plan with what is stored.

        Args:
            plan: What will be measured.
            data: The loaded tasks, by id.
            results: Where features may be.
            stored: Keys of the cells whose results are stored.
        """
        self.plan, self.data = plan, data
        self._results, self._stored = results, frozenset(stored)
        self.demanded = cache(self._demanded)
        self.missing = cache(self._missing)

    @cached_property
    def cells(self) -> tuple[PlannedCell, ...]:
        """The pending cells, each once: two candidates of one architecture share those of from-scratch."""
        left = (p for p in self.plan.cells if not p.skipped and p.cell.key not in self._stored)
        return tuple({p.cell.key: p for p in left}.values())

    @cached_property
    def passes(self) -> tuple[tuple[int, ...], ...]:
        """Places in the plan of the cells that each pass has to compute, in the order of the passes."""
        pending, left = {planned.cell.key for planned in self.cells}, []
        for together in passes(self.plan):
            here: dict[str, int] = {}
            for index in together.cells:
                key = self.plan.cells[index].cell.key
                if key in pending and not self.plan.cells[index].skipped:
                    here.setdefault(key, index)
            pending -= here.keys()
            if here:
                left.append(tuple(here.values()))
        return tuple(left)

    @cached_property
    def readers(self) -> Mapping[str, tuple[PlannedCell, ...]]:
        """The pending cells by the trunk whose features they read."""
        readers: dict[str, list[PlannedCell]] = {}
        for planned in self.cells:
            if planned.trunk:
                readers.setdefault(planned.trunk, []).append(planned)
        return {trunk: tuple(cells) for trunk, cells in readers.items()}

    def candidate(self, planned: PlannedCell) -> Candidate:
        """Return what a cell measures."""
        return self.plan.candidate(planned.cell.candidate)

    def sizes(self, planned: PlannedCell) -> Mapping[str, int]:
        """Return how many samples of each set a cell predicts."""
        sizes = self.data[planned.cell.task].sizes
        return {name: planned.cell.labels if name == TRAIN else sizes[name] for name in planned.predict}

    def predicted(self, planned: PlannedCell) -> int:
        """Return how many samples a cell predicts in all."""
        return sum(self.sizes(planned).values())

    def _demanded(self, trunk: str) -> Samples:
        """Return the distinct samples that the pending readers of a trunk demand."""
        views = {(p.cell.task, name, *_view(p, name)): p for p in self.readers[trunk] for name in p.predict}
        sets = [inputs(planned.cell, name, self.data[task]) for (task, name, *_), planned in views.items()]
        named = {(p.cell.task, p.cell.strategy, p.cell.settings): p for p in self.readers[trunk]}
        return distinct(sets + [label_inputs(p.cell, self.data[p.cell.task]) for p in named.values()])

    def _missing(self, trunk: str) -> Samples:
        """Return those whose features are not stored, and that no other tap of the same base will be read for.

        A sample that lacks its features and those of every block goes through the base once for both.
        """
        lacking, before = self._lacking(trunk), self._earlier_tap(trunk)
        if before is None:
            return lacking
        read = frozenset(self.missing(before).digests)
        return lacking.take([i for i, digest in enumerate(lacking.digests) if digest not in read])

    def _earlier_tap(self, trunk: str) -> str | None:
        base = _base(self.readers[trunk][0])
        trunks = list(self.readers)
        same = [t for t in trunks[: trunks.index(trunk)] if _base(self.readers[t][0]) == base]
        return same[0] if same else None

    def _lacking(self, trunk: str) -> Samples:
        demanded = self.demanded(trunk)
        named = {digest_of(list(chunk.digests)) for chunk in chunks(demanded)}
        if named <= set(self._results.chunk_names(trunk)):
            return demanded.take(
                []
            )  # known by their names alone: features are large, and their place may be far
        rows = read_table(self._results, trunk).rows
        return demanded.take([i for i, digest in enumerate(demanded.digests) if digest not in rows])


def _base(planned: PlannedCell) -> tuple[str, str]:
    return planned.cell.subject, planned.cell.dtype


def _view(planned: PlannedCell, name: str) -> tuple[int, int]:
    return (planned.cell.labels_per_class, planned.cell.run.draw) if name == TRAIN else (0, 0)
