"""From cells to trained classifiers: back from the store where they were small enough to keep, else trained now.

In: cells of one pass. Out: what predicts, and how each came to be. A strategy receives a `FitJob` with one draw's
labels and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module

from evaluators.backbones.backbone import Backbone
from evaluators.cell import FitCost
from evaluators.data.samples import FloatArray, Samples
from evaluators.data.view import draw, label_inputs
from evaluators.engine.job import FitJob, Fitted, FittedTogether, Inputs, OneByOne, Progress
from evaluators.observations import Environment
from evaluators.origin import Origin, origin_of
from evaluators.plan import PlannedCell
from evaluators.results import Stored
from evaluators.running.boundary_caches import BoundaryCaches
from evaluators.running.device import peak_bytes, reset_peak
from evaluators.running.encoding import Encoding
from evaluators.running.import_clock import ImportClock
from evaluators.running.kept_fits import company_of, packed, unpacked
from evaluators.running.workbench import Workbench
from evaluators.strategy import Strategy


class Fits:
    """The classifiers of a plan's cells.

    Attributes:
        boundaries: States above frozen blocks that are alive, and how much was computed for them.
    """

    def __init__(
        self,
        bench: Workbench,
        encoding: Encoding,
        imports: ImportClock,
        environment: Callable[[], Environment],
    ) -> None:
        """Compute nothing yet.

        Args:
            bench: What it needs.
            encoding: Gives features of what was encoded.
            imports: Counts what importing takes.
            environment: Says where it computes.
        """
        self._bench, self._encoding, self._imports, self._environment = bench, encoding, imports, environment
        self.boundaries = BoundaryCaches(
            bench.plan,
            bench.data,
            bench.results,
            device=bench.device,
            load=lambda planned: bench.backbone(planned, pretrained=True),
        )

    def of(
        self, cells: Sequence[PlannedCell], row: Strategy, progress: Progress, instead: str
    ) -> tuple[FittedTogether, list[Origin]]:
        """Return what predicts for each cell, and how it came to be.

        Args:
            cells: Of one pass.
            row: Their strategy.
            progress: Called as training goes on.
            instead: Why their own arithmetic did not do, so that they are fitted in float32; else empty.
        """
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
        with self._imports.counting():
            from evaluators.engine.fit import fit, fit_together, prepare, prepare_together

            prepare(row)
            if len(jobs) > 1:
                prepare_together(row)
            if jobs[0].load_backbone is not None:
                modality = self._bench.plan.candidate(cells[0].cell.candidate).modality
                import_module(f"evaluators.backbones.{modality}")
        watched = reset_peak(self._bench.device)
        started = time.perf_counter()
        together = fit_together(row, jobs) if len(jobs) > 1 else OneByOne([fit(row, jobs[0])])
        if instead:
            together = OneByOne([_asked_in(fitted, cells[0].cell.dtype) for fitted in together.members])
        seconds = (time.perf_counter() - started) / len(jobs)
        peak = peak_bytes(self._bench.device) if watched else 0
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
        return together, [Origin(cost, self._environment()) for cost in costs]

    def _job(self, planned: PlannedCell, row: Strategy, progress: Progress) -> FitJob:
        bench, cell = self._bench, planned.cell
        train = draw(cell, bench.data[cell.task])
        needs_backbone = trains_base(row)
        return FitJob(
            inputs=self.inputs(planned, row, train.samples),
            labels=train.labels,
            classes=len(bench.data[cell.task].labels),
            names=bench.data[cell.task].labels,
            label_features=self._label_features(planned),
            load_language_model=(lambda: self._bench.language_model(planned))
            if "causal-lm" in row.needs
            else None,
            settings=dict(cell.settings),
            seed=cell.run.seed,
            selection=cell.sampler.rsplit("/", 1)[-1],
            load_backbone=(lambda pretrained: self._bench.backbone(planned, pretrained=pretrained))
            if needs_backbone
            else None,
            device=bench.device,
            dtype=cell.dtype,
            progress=progress,
            states=self.boundaries.states_for(planned, progress),
        )

    def _label_features(self, planned: PlannedCell) -> FloatArray | None:
        texts = label_inputs(planned.cell, self._bench.data[planned.cell.task])
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
                classes=len(self._bench.data[planned.cell.task].labels),
                settings=dict(planned.cell.settings),
                load_backbone=lambda pretrained: (
                    self._resumed(planned, pretrained, progress)
                    if of_states
                    else self._bench.backbone(planned, pretrained=pretrained)
                ),
                load_language_model=lambda: self._bench.language_model(planned),
            )

    def _resumed(self, planned: PlannedCell, pretrained: bool, progress: Progress) -> Backbone:
        """Return a backbone that predicts as the one that was trained did: from states, where it was trained so."""
        backbone = self._bench.backbone(planned, pretrained=pretrained)
        states = self.boundaries.states_for(planned, progress)
        if states is None:
            return backbone
        from evaluators.engine.resumed import above

        return above(backbone, states, dict(planned.cell.settings), planned.cell.dtype)

    def _kept(self, cells: Sequence[PlannedCell]) -> dict[int, Stored]:
        """Return the stored fits by the cells' places; of a pass that a kill tore none: it is fitted again whole."""
        results = self._bench.results
        found = {i: results.read("fit", p.fit) for i, p in enumerate(cells) if results.intact("fit", p.fit)}
        company = {key for stored in found.values() for key in company_of(stored)}
        there = {key for key in company if results.intact("fit", key)}
        return {i: stored for i, stored in found.items() if there.issuperset(company_of(stored))}

    def _keep(self, cells: Sequence[PlannedCell], fitted: Sequence[Fitted], made: Sequence[Origin]) -> None:
        """Store what a pass trained, if it is small and its data may leave their place (a fit may hold words)."""
        if not cells or self._bench.withholds(cells[0].cell.task):
            return
        keys = [planned.fit for planned in cells]
        for key, stored in packed(dict(zip(keys, zip(fitted, made, strict=True), strict=True))).items():
            self._bench.results.write("fit", key, stored)

    def inputs(self, planned: PlannedCell, row: Strategy, samples: Samples) -> Inputs:
        """Return samples as a row reads them: their features, or themselves."""
        if row.reads_trunk:
            assert planned.trunk is not None
            return Inputs(features=self._encoding.lookup(planned.trunk, samples))
        return Inputs(samples=samples)


def trains_base(row: Strategy) -> bool:
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
