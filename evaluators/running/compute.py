"""Computes the nodes of a plan: the trunk's features, then one fit after the other with its predictions.

Runs in the worker process (or in the caller's, in tests). It holds the loaded tasks and the result store. A strategy
receives a `FitJob` with one draw's labels; the locked test is read here, after the fit, and only by a final plan.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from importlib import import_module

import numpy as np

from evaluators.backbones.backbone import Backbone
from evaluators.canonical import digest_of
from evaluators.cell import FitCost
from evaluators.data.samples import FloatArray, Samples
from evaluators.data.view import TRAIN, draw, label_inputs
from evaluators.engine.job import FitJob, Fitted, FittedTogether, Inputs, OneByOne, Progress
from evaluators.evidence import Environment
from evaluators.observe import environment
from evaluators.origin import Origin, origin_of
from evaluators.plan import PlannedCell
from evaluators.results import Stored
from evaluators.running.boundary_caches import BoundaryCaches
from evaluators.running.device import peak_bytes, reset_peak
from evaluators.running.encoding import Encoding
from evaluators.running.kept_fits import company_of, packed, unpacked
from evaluators.running.precision_gate import check_precision
from evaluators.running.workbench import Workbench
from evaluators.strategy import Strategy, strategy


class NotFiniteError(FloatingPointError):
    """A cell predicts NaN or infinite scores; the set is named."""


class Computation:
    """Computes nodes; keeps the feature tables of this plan in memory.

    Attributes:
        bench: What it needs.
        seconds_importing: What importing libraries took so far; it is paid once a process, and part of no work.
    """

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.seconds_importing = 0.0
        self._encoding = Encoding(
            bench.plan,
            bench.data,
            bench.results,
            environment=lambda: self._environment,
            load=lambda planned: self.bench.backbone(planned, pretrained=True),
            prepare=self._import_encoder,
            check=partial(check_precision, data=bench.data, results=bench.results),
        )
        self.boundaries = BoundaryCaches(
            bench.plan,
            bench.data,
            bench.results,
            device=bench.device,
            load=lambda planned: self.bench.backbone(planned, pretrained=True),
        )
        """States above frozen blocks that are alive, and how much was computed for them."""

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
                or not _trains_base(strategy(cells[0].cell.strategy))
            ):
                raise
            self._measure(cells, progress, instead=str(error))
        finally:
            self.boundaries.release(cells)

    def _measure(self, cells: Sequence[PlannedCell], progress: Progress, instead: str = "") -> None:
        """Measure cells; in float32 where it is said why their own arithmetic did not do, whatever was kept of them."""
        results = self.bench.results
        row = strategy(cells[0].cell.strategy)
        together, origins = self._fitted(cells, row, progress, instead)
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
        # All at the end: a kill before loses the pass, and one in between is noticed by `together`.
        for key, stored in predicted:
            results.write("predict", key, stored)

    def _import_encoder(self, planned: PlannedCell) -> None:
        with self._importing():
            import_module("evaluators.engine.encode")
            import_module(
                f"evaluators.backbones.{self.bench.plan.candidate(planned.cell.candidate).modality}"
            )

    @contextmanager
    def _importing(self) -> Iterator[None]:
        """Count the block's time as importing."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds_importing += time.perf_counter() - started

    @cached_property
    def _environment(self) -> Environment:
        return environment(self.bench.device)

    def _fitted(
        self, cells: Sequence[PlannedCell], row: Strategy, progress: Progress, instead: str
    ) -> tuple[FittedTogether, list[Origin]]:
        """Return trained classifiers: from the store where they were small enough to keep, else trained now."""
        kept = {} if instead else self._kept(cells)
        fresh = [i for i in range(len(cells)) if i not in kept]
        together, made = (
            self._trained([cells[i] for i in fresh], row, progress, instead) if fresh else (OneByOne(()), [])
        )
        self._keep([cells[i] for i in fresh], together.members, made)
        if not kept:
            return together, made
        known = dict(zip(fresh, zip(together.members, made, strict=True), strict=True))
        known |= {
            i: (self._reloaded(cells[i], row, stored, progress), origin_of(stored.facts))
            for i, stored in kept.items()
        }
        return OneByOne([known[i][0] for i in range(len(cells))]), [known[i][1] for i in range(len(cells))]

    def _trained(
        self, cells: Sequence[PlannedCell], row: Strategy, progress: Progress, instead: str
    ) -> tuple[FittedTogether, list[Origin]]:
        jobs = [self._job(planned, row, progress) for planned in cells]
        told_before = [f"trained again in float32: in {cells[0].cell.dtype} {instead}"] if instead else []
        remedies: list[list[str]] = [[*told_before] for _ in cells]
        jobs = [replace(job, remedy=told.append) for job, told in zip(jobs, remedies, strict=True)]
        if instead:
            jobs = [replace(job, dtype="float32") for job in jobs]
        # Imports are paid once a process: they are no part of what the first fit cost.
        with self._importing():
            from evaluators.engine.fit import fit, fit_together, prepare, prepare_together

            prepare(row)
            if len(jobs) > 1:
                prepare_together(row)
            if jobs[0].load_backbone is not None:
                modality = self.bench.plan.candidate(cells[0].cell.candidate).modality
                import_module(f"evaluators.backbones.{modality}")
        watched = reset_peak(self.bench.device)
        started = time.perf_counter()
        together = fit_together(row, jobs) if len(jobs) > 1 else OneByOne([fit(row, jobs[0])])
        if instead:
            together = OneByOne([_asked_in(fitted, cells[0].cell.dtype) for fitted in together.members])
        seconds = (time.perf_counter() - started) / len(jobs)
        peak = peak_bytes(self.bench.device) if watched else 0
        costs = [
            FitCost(
                # A fit pays for the states of its own labels, as it would alone, and not for those of its neighbours.
                seconds=round(seconds + _share(job), 4),
                peak_bytes=peak,
                trained_parameters=fitted.trained_parameters,
                steps=fitted.steps,
                converged=fitted.converged,
                # Where nothing could be shared they were fitted one after the other.
                beside=0 if isinstance(together, OneByOne) else len(jobs) - 1,
                remedies=tuple(told),
            )
            for job, fitted, told in zip(jobs, together.members, remedies, strict=True)
        ]
        return together, [Origin(cost, self._environment) for cost in costs]

    def _job(self, planned: PlannedCell, row: Strategy, progress: Progress) -> FitJob:
        bench, cell = self.bench, planned.cell
        train = draw(cell, bench.data[cell.task])
        needs_backbone = _trains_base(row)
        return FitJob(
            inputs=self._inputs(planned, row, train.samples),
            labels=train.labels,
            classes=len(bench.data[cell.task].labels),
            names=bench.data[cell.task].labels,
            label_features=self._label_features(planned),
            load_language_model=(lambda: self.bench.language_model(planned))
            if "causal-lm" in row.needs
            else None,
            settings=dict(cell.settings),
            seed=cell.run.seed,
            selection=cell.sampler.rsplit("/", 1)[-1],
            load_backbone=(lambda pretrained: self.bench.backbone(planned, pretrained=pretrained))
            if needs_backbone
            else None,
            device=bench.device,
            dtype=cell.dtype,
            progress=progress,
            states=self.boundaries.states_for(planned, progress),
        )

    def _label_features(self, planned: PlannedCell) -> FloatArray | None:
        texts = label_inputs(planned.cell, self.bench.data[planned.cell.task])
        if not len(texts):
            return None
        assert planned.trunk is not None
        return self._encoding.lookup(planned.trunk, texts)

    def _reloaded(self, planned: PlannedCell, row: Strategy, stored: Stored, progress: Progress) -> Fitted:
        from evaluators.engine.records import read_facts
        from evaluators.engine.reload import load_fitted

        with unpacked(stored) as folder:
            _, facts = read_facts(folder)
            # What was trained in another arithmetic than was asked for was not trained from the states of that one.
            of_states = facts.get("dtype", planned.cell.dtype) == planned.cell.dtype
            return load_fitted(
                row,
                folder,
                classes=len(self.bench.data[planned.cell.task].labels),
                settings=dict(planned.cell.settings),
                load_backbone=lambda pretrained: (
                    self._resumed(planned, pretrained, progress)
                    if of_states
                    else self.bench.backbone(planned, pretrained=pretrained)
                ),
                load_language_model=lambda: self.bench.language_model(planned),
            )

    def _resumed(self, planned: PlannedCell, pretrained: bool, progress: Progress) -> Backbone:
        """Return a backbone that predicts as the one that was trained did: from states, where it was trained so."""
        backbone = self.bench.backbone(planned, pretrained=pretrained)
        states = self.boundaries.states_for(planned, progress)
        if states is None:
            return backbone
        from evaluators.engine.resumed import above

        return above(backbone, states, dict(planned.cell.settings), planned.cell.dtype)

    def _kept(self, cells: Sequence[PlannedCell]) -> dict[int, Stored]:
        """Return the stored fits by the cells' places; of a pass that a kill tore none: it is fitted again whole."""
        results = self.bench.results
        found = {i: results.read("fit", p.fit) for i, p in enumerate(cells) if results.intact("fit", p.fit)}
        company = {key for stored in found.values() for key in company_of(stored)}
        there = {key for key in company if results.intact("fit", key)}
        return {i: stored for i, stored in found.items() if there.issuperset(company_of(stored))}

    def _keep(self, cells: Sequence[PlannedCell], fitted: Sequence[Fitted], made: Sequence[Origin]) -> None:
        """Store what a pass trained, if it is small and its data may leave their place (a fit may hold words)."""
        if not cells or self.bench.withholds(cells[0].cell.task):
            return
        keys = [planned.fit for planned in cells]
        for key, stored in packed(dict(zip(keys, zip(fitted, made, strict=True), strict=True))).items():
            self.bench.results.write("fit", key, stored)

    def _inputs_of_all(self, cells: Sequence[PlannedCell], row: Strategy, name: str) -> list[Inputs]:
        """Return each cell's inputs of a set; one object for all where the set does not depend on the draw."""
        if name == TRAIN:
            return [self._inputs(planned, row, self.bench.samples(planned, name)) for planned in cells]
        return [self._inputs(cells[0], row, self.bench.samples(cells[0], name))] * len(cells)

    def _inputs(self, planned: PlannedCell, row: Strategy, samples: Samples) -> Inputs:
        if row.reads_trunk:
            assert planned.trunk is not None
            return Inputs(features=self._encoding.lookup(planned.trunk, samples))
        return Inputs(samples=samples)


def _trains_base(row: Strategy) -> bool:
    """Whether a row reads samples through a base of its own."""
    return row.sees == "samples" and row.subject != "nothing"


def _asked_in(fitted: Fitted, dtype: str) -> Fitted:
    """Let a network say in which arithmetic it was asked for."""
    from evaluators.engine.classifier import Classifier

    return fitted.instead_of(dtype) if isinstance(fitted, Classifier) else fitted


def _share(job: FitJob) -> float:
    """Return the seconds that the shared states of a job's labels took."""
    states = job.states
    return states.seconds_each * len(job.labels) if states else 0.0
