"""An option: a model with a strategy, or a baseline on the data alone, as measured at one size.

In: findings and observations about one task, in any number of documents. Out: `Option`s, which can be compared run by
run wherever their runs drew the same labels, also across documents. Pure; scores are of validation sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from evaluators.evidence import Estimate, Evidence, Findings, Summary
from evaluators.findings.measurements import VALIDATION
from evaluators.observations import CellCost, Observations
from evaluators.serving_evidence import Serving
from evaluators.strategy import strategy
from evaluators.wording import machine_words, title


@dataclass(frozen=True)
class Option:
    """A model with a strategy (or a baseline on the data alone), as measured at one size.

    Attributes:
        candidate: The model; "" for a baseline on the data alone.
        strategy: What was done with it.
        labels_per_class: Train size a class.
        labels: Train size in all.
        estimate: The task's metric on validation.
        seconds: What a fit took, the median over runs.
        parameters: Of the model; 0 for a baseline.
        encoding: Seconds that encoding its labels once takes, where a frozen model must and it was timed; else None.
        machine: What computed it, for people; "" if that is not known.
        runs: The score of each run, by what pairs it with a run of another option: how and which labels were drawn.
        failed: Runs that failed.
        task: Digest of the task.
        latency: Seconds that answering one input takes at most in 95 of 100 calls; None where nobody timed it.
        served_on: Where that was timed, for people.
    """

    candidate: str
    strategy: str
    labels_per_class: int
    labels: int
    estimate: Estimate
    seconds: float
    parameters: int
    encoding: float | None = None
    machine: str = ""
    runs: tuple[tuple[str, float], ...] = ()
    failed: int = 0
    task: str = ""
    latency: float | None = None
    served_on: str = ""

    @property
    def words(self) -> str:
        """The option for people."""
        return title(self.strategy) + (f" on {self.candidate}" if self.candidate else "")

    @property
    def is_baseline(self) -> bool:
        """Whether it is a floor, not a transfer."""
        return strategy(self.strategy).is_baseline

    @property
    def spent(self) -> float | None:
        """Seconds of a fit with the encoding of its labels; None where a part of it was not measured."""
        if not self.seconds and not self.machine:
            return None
        if not strategy(self.strategy).reads_trunk:
            return self.seconds
        return None if self.encoding is None else self.seconds + self.encoding

    @property
    def weight(self) -> tuple[int, float, int, float]:
        """What sorts options lightest first: rung, cost of training, size of the model; the better of equal ones."""
        row = strategy(self.strategy)
        # From scratch trains everything: as a choice, not as a floor, it is the heaviest.
        rung = 9 if self.strategy == "from-scratch" else row.tier.rung
        return (rung, row.cost.passes, self.parameters, -self.estimate.value)


def options_of(documents: Iterable[Evidence], task_digest: str) -> tuple[Option, ...]:
    """Return what was measured on a task's validation set; of equal measurements the first document's."""
    found: dict[tuple[str, str, int], Option] = {}
    for document in documents:
        findings = document.findings
        facts = next((task for task in findings.tasks if task.digest == task_digest), None)
        if facts is None:
            continue
        parameters = {row.name: row.parameters for row in findings.candidates}
        for row in findings.summaries:
            if (row.task, row.set, row.metric) == (facts.id, VALIDATION, facts.metric):
                key = (row.candidate, row.strategy, row.labels_per_class)
                if key not in found:
                    option = _option(row, document, parameters.get(row.candidate, 0))
                    found[key] = replace(option, task=task_digest)
    return tuple(found.values())


def _option(row: Summary, document: Evidence, parameters: int) -> Option:
    observed = document.observations
    costs = [
        cost
        for cost in observed.costs
        if (cost.task, cost.candidate, cost.strategy, cost.labels_per_class)
        == (row.task, row.candidate, row.strategy, row.labels_per_class)
    ]
    costs.sort(key=lambda cost: cost.seconds)
    typical = costs[len(costs) // 2] if costs else None
    place = observed.environments.get(typical.environment) if typical else None
    answered = _answered(row, observed)
    return Option(
        row.candidate,
        row.strategy,
        row.labels_per_class,
        labels=row.labels,
        estimate=row.estimate,
        seconds=typical.seconds if typical else 0.0,
        parameters=parameters,
        encoding=_encoding(row, typical, observed),
        machine=machine_words(place) if place else "",
        runs=_runs(row, document.findings),
        failed=row.failed_runs,
        latency=answered.p95 if answered else None,
        served_on=_place(answered, observed),
    )


def _answered(row: Summary, observed: Observations) -> Serving | None:
    """Return how an arm answered: timed at its largest size, and taken for all sizes."""
    arm = (row.task, row.candidate, row.strategy)
    return next((one for one in observed.serving if (one.task, one.candidate, one.strategy) == arm), None)


def _place(answered: Serving | None, observed: Observations) -> str:
    place = observed.environments.get(answered.environment) if answered else None
    return machine_words(place) if place else ""


def _encoding(row: Summary, cost: CellCost | None, observed: Observations) -> float | None:
    """Return what encoding the option's labels takes: a share of what encoding the task's samples took there."""
    if cost is None or not strategy(row.strategy).reads_trunk:
        return None
    place = observed.environments.get(cost.environment)
    for timed in observed.encodings:
        where = observed.environments.get(timed.environment)
        same = place is not None and where is not None and place.hardware == where.hardware
        if (timed.task, timed.candidate) == (row.task, row.candidate) and same and timed.samples:
            return timed.seconds / timed.samples * row.labels
    return None


def _runs(row: Summary, findings: Findings) -> tuple[tuple[str, float], ...]:
    drawn = f"{findings.protocol.get('sampler', '')}/{findings.protocol.get('pool', '')}"
    wanted = (row.task, row.candidate, row.strategy, row.labels_per_class, "scored")
    return tuple(
        (f"{drawn}/{cell.draw}/{cell.seed}", scores.metrics[row.metric])
        for cell in findings.cells
        if (cell.task, cell.candidate, cell.strategy, cell.labels_per_class, cell.status) == wanted
        for scores in cell.scores
        if scores.set == row.set and row.metric in scores.metrics
    )
