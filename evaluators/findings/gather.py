"""From measurements to findings: scores, summaries, recommendation, comparisons, diagnostics. Pure.

Equal measurements give equal findings to the last bit, in whatever order they arrive: rows are ordered by
key, floats are as computed, resampling has a fixed seed. Nothing here reads a disk, a clock or a random
source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.evidence import CellFinding, Findings
from evaluators.findings.answers import answers_of
from evaluators.findings.arms import ArmTable, build_arms
from evaluators.findings.comparisons import compare_all
from evaluators.findings.diagnose import diagnose
from evaluators.findings.label_curves import label_savings, overtakings
from evaluators.findings.measurements import CellMeasurement, Design, Encoded, Groups, Truths
from evaluators.findings.recommendation import recommend
from evaluators.findings.robustness import effective_robustness
from evaluators.findings.rungs import climb
from evaluators.findings.scoring import ScoredCell, score_cell
from evaluators.findings.served import Served
from evaluators.findings.summaries import summarise
from evaluators.findings.ties import tie_groups
from evaluators.observations import CellCost, EncodingCost, Observations, TestRead
from evaluators.trail import Climb
from evaluators.work_evidence import FitWork


@dataclass(frozen=True)
class Spent:
    """What an evaluation spent.

    Attributes:
        created: When it began, UTC, ISO 8601.
        seconds: Wall time.
        counters: `samples_encoded`, `cells_run`, ...
        test_reads: How often locked tests were read.
        encoded: What encoding the samples cost.
        served: How long answers took.
        work: What a fit of each arm comes to.
    """

    created: str
    seconds: float
    counters: Mapping[str, int] = field(default_factory=dict)
    test_reads: tuple[TestRead, ...] = ()
    encoded: tuple[Encoded, ...] = ()
    served: tuple[Served, ...] = ()
    work: tuple[FitWork, ...] = ()


def gather_findings(
    measurements: Iterable[CellMeasurement],
    *,
    truths: Truths,
    design: Design,
    groups: Groups | None = None,
) -> Findings:
    """Turn the measurements of an evaluation into its findings.

    Args:
        measurements: One for every planned cell, in any order; each is read once and its predictions are let
            go.
        truths: Labels of every set that was predicted.
        design: What was measured.
        groups: Which samples belong together; None: all stand for themselves.

    Returns:
        The findings; every comparison that a gate needs is in them.

    Raises:
        ValueError: If predictions do not fit the labels, or two plans were mixed.
    """
    arms = build_arms(_scored(measurements, truths, design), groups)
    choosing = arms.first_runs(design.protocol.runs)
    cells = [cell.finding for arm in arms.arms.values() for cell in arm.cells.values()]
    names = [facts.name for facts in design.candidates if facts.role == "candidate"]
    recommended = (recommend(choosing, task, name) for task in design.tasks for name in names)
    recommendations = tuple(
        sorted((row for row in recommended if row is not None), key=lambda row: (row.task, row.candidate))
    )
    return Findings(
        candidates=tuple(sorted(design.candidates, key=lambda facts: (facts.name, facts.role))),
        tasks=tuple(sorted(design.tasks, key=lambda facts: facts.id)),
        protocol=design.protocol.model_dump(mode="json", by_alias=True),
        plan_digest=design.plan_digest,
        final=design.final,
        cells=tuple(sorted(cells, key=_order)),
        summaries=summarise(arms, design),
        comparisons=compare_all(arms, design, recommendations),
        diagnostics=diagnose(arms, design, recommendations),
        recommendations=recommendations,
        tie_groups=tie_groups(arms, design),
        climbs=_climbs(choosing, design, names) if design.protocol.climb else (),
        label_savings=label_savings(arms, design),
        overtakings=overtakings(arms, design, recommendations),
        effective_robustness=effective_robustness(arms, design),
        answers=answers_of(arms, design, recommendations),
        looks=design.looks,
    )


def _climbs(arms: ArmTable, design: Design, names: Sequence[str]) -> tuple[Climb, ...]:
    found = (
        climb(arms, task, name)
        for task in sorted(design.tasks, key=lambda row: row.id)
        for name in sorted(names)
    )
    return tuple(row for row in found if row is not None)


def observe(measurements: Iterable[CellMeasurement], spent: Spent) -> Observations:
    """Return the observations of an evaluation: what it spent, and what its cells cost where they were computed."""
    rows = [row for row in measurements if row.status == "scored"]
    costs = (cell_cost(row) for row in rows)
    environments = {row.environment.digest: row.environment for row in rows if row.environment}
    environments |= {row.environment.digest: row.environment for row in spent.encoded}
    environments |= {row.environment.digest: row.environment for row in spent.served}
    return Observations(
        created=spent.created,
        environments=dict(sorted(environments.items())),
        counters=dict(sorted(spent.counters.items())),
        seconds=spent.seconds,
        costs=tuple(sorted(costs, key=lambda cost: (cost.task, cost.candidate, cost.key))),
        test_reads=tuple(sorted(spent.test_reads, key=lambda read: read.task)),
        encodings=tuple(_encoding_cost(row) for row in spent.encoded),
        serving=tuple(row.serving for row in spent.served),
        work=spent.work,
    )


def cell_cost(measurement: CellMeasurement) -> CellCost:
    """Return what a measured cell cost, as observations hold it."""
    cell, cost = measurement.cell, measurement.cost
    return CellCost(
        key=cell.key,
        strategy=cell.strategy,
        candidate=cell.candidate,
        task=cell.task,
        labels_per_class=cell.labels_per_class,
        seconds=cost.seconds,
        peak_bytes=cost.peak_bytes,
        trained_parameters=cost.trained_parameters,
        steps=cost.steps,
        converged=cost.converged,
        environment=measurement.environment.digest if measurement.environment else "",
        beside=cost.beside,
        remedies=cost.remedies,
    )


def _encoding_cost(row: Encoded) -> EncodingCost:
    return EncodingCost(
        task=row.task,
        candidate=row.candidate,
        samples=row.samples,
        seconds=round(row.seconds, 4),
        environment=row.environment.digest,
    )


def _scored(measurements: Iterable[CellMeasurement], truths: Truths, design: Design) -> Iterable[ScoredCell]:
    for measurement in measurements:
        yield score_cell(measurement, design.task(measurement.cell.task), truths)


def _order(cell: CellFinding) -> tuple[str, str, str, int, int]:
    return (cell.task, cell.candidate, cell.strategy, cell.labels_per_class, cell.run)
