"""Computes the nodes of a plan: the trunk's features, then one fit after the other with its predictions.

Runs in the worker process (or in the caller's, in tests). It holds the loaded tasks and the result store. A strategy
receives a `FitJob` with one draw's labels; the locked test is read here, after the fit, and only by a final plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from importlib import import_module

import numpy as np

from evaluators.canonical import digest_of
from evaluators.data.view import TRAIN
from evaluators.engine.job import Inputs, OneByOne, Progress
from evaluators.observations import Environment
from evaluators.observe import environment
from evaluators.plan import PlannedCell
from evaluators.results import Stored
from evaluators.running.drift import DriftMeter
from evaluators.running.encoding import Encoding
from evaluators.running.fits import Fits, trains_base
from evaluators.running.import_clock import ImportClock
from evaluators.running.precision_gate import check_precision
from evaluators.running.serving import ServingClock
from evaluators.running.workbench import Workbench
from evaluators.strategy import Strategy, strategy


class NotFiniteError(FloatingPointError):
    """A cell predicts NaN or infinite scores; the set is named."""


class Computation:
    """Computes nodes; keeps the feature tables of this plan in memory.

    Attributes:
        bench: What it needs.
        boundaries: States above frozen blocks that are alive, and how much was computed for them.
    """

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._imports = ImportClock()
        self._encoding = Encoding(
            bench.plan,
            bench.data,
            bench.results,
            environment=lambda: self._environment,
            load=lambda planned: self.bench.backbone(planned, pretrained=True),
            prepare=self._import_encoder,
            check=partial(check_precision, data=bench.data, results=bench.results),
        )
        self._fits = Fits(bench, self._encoding, self._imports, lambda: self._environment)
        self.boundaries = self._fits.boundaries
        self._serving = ServingClock(bench, lambda: self._environment)
        self._drift = DriftMeter(bench)

    @property
    def seconds_beside(self) -> float:
        """What is part of no work so far: importing libraries, paid once a process, and timing answers."""
        return self._imports.seconds + self._serving.seconds

    def encode(self, trunk: str, progress: Progress) -> int:
        """Encode what the plan demands of a trunk and is not stored; return the number of samples encoded now.

        Raises:
            PrecisionProblem: If the protocol says bfloat16 and that costs accuracy.
        """
        return self._encoding.encode(trunk, progress)

    def measure(self, cells: Sequence[PlannedCell], progress: Progress) -> None:
        """Fit cells in one pass and store their predictions on every set that lacks them.

        Args:
            cells: One cell, or several of a row that can be fused: equal in base, task, settings and sets.
            progress: Called as training goes on.

        Raises:
            NotApplicable: If the strategy cannot run here.
        """
        try:
            self._measure(cells, progress)
        except NotFiniteError as error:
            # A pass of several is halved until the one is found. Sets that it predicted before were of another fit.
            alone = len(cells) == 1 and not any(
                self.bench.results.intact("predict", k) for k in cells[0].predict.values()
            )
            if (
                not alone
                or cells[0].cell.dtype == "float32"
                or not trains_base(strategy(cells[0].cell.strategy))
            ):
                raise
            self._measure(cells, progress, instead=str(error))
        finally:
            self.boundaries.release(cells)

    def _measure(self, cells: Sequence[PlannedCell], progress: Progress, instead: str = "") -> None:
        """Measure cells; in float32 where it is said why their own arithmetic did not do, whatever was kept of them."""
        results = self.bench.results
        row = strategy(cells[0].cell.strategy)
        if not row.reads_trunk:
            self._serving.release()
        if self._drift.asks(cells):
            self._import_encoder(cells[0])
            self._drift.prepare(cells)
        together, origins = self._fits.of(cells, row, progress, instead)
        predicted: list[tuple[str, Stored]] = []
        for name in cells[0].predict:
            lacking = [
                i for i, planned in enumerate(cells) if not results.intact("predict", planned.predict[name])
            ]
            predictors = (
                together if len(lacking) == len(cells) else OneByOne([together.members[i] for i in lacking])
            )
            asked = [cells[i] for i in lacking]
            probabilities = predictors.predict(self._inputs_of_all(asked, row, name)) if asked else []
            keys = [planned.predict[name] for planned in asked]
            for planned, origin, found in zip(
                asked, [origins[i] for i in lacking], probabilities, strict=True
            ):
                if not np.isfinite(found).all():
                    raise NotFiniteError(f"the predictions on {name} are not finite")
                samples = self.bench.samples(planned, name)
                facts = {
                    "cell": planned.cell.key,
                    "set": name,
                    "samples": digest_of(list(samples.digests)),
                    **({"together": keys} if len(keys) > 1 else {}),
                    **origin.facts,
                }
                stored = Stored({"probabilities": found.astype(np.float32)}, facts)
                predicted.append((planned.predict[name], stored))
        # Before the predictions: what is missing then has the whole pass computed again, and nothing else asks for it.
        for planned, fitted in zip(cells, together.members, strict=True):
            self._drift.measure(planned, fitted)
            self._serving.time(planned, fitted)
        # All at the end: a kill before loses the pass, and one in between is noticed by `together`.
        for key, stored in predicted:
            results.write("predict", key, stored)

    def _import_encoder(self, planned: PlannedCell) -> None:
        with self._imports.counting():
            import_module("evaluators.engine.encode")
            import_module("evaluators.engine.probing")
            import_module(
                f"evaluators.backbones.{self.bench.plan.candidate(planned.cell.candidate).modality}"
            )

    def _inputs_of_all(self, cells: Sequence[PlannedCell], row: Strategy, name: str) -> list[Inputs]:
        """Return each cell's inputs of a set; one object for all where the set does not depend on the draw."""
        if name == TRAIN:
            return [self._fits.inputs(planned, row, self.bench.samples(planned, name)) for planned in cells]
        return [self._fits.inputs(cells[0], row, self.bench.samples(cells[0], name))] * len(cells)

    @cached_property
    def _environment(self) -> Environment:
        return environment(self.bench.device)
