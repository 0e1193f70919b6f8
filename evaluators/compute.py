"""Computes the nodes of a plan: the trunk's features, then one fit after the other with its predictions.

Runs in the worker process (or in the caller's, in tests). It holds the loaded tasks and the result store. A strategy
receives a `FitJob` with one draw's labels; the locked test is read here, after the fit, and only by a final plan.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluators.backbones.backbone import Backbone
from evaluators.boundary_caches import BoundaryCaches
from evaluators.canonical import digest_of
from evaluators.cell import FitCost
from evaluators.data import TaskData
from evaluators.encoding import Encoding
from evaluators.engine.job import FitJob, Fitted, FittedTogether, Inputs, OneByOne, Progress
from evaluators.errors import EnvironmentProblem, PrecisionProblem
from evaluators.evidence import Environment
from evaluators.observe import environment
from evaluators.origin import Origin, origin_of
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore, Stored
from evaluators.samples import FloatArray, Samples
from evaluators.strategy import Strategy, strategy
from evaluators.view import TRAIN, draw, inputs, label_inputs

if TYPE_CHECKING:
    from evaluators.backbones.causal import CausalModel

#: Trained weights are kept when they are small: a head, an adapter, a small network. Larger ones are trained again.
KEPT_FIT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Workbench:
    """Everything that computing a plan needs.

    Attributes:
        plan: What to compute.
        data: The loaded tasks, by id.
        folders: Folder of each candidate, by candidate name.
        results: Where outputs go.
        device: `cpu` or `cuda`.
    """

    plan: Plan
    data: Mapping[str, TaskData]
    folders: Mapping[str, Path]
    results: ResultStore
    device: str


class Computation:
    """Computes nodes; keeps the feature tables of this plan in memory.

    Attributes:
        seconds_importing: What importing libraries took so far; it is paid once a process, and part of no work.
    """

    def __init__(self, bench: Workbench) -> None:
        self.seconds_importing = 0.0
        self._bench = bench
        self._encoding = Encoding(
            bench.plan,
            bench.data,
            bench.results,
            environment=lambda: self._environment,
            load=lambda planned: self._backbone(planned, pretrained=True),
            prepare=self._import_encoder,
            check=self._check_precision,
        )
        self.boundaries = BoundaryCaches(
            bench.plan,
            bench.data,
            bench.results,
            device=bench.device,
            load=lambda planned: self._backbone(planned, pretrained=True),
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
        finally:
            self.boundaries.release(cells)

    def _measure(self, cells: Sequence[PlannedCell], progress: Progress) -> None:
        results = self._bench.results
        row = strategy(cells[0].cell.strategy)
        together, origins = self._fitted(cells, row, progress)
        predicted: list[tuple[str, Stored]] = []
        for name in cells[0].predict:
            lacking = [
                i for i, planned in enumerate(cells) if not results.has("predict", planned.predict[name])
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
                    raise FloatingPointError(f"the predictions on {name} are not finite")
                samples = self._samples(planned, name)
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

    def withholds(self, task: str | None) -> bool:
        """Whether nothing that may quote a sample may leave the computation: of restricted data, and personal ones.

        Args:
            task: Id of the task that is computed; None if samples of several are.
        """
        request = self._bench.plan.request
        about = [row for row in request.tasks if task in (None, row.id)]
        return any(row.sensitivity == "restricted" or row.id in request.personal_tasks for row in about)

    def _import_encoder(self, planned: PlannedCell) -> None:
        with self._importing():
            import_module("evaluators.engine.encode")
            import_module(
                f"evaluators.backbones.{self._bench.plan.candidate(planned.cell.candidate).modality}"
            )

    @contextmanager
    def _importing(self) -> Iterator[None]:
        """Count the block's time as importing."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds_importing += time.perf_counter() - started

    def _check_precision(self, trunk: str, readers: Sequence[PlannedCell], backbone: Backbone) -> None:
        """Compare a fresh backbone in both precisions, on the largest draw of each task that reads it, once a draw.

        Raises:
            PrecisionProblem: If bfloat16 costs accuracy on one of them; nothing was encoded.
        """
        from evaluators.engine.encode import encode
        from evaluators.engine.precision import MOST, agreement, agreement_of

        results, looked_at = self._bench.results, {}
        for planned in sorted(readers, key=lambda planned: planned.cell.labels_per_class):
            looked_at[planned.cell.task] = planned
        draws = {task: draw(planned.cell, self._bench.data[task]) for task, planned in looked_at.items()}
        draws = {task: drawn.take(np.arange(min(MOST, len(drawn.labels)))) for task, drawn in draws.items()}
        # By what is looked at: another task, and a larger draw, may lose what this one does not.
        keys = {task: digest_of([trunk, list(drawn.samples.digests)]) for task, drawn in draws.items()}
        new = [task for task, key in keys.items() if not results.intact("precision", key)]
        # All in float32 first: for bfloat16 the weights are cast, and stay so.
        exact, rough = (
            {task: encode(backbone, draws[task].samples, dtype=dtype, progress=_silent) for task in new}
            for dtype in ("float32", "bfloat16")
        )
        for task in new:
            labels, classes = draws[task].labels, len(self._bench.data[task].labels)
            results.write(
                "precision",
                keys[task],
                Stored({}, agreement(exact[task], rough[task], labels, classes).facts),
            )
        for key in keys.values():
            found = agreement_of(results.read("precision", key).facts)
            if not found.holds:
                raise PrecisionProblem(
                    f"bfloat16 does not do for this base: {found}",
                    hint="set `dtype: float32` in the protocol",
                )

    @cached_property
    def _environment(self) -> Environment:
        return environment(self._bench.device)

    def _fitted(
        self, cells: Sequence[PlannedCell], row: Strategy, progress: Progress
    ) -> tuple[FittedTogether, list[Origin]]:
        """Return trained classifiers: from the store where they were small enough to keep, else trained now."""
        kept = self._kept(cells)
        fresh = [i for i in range(len(cells)) if i not in kept]
        together, made = (
            self._trained([cells[i] for i in fresh], row, progress) if fresh else (OneByOne(()), [])
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
        self, cells: Sequence[PlannedCell], row: Strategy, progress: Progress
    ) -> tuple[FittedTogether, list[Origin]]:
        jobs = [self._job(planned, row, progress) for planned in cells]
        remedies: list[list[str]] = [[] for _ in cells]
        jobs = [replace(job, remedy=told.append) for job, told in zip(jobs, remedies, strict=True)]
        # Imports are paid once a process: they are no part of what the first fit cost.
        with self._importing():
            from evaluators.engine.fit import fit, fit_together, prepare, prepare_together

            prepare(row)
            if len(jobs) > 1:
                prepare_together(row)
            if jobs[0].load_backbone is not None:
                modality = self._bench.plan.candidate(cells[0].cell.candidate).modality
                import_module(f"evaluators.backbones.{modality}")
        watched = _reset_peak(self._bench.device)
        started = time.perf_counter()
        together = fit_together(row, jobs) if len(jobs) > 1 else OneByOne([fit(row, jobs[0])])
        seconds = (time.perf_counter() - started) / len(jobs)
        peak = _peak_bytes(self._bench.device) if watched else 0
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
        bench, cell = self._bench, planned.cell
        train = draw(cell, bench.data[cell.task])
        needs_backbone = row.sees == "samples" and row.subject != "nothing"
        return FitJob(
            inputs=self._inputs(planned, row, train.samples),
            labels=train.labels,
            classes=len(bench.data[cell.task].labels),
            names=bench.data[cell.task].labels,
            label_features=self._label_features(planned),
            load_language_model=(lambda: self._language_model(planned)) if "causal-lm" in row.needs else None,
            settings=dict(cell.settings),
            seed=cell.run.seed,
            selection=cell.sampler.rsplit("/", 1)[-1],
            load_backbone=(lambda pretrained: self._backbone(planned, pretrained=pretrained))
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
        from evaluators.engine.records import FILES
        from evaluators.engine.reload import load_fitted

        with tempfile.TemporaryDirectory() as name:
            for file in FILES:
                # Only these names: whoever can write to a shared store must not choose where we write.
                (Path(name) / file).write_bytes(stored.arrays[file].tobytes())
            return load_fitted(
                row,
                Path(name),
                classes=len(self._bench.data[planned.cell.task].labels),
                settings=dict(planned.cell.settings),
                load_backbone=lambda pretrained: self._resumed(planned, pretrained, progress),
                load_language_model=lambda: self._language_model(planned),
            )

    def _resumed(self, planned: PlannedCell, pretrained: bool, progress: Progress) -> Backbone:
        """Return a backbone that predicts as the one that was trained did: from states, where it was trained so."""
        backbone = self._backbone(planned, pretrained=pretrained)
        states = self.boundaries.states_for(planned, progress)
        if states is None:
            return backbone
        from evaluators.engine.resumed import above

        return above(backbone, states, dict(planned.cell.settings), planned.cell.dtype)

    def _kept(self, cells: Sequence[PlannedCell]) -> dict[int, Stored]:
        """Return the stored fits by the cells' places; of a pass that a kill tore none: it is fitted again whole."""
        results = self._bench.results
        found = {i: results.read("fit", p.fit) for i, p in enumerate(cells) if results.intact("fit", p.fit)}
        return {
            i: stored
            for i, stored in found.items()
            if all(results.has("fit", key) for key in stored.facts.get("together", ()))
        }

    def _keep(self, cells: Sequence[PlannedCell], fitted: Sequence[Fitted], made: Sequence[Origin]) -> None:
        """Store what a pass trained, if it is small and its data may leave their place (a fit may hold words)."""
        if not cells or self.withholds(cells[0].cell.task):
            return
        small = {
            planned.fit: (arrays, origin)
            for planned, one, origin in zip(cells, fitted, made, strict=True)
            if (arrays := _saved(one)) is not None
        }
        company = {"together": list(small)} if len(small) > 1 else {}
        for key, (arrays, origin) in small.items():
            self._bench.results.write("fit", key, Stored(arrays, {**company, **origin.facts}))

    def _samples(self, planned: PlannedCell, name: str) -> Samples:
        return inputs(planned.cell, name, self._bench.data[planned.cell.task])

    def _inputs_of_all(self, cells: Sequence[PlannedCell], row: Strategy, name: str) -> list[Inputs]:
        """Return each cell's inputs of a set; one object for all where the set does not depend on the draw."""
        if name == TRAIN:
            return [self._inputs(planned, row, self._samples(planned, name)) for planned in cells]
        return [self._inputs(cells[0], row, self._samples(cells[0], name))] * len(cells)

    def _inputs(self, planned: PlannedCell, row: Strategy, samples: Samples) -> Inputs:
        if row.reads_trunk:
            assert planned.trunk is not None
            return Inputs(features=self._encoding.lookup(planned.trunk, samples))
        return Inputs(samples=samples)

    def _backbone(self, planned: PlannedCell, *, pretrained: bool) -> Backbone:
        from evaluators.backbones.load import load_backbone

        candidate = self._bench.plan.candidate(planned.cell.candidate)
        folder = self._bench.folders[candidate.name]
        return load_backbone(candidate, folder, pretrained=pretrained, device=self._bench.device)

    def _language_model(self, planned: PlannedCell) -> CausalModel:
        from evaluators.backbones.load import load_language_model

        candidate = self._bench.plan.candidate(planned.cell.candidate)
        return load_language_model(candidate, self._bench.folders[candidate.name], device=self._bench.device)


def choose_device(wanted: str) -> str:
    """Return `cpu` or `cuda` for a wish of `any`, `cpu` or `cuda`.

    Raises:
        EnvironmentProblem: If `cuda` is asked for and there is none.
    """
    if wanted == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise EnvironmentProblem(
            "a GPU was asked for, but torch finds none",
            hint="run without --device cuda, or check `nvidia-smi`",
        )
    return "cpu"


def _saved(fitted: Fitted) -> dict[str, NDArray[np.uint8]] | None:
    """Return the files of what was trained; None if they are more than is kept."""
    from evaluators.engine.records import FILES

    with tempfile.TemporaryDirectory() as name:
        fitted.save(Path(name))
        files = [Path(name) / file for file in FILES]
        if sum(path.stat().st_size for path in files) > KEPT_FIT_BYTES:
            return None
        return {path.name: np.frombuffer(path.read_bytes(), dtype=np.uint8) for path in files}


def _share(job: FitJob) -> float:
    """Return the seconds that the shared states of a job's labels took."""
    states = job.states
    return states.seconds_each * len(job.labels) if states else 0.0


def _silent(done: int, total: int) -> None:
    """A few hundred samples are nothing to watch."""


def _reset_peak(device: str) -> bool:
    """Start watching the memory anew; return whether that is possible here (for a process: on Linux)."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        return True
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _peak_bytes(device: str) -> int:
    """Return the peak since `_reset_peak`: of the device, or of this process; 0 if the kernel tells none."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    kibibytes = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(kibibytes[1]) * 1024 if kibibytes else 0
