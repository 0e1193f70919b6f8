"""What to use, in one sentence: the lightest option that is as good as the best, and what more labels would bring.

In: findings about one task, in any number of documents. Out: `Advice`. Pure; scores are of validation sets, so asking
as often as one likes costs nothing. Options of different models are compared by their means within the task's margin:
a first answer, not a claim. Claims are paired, in the findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluators.evidence import Estimate, Evidence
from evaluators.measurements import VALIDATION
from evaluators.strategy import strategy
from evaluators.wording import count, duration, percent, score, signed, title


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
    """

    candidate: str
    strategy: str
    labels_per_class: int
    labels: int
    estimate: Estimate
    seconds: float
    parameters: int

    @property
    def words(self) -> str:
        """The option for people."""
        return title(self.strategy) + (f" on {self.candidate}" if self.candidate else "")

    @property
    def is_baseline(self) -> bool:
        """Whether it is a floor, not a transfer."""
        return strategy(self.strategy).is_baseline


@dataclass(frozen=True)
class Advice:
    """What to use.

    Attributes:
        chosen: The lightest option that is as good as the best, within the margin.
        sentence: Why, with numbers.
        options: Everything measured at the size that decides, best first.
        earlier: The chosen option at smaller sizes, smallest first.
        margin: The smallest difference that matters.
    """

    chosen: Option
    sentence: str
    options: tuple[Option, ...]
    earlier: tuple[Option, ...]
    margin: float


def options_of(documents: Iterable[Evidence], task_digest: str) -> tuple[Option, ...]:
    """Return what was measured on a task's validation set; of equal measurements the first document's."""
    found: dict[tuple[str, str, int], Option] = {}
    for document in documents:
        findings = document.findings
        facts = next((task for task in findings.tasks if task.digest == task_digest), None)
        if facts is None:
            continue
        sizes = {row.name: row.parameters for row in findings.candidates}
        for row in findings.summaries:
            if (row.task, row.set, row.metric) != (facts.id, VALIDATION, facts.metric):
                continue
            key = (row.candidate, row.strategy, row.labels_per_class)
            seconds = sorted(
                cost.seconds
                for cost in document.observations.costs
                if (cost.task, cost.candidate, cost.strategy, cost.labels_per_class) == (facts.id, *key)
            )
            found.setdefault(
                key,
                Option(
                    *key,
                    labels=row.labels,
                    estimate=row.estimate,
                    seconds=seconds[len(seconds) // 2] if seconds else 0.0,
                    parameters=sizes.get(row.candidate, 0),
                ),
            )
    return tuple(found.values())


def advise(options: Sequence[Option], *, margin: float) -> Advice | None:
    """Choose among options.

    Args:
        options: What was measured.
        margin: The smallest difference that matters.

    Returns:
        The advice at the largest size at which a transfer was measured; None if none was.
    """
    transfers = [option for option in options if not option.is_baseline]
    if not transfers:
        return None
    size = max(option.labels_per_class for option in transfers)
    here = sorted(
        (option for option in options if option.labels_per_class == size),
        key=lambda option: (-option.estimate.value, _weight(option)),
    )
    # A floor that no transfer beats is the honest answer too.
    best = here[0]
    enough = [option for option in here if option.estimate.value >= best.estimate.value - margin]
    chosen = min(enough, key=_weight)
    earlier = sorted(
        (
            option
            for option in options
            if (option.candidate, option.strategy) == (chosen.candidate, chosen.strategy)
            and option.labels_per_class < size
        ),
        key=lambda option: option.labels_per_class,
    )
    return Advice(chosen, _sentence(chosen, here, earlier, margin), tuple(here), tuple(earlier), margin)


def _weight(option: Option) -> tuple[int, int, float]:
    row = strategy(option.strategy)
    # From scratch trains everything: as a choice, not as a floor, it is the heaviest.
    rung = 9 if option.strategy == "from-scratch" else row.tier.rung
    return (rung, option.parameters, -option.estimate.value)


def _sentence(chosen: Option, here: Sequence[Option], earlier: Sequence[Option], margin: float) -> str:
    took = duration(chosen.seconds)
    parts = [f"{count(chosen.labels, 'label')}: {chosen.words} {score(chosen.estimate)}, {took} a fit"]
    better = [option for option in here if option.estimate.value > chosen.estimate.value]
    if better:
        other = better[0]
        gain = signed(other.estimate.value - chosen.estimate.value)
        times = f" at {other.seconds / chosen.seconds:,.0f}x the time" if chosen.seconds > 0.0005 else ""
        parts.append(f"{other.words} {gain}{times}: less than the {percent(margin)} points that matter")
    floors = [option for option in here if option.is_baseline and option is not chosen]
    if floors and not chosen.is_baseline:
        floor = max(floors, key=lambda option: option.estimate.value)
        parts.append(f"{floor.words} {score(floor.estimate)}")
    if chosen.is_baseline:
        parts.append("no model is better by as much as matters: a base model does not pay here")
    if earlier:
        last = earlier[-1]
        gain = signed(chosen.estimate.value - last.estimate.value)
        parts.append(f"from {last.labels} to {chosen.labels} labels it gained {gain}")
    return "; ".join(parts) + "."
