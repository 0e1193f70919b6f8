"""What a demand comes to: FLOPs, forwards and bytes of every trunk's encoding and of every pass. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property, partial
from pathlib import Path

from evaluators.boundary_demand import BoundaryDemand, Group, boundary_demands, group_of, shares_states, union
from evaluators.candidate import Candidate
from evaluators.cost.asking import Asking
from evaluators.cost.demand import Demand
from evaluators.cost.flops import forward_flops, weights_read
from evaluators.cost.lengths import (
    Lengths,
    lengths_of,
    padded_in_training,
    padded_when_read,
)
from evaluators.cost.prompting import asks
from evaluators.cost.prompts import Prompts
from evaluators.cost.training import Training, above_states, training
from evaluators.cost.work import Phase, Work
from evaluators.cuts import BATCH
from evaluators.data.samples import Samples
from evaluators.data.view import TRAIN
from evaluators.plan import PlannedCell
from evaluators.strategy import Strategy, strategy

#: Passes over the training features that a head's solver takes, forward and back, about.
SOLVER_PASSES = 60
#: Bytes of a weight, and how often a step with a gradient of all moves them beside the forward pass: they are read
#: again, their gradient is written, clipped and read, and AdamW reads and writes the weight and two moments.
WEIGHT_BYTES, MOVED_BY_TRAINING = 4, 11
#: Forward passes a sample from which on all weights are trained.
_TRAINS_ALL = 3.0


def phase_of(row: Strategy) -> Phase:
    """Return what kind of work fitting a row is."""
    if row.reads_trunk:
        return "heads"
    return "floors" if row.subject == "nothing" else "training"


class Workload:
    """What a demand comes to.

    Attributes:
        demand: What is left of a plan.
    """

    def __init__(self, demand: Demand, folders: Mapping[str, Path], *, device: str = "cpu") -> None:
        """Prepare; everything is counted when it is asked for.

        Args:
            demand: What is left of a plan.
            folders: Files of each candidate, for its tokenizer; may lack any.
            device: `cpu` or `cuda`.
        """
        self.demand = demand
        self._folders, self._device = folders, device
        self._lengths = cache(self._lengths_of_set)
        self._prompts = Prompts(demand, folders)
        self._asking = Asking(demand, self._lengths_of)
        self._step = cache(self._flops_of_training)
        self._reading = cache(self._flops_of_reading)

    @cached_property
    def encodings(self) -> Mapping[str, Work]:
        """What each trunk has to encode, by its key; none that has nothing to."""
        works = {trunk: self._encoding(trunk) for trunk in self.demand.readers}
        return {trunk: work for trunk, work in works.items() if work.forwards}

    @cached_property
    def fits(self) -> Mapping[tuple[int, ...], Work]:
        """What each pass has to fit and predict, by the places of its pending cells."""
        cells = self.demand.plan.cells
        return {places: self.fitting([cells[i] for i in places]) for places in self.demand.passes}

    @property
    def works(self) -> tuple[Work, ...]:
        """All of it."""
        return (*self.encodings.values(), *self.fits.values())

    @cached_property
    def unshared(self) -> tuple[Work, ...]:
        """What it would be if every pending cell encoded its own samples, and took its own states."""
        cells = self.demand.plan.cells
        encoded = tuple(self._encoding_alone(p) for p in self.demand.cells if p.trunk)
        fitted = (self.fitting([cells[i] for i in places], shared=False) for places in self.demand.passes)
        return (*encoded, *fitted)

    @cached_property
    def states(self) -> Mapping[Group, BoundaryDemand]:
        """What the partial freezes that are left demand of the blocks below them."""
        return boundary_demands(self.demand.plan, self.demand.data, self.demand.cells)

    @cached_property
    def bytes_written(self) -> int:
        """Bytes of features and predictions that will be stored, in float32; what is trained is not counted."""
        demand = self.demand
        predictions = sum(demand.predicted(p) * len(demand.data[p.cell.task].labels) for p in demand.cells)
        features = sum(work.forwards * self._width(trunk) for trunk, work in self.encodings.items())
        return 4 * (predictions + features)

    @cached_property
    def bytes_resident(self) -> int:
        """Most bytes of weights with their gradients and moments, and of features; activations are not counted."""
        features = sum(
            4 * len(self.demand.demanded(trunk)) * self._width(trunk) for trunk in self.demand.readers
        )
        return features + max((self._weights(planned) for planned in self.demand.cells), default=0)

    def fitting(self, cells: Sequence[PlannedCell], *, shared: bool = True) -> Work:
        """Return what fitting some cells of one row takes, with their predictions.

        Args:
            cells: The cells.
            shared: Partial freezes read states that the first of them takes for all; else each takes its own.
        """
        row = strategy(cells[0].cell.strategy)
        phase = phase_of(row)
        beside = len(cells) if row.fused else 1
        trained = (
            self._trained_from_states
            if shared and shares_states(cells[0])
            else partial(self._trained, beside=beside)
        )
        count = {"training": trained, "heads": self._solved}.get(phase, self._read)
        if asks(row):
            counted = [self._asked(planned, planned is cells[0]) for planned in cells]
        else:
            counted = [count(planned) for planned in cells]
        launches, flops, moved, forwards = (sum(column) for column in zip(*counted, strict=True))
        return Work(
            phase,
            row.id,
            len(cells),
            launches,
            flops,
            moved,
            int(forwards),
            self._device,
            cells[0].cell.dtype,
        )

    def _encoding(self, trunk: str) -> Work:
        reader, missing = self.demand.readers[trunk][0], self.demand.missing(trunk)
        candidate = self.demand.candidate(reader)
        lengths = self._lengths_of(candidate, missing)
        each = forward_flops(candidate, padded_when_read(lengths, len(missing)))
        return self._reads(reader, len(missing), len(missing) * each)

    def _encoding_alone(self, planned: PlannedCell) -> Work:
        return self._reads(planned, self.demand.predicted(planned), self._predicting(planned))

    def _reads(self, planned: PlannedCell, samples: int, flops: float) -> Work:
        batches = -(-samples // BATCH)
        moved = WEIGHT_BYTES * batches * weights_read(self.demand.candidate(planned))
        return Work("encode", "", 0, batches, flops, moved, samples, self._device, planned.cell.dtype)

    def _predicting(self, planned: PlannedCell) -> float:
        """Return the FLOPs of reading every set that a cell predicts, each in batches of its own."""
        cell, sizes = planned.cell, self.demand.sizes(planned)
        return sum(
            samples * self._reading(cell.candidate, cell.task, name, samples)
            for name, samples in sizes.items()
        )

    def _trained(self, planned: PlannedCell, beside: int) -> tuple[float, float, float, int]:
        """Return launches, FLOPs, bytes moved and forwards of a cell that trains a network, one of some in a pass."""
        return self._training(planned, training(planned, self.demand.candidate(planned)), beside)

    def _trained_from_states(self, planned: PlannedCell) -> tuple[float, float, float, int]:
        """The same of a partial freeze; the first of those that share states takes them for all."""
        candidate, group = self.demand.candidate(planned), group_of(planned)
        how = above_states(training(planned, candidate), planned, candidate)
        launches, flops, moved, forwards = self._training(planned, how)
        if self._takers.get(group) == planned.cell.key:
            flops += self._taking(group)
        return launches, flops, moved, forwards

    @cached_property
    def _takers(self) -> Mapping[Group, str]:
        """The cell that is computed first of those that share states."""
        first: dict[Group, str] = {}
        for planned in (self.demand.plan.cells[i] for places in self.demand.passes for i in places):
            if shares_states(planned):
                first.setdefault(group_of(planned), planned.cell.key)
        return first

    def _taking(self, group: Group) -> float:
        """Return the FLOPs of all states of a group: every sample through the frozen blocks of the deepest once."""
        demand = self.states[group]
        candidate = self.demand.plan.candidate(demand.candidate)
        cells = [p for p in self.demand.cells if shares_states(p) and group_of(p) == group]
        lengths = self._lengths_of(candidate, union(cells, self.demand.data[demand.task]))
        each = forward_flops(candidate, padded_when_read(lengths, demand.samples))
        return each * demand.layer_forwards / candidate.structure.blocks

    def _training(
        self, planned: PlannedCell, how: Training, beside: int = 1
    ) -> tuple[float, float, float, int]:
        cell, predicted = planned.cell, self.demand.predicted(planned)
        # Steps over a frozen base are cut, those of networks that train whole are not (`engine/side_by_side.py`).
        cuts = beside > 1 and how.passes < _TRAINS_ALL and self._device == "cpu"
        # One batch by itself is not cut by length.
        drawn = how.batch if how.mixed else cell.labels
        step = self._step(cell.candidate, cell.task, drawn, how.batch, beside, cuts) if how.steps else 0.0
        flops = how.samples * how.passes * step + how.reading * self._predicting(planned)
        if how.before:
            # Without gradients, so in batches that are cut as those of predictions.
            flops += how.before * self._reading(cell.candidate, cell.task, TRAIN, cell.labels)
        flops += self._asking.flops(planned)
        launches = how.steps + -(-predicted // BATCH)
        moves = launches + how.steps * (MOVED_BY_TRAINING if how.passes >= _TRAINS_ALL else 1)
        moved = WEIGHT_BYTES * moves * weights_read(self.demand.candidate(planned))
        return launches, flops, moved, how.samples + predicted

    def _asked(self, planned: PlannedCell, first: bool) -> tuple[float, float, float, int]:
        """The same of a language model in context, which trains nothing and is asked for every set."""
        asked = self._prompts.asked(planned, first=first)
        passes = sum(each.passes for each in asked)
        moved = WEIGHT_BYTES * passes * self.demand.candidate(planned).structure.parameters
        return passes, sum(each.flops for each in asked), moved, sum(each.forwards for each in asked)

    def _solved(self, planned: PlannedCell) -> tuple[float, float, float, int]:
        """The same of a head: products of features and weights, as many as a solver takes, and one to predict."""
        width = self.demand.candidate(planned).structure.width
        read = SOLVER_PASSES * planned.cell.labels + self.demand.predicted(planned)
        classes = len(self.demand.data[planned.cell.task].labels)
        return 1.0, 2.0 * width * classes * read, 4.0 * width * read, 0

    def _read(self, planned: PlannedCell) -> tuple[float, float, float, int]:
        """The same of a floor: it reads what it predicts once, and solves for every class over what it learns from.

        Its FLOPs are not counted: how many words or pixels a sample has is not known here.
        """
        classes = len(self.demand.data[planned.cell.task].labels)
        return float(classes * planned.cell.labels + self.demand.predicted(planned)), 0.0, 0.0, 0

    def _width(self, trunk: str) -> int:
        """Return the numbers that a sample has in a trunk's table: of every block, where all are read."""
        reader = self.demand.readers[trunk][0]
        structure = self.demand.candidate(reader).structure
        every = structure.blocks if strategy(reader.cell.strategy).sees == "layers" else 1
        return every * structure.width

    def _weights(self, planned: PlannedCell) -> int:
        """Return the bytes of a cell's network while it is computed."""
        row = strategy(planned.cell.strategy)
        if row.subject == "nothing" or (row.reads_trunk and planned.trunk not in self.encodings):
            return 0
        # Weight, gradient and two moments where all is trained; else hardly more than the weight.
        copies = 4 if row.cost.passes >= _TRAINS_ALL else 1
        return copies * WEIGHT_BYTES * self.demand.candidate(planned).structure.parameters

    def _lengths_of(self, candidate: Candidate, samples: Samples) -> Lengths:
        return lengths_of(candidate, samples, self._folders.get(candidate.name))

    def _lengths_of_set(self, name: str, task: str, group: str) -> Lengths:
        """Return lengths of a set's texts; those of the pool stand for every draw from it."""
        return self._lengths_of(self.demand.plan.candidate(name), self.demand.data[task].samples(group))

    def _flops_of_training(
        self, name: str, task: str, labels: int, batch: int, beside: int, cuts: bool
    ) -> float:
        """Return the FLOPs of a sample's forward pass in the training batches of so many cells."""
        candidate = self.demand.plan.candidate(name)
        width = candidate.structure.width if cuts else None
        lengths = self._lengths(name, task, TRAIN)
        padded = padded_in_training(lengths, labels, batch, cells=beside, cut_at_width=width)
        return forward_flops(candidate, padded)

    def _flops_of_reading(self, name: str, task: str, group: str, samples: int) -> float:
        """Return the FLOPs of a sample's forward pass where so many of a set are read, sorted by length."""
        padded = padded_when_read(self._lengths(name, task, group), samples)
        return forward_flops(self.demand.plan.candidate(name), padded)
