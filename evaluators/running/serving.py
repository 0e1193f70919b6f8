"""Times a fitted classifier in use: one raw input at a time, then several, as a service would ask it.

In: a fitted cell. Out: times in the store. What a frozen base reads is read anew for every call, although its features
are known: whoever asks has a text or an image, and no features. Nothing of it is part of what the fit took.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from evaluators.backbones.backbone import Backbone
from evaluators.data.samples import Samples
from evaluators.data.view import TRAIN, VALIDATION
from evaluators.engine.job import Fitted, Inputs
from evaluators.observations import Environment
from evaluators.plan import PlannedCell
from evaluators.results import Stored
from evaluators.running.workbench import Workbench
from evaluators.serving import served, serving_key
from evaluators.strategy import Tap, strategy

#: Calls that are not timed, the most that are, and the fewest, whatever they take (timm times 40 after 10).
WARM_UP, MOST_CALLS, FEWEST_CALLS = 10, 200, 5
#: Seconds that the calls of one input may take, and those of each larger batch.
SINGLE_SECONDS, BATCH_SECONDS = 2.0, 0.25
#: A batch that would take longer is not asked: a language model in context may take seconds an input.
LONGEST_BATCH = 5.0
BATCHES = (8, 32)

#: Runs in which timing is begun where it ended the process: each tries once, because it may be memory that ended it.
MOST_RUNS = 2

Clock = Callable[[], float]


class ServingClock:
    """Times the cells of a plan that are to be timed.

    Attributes:
        seconds: What it took so far: no part of any fit.
    """

    def __init__(
        self, bench: Workbench, environment: Callable[[], Environment], clock: Clock = time.perf_counter
    ) -> None:
        """Time nothing yet.

        Args:
            bench: What computing needs.
            environment: Says where it computes.
            clock: Seconds of a clock that does not go back.
        """
        self._bench, self._environment, self._clock = bench, environment, clock
        self._wanted = {planned.fit for planned in served(bench.plan)} if bench.timed_by else set()
        self._frozen: tuple[str, Backbone] | None = None
        self.seconds = 0.0

    def time(self, planned: PlannedCell, fitted: Fitted) -> None:
        """Time a classifier if its cell is to be timed and was not; what memory does not hold is told instead."""
        results, key = self._bench.results, serving_key(planned)
        if planned.fit not in self._wanted:
            return
        begun = _begun_in(results.read("serving", key)) if results.intact("serving", key) else ()
        if begun is None or self._bench.timed_by in begun or len(begun) >= MOST_RUNS:
            return
        started = self._clock()
        unfinished = {"reason": "the worker ended meanwhile", "begun": [*begun, self._bench.timed_by]}
        results.write("serving", key, Stored({"seconds": np.zeros(0)}, unfinished))
        try:
            stored = self._timed(planned, fitted)
        except (RuntimeError, MemoryError) as error:
            # torch raises RuntimeError where memory runs out; the cell predicts all the same, so it is no failure.
            stored = Stored({"seconds": np.zeros(0)}, {"reason": type(error).__name__})
        results.write("serving", key, stored)
        self.seconds += self._clock() - started

    def release(self) -> None:
        """Let go of the base that is held: training needs the memory."""
        self._frozen = None

    def _timed(self, planned: PlannedCell, fitted: Fitted) -> Stored:
        answer, samples = self._way(planned, fitted), self._samples(planned)
        self._calls(answer, samples, 1, 1, WARM_UP, SINGLE_SECONDS)
        singles = self._calls(answer, samples, 1, FEWEST_CALLS, MOST_CALLS, SINGLE_SECONDS)
        throughput = {"1": len(singles) / sum(singles)} if sum(singles) else {}
        for size in BATCHES:
            if size * sum(singles) / len(singles) > LONGEST_BATCH:
                break
            answer(_batch(samples, 0, size))
            calls = self._calls(answer, samples, size, 1, MOST_CALLS, BATCH_SECONDS)
            throughput[str(size)] = size * len(calls) / sum(calls) if sum(calls) else 0.0
        facts = {
            "throughput": {name: round(value, 3) for name, value in throughput.items()},
            "trained_bytes": _bytes_of(fitted),
            "base_bytes": self._base_bytes(planned),
            "environment": self._environment().model_dump(mode="json"),
        }
        return Stored({"seconds": np.round(np.array(singles), 6)}, facts)

    def _calls(
        self,
        answer: Callable[[Samples], None],
        samples: Samples,
        size: int,
        fewest: int,
        most: int,
        seconds: float,
    ) -> list[float]:
        """Return the seconds of calls: at least `fewest`, at most `most`, and none begun after so many seconds."""
        found: list[float] = []
        while len(found) < most and (len(found) < fewest or sum(found) < seconds):
            asked = _batch(samples, len(found) * size, size)
            started = self._clock()
            answer(asked)
            found.append(self._clock() - started)
        return found

    def _way(self, planned: PlannedCell, fitted: Fitted) -> Callable[[Samples], None]:
        """Return what answers raw inputs; arrays come back to the processor, so a GPU has done its work then."""
        row = strategy(planned.cell.strategy)
        if not row.reads_trunk:
            return lambda samples: _done(fitted.predict(Inputs(samples=samples)))
        from evaluators.engine.encode import encode

        backbone = self._frozen_base(planned)
        tap: Tap = "layers" if row.sees == "layers" else "features"

        def through_the_base(samples: Samples) -> None:
            read = encode(backbone, samples, dtype=planned.cell.dtype, progress=_silent, tap=tap)
            _done(fitted.predict(Inputs(features=read)))

        return through_the_base

    def _frozen_base(self, planned: PlannedCell) -> Backbone:
        if self._frozen is None or self._frozen[0] != planned.cell.subject:
            self._frozen = None  # before the next one is loaded: there may be no room for two
            self._frozen = (planned.cell.subject, self._bench.backbone(planned, pretrained=True))
        return self._frozen[1]

    def _samples(self, planned: PlannedCell) -> Samples:
        """Return inputs of validation, or else of training, in a random order that is always the same."""
        name = VALIDATION if VALIDATION in planned.predict else TRAIN
        samples = self._bench.samples(planned, name)
        return samples.take(np.random.default_rng(0).permutation(len(samples))[:MOST_CALLS].tolist())

    def _base_bytes(self, planned: PlannedCell) -> int:
        if not planned.cell.candidate:
            return 0
        return sum(entry.size for entry in self._bench.plan.candidate(planned.cell.candidate).files)


def _begun_in(stored: Stored) -> tuple[str, ...] | None:
    """Return the runs in which timing was begun and not ended; None where it ended, in whatever way."""
    found = stored.facts.get("begun")
    return None if found is None else tuple(found)


def _batch(samples: Samples, start: int, size: int) -> Samples:
    return samples.take([(start + index) % len(samples) for index in range(size)])


def _bytes_of(fitted: Fitted) -> int:
    with tempfile.TemporaryDirectory() as name:
        fitted.save(Path(name))
        return sum(path.stat().st_size for path in Path(name).iterdir())


def _done(probabilities: object) -> None:
    """The answer is here; nobody reads it."""


def _silent(done: int, total: int) -> None:
    """Progress of one input is not told."""
