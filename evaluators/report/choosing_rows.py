"""What evidence says about one task, as rows for a page: a model with a strategy, its sizes, and where each is from.

In: a task's facts and documents that measured it, newest first, each with a mark. Out: frozen values that tables and
figures render. Rows of several documents are joined only where their settings are equal: their cells have equal keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.advice.option import Option, options_of
from evaluators.canonical import digest_of
from evaluators.evidence import Evidence
from evaluators.facts import TaskFacts
from evaluators.strategy import Tier, strategy
from evaluators.wording import ladder_position, title


@dataclass(frozen=True)
class Source:
    """A document that a page rests on.

    Attributes:
        mark: Its letter on the page.
        evidence: The document.
    """

    mark: str
    evidence: Evidence

    @property
    def protocol(self) -> str:
        """Id of the protocol that it was measured by."""
        return str(self.evidence.findings.protocol.get("id", "?"))


@dataclass(frozen=True)
class Row:
    """A model with a strategy and its settings (or a baseline on the data alone) over all measured sizes.

    Attributes:
        candidate: The model; "" for a baseline on the data alone.
        strategy: Row of the ladder.
        label: The strategy for people; with the protocol where one strategy was measured with several settings.
        options: What was measured, by labels in all.
        marks: Of the documents that it is from.
    """

    candidate: str
    strategy: str
    label: str
    options: Mapping[int, Option]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class TaskRows:
    """All that is measured about one task.

    Attributes:
        facts: The task.
        rows: Baselines on the data first, then model by model, lightest first.
        options: The same measurements, each model, strategy and size once, from the newest document that has it.
    """

    facts: TaskFacts
    rows: tuple[Row, ...]
    options: tuple[Option, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Labels in all, smallest first."""
        return tuple(sorted({size for row in self.rows for size in row.options}))

    @property
    def heavy_sizes(self) -> tuple[int, ...]:
        """Sizes at which something heavier than frozen features was measured."""
        return tuple(
            sorted(
                {
                    option.labels
                    for option in self.options
                    if strategy(option.strategy).tier.rung > Tier.FROZEN.rung
                }
            )
        )

    def at(self, labels: int) -> tuple[Option, ...]:
        """Return everything measured at one size."""
        return tuple(option for option in self.options if option.labels == labels)


@dataclass
class _Joined:
    protocols: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    options: dict[int, Option] = field(default_factory=dict)


def task_rows(facts: TaskFacts, sources: Sequence[Source]) -> TaskRows:
    """Join what documents measured on a task.

    Args:
        facts: The task, as the newest document describes it.
        sources: Documents that measured it, newest first.
    """
    joined: dict[tuple[str, str, str], _Joined] = {}
    for source in sources:
        settings = _settings(source.evidence, facts.id)
        for option in options_of([source.evidence], facts.digest):
            key = (option.candidate, option.strategy, settings.get((option.candidate, option.strategy), ""))
            row = joined.setdefault(key, _Joined())
            if option.labels not in row.options:
                row.options[option.labels] = option
                row.marks += [source.mark] if source.mark not in row.marks else []
                row.protocols += [source.protocol] if source.protocol not in row.protocols else []
    several = [(candidate, name) for candidate, name, _ in joined]
    rows = [
        Row(
            candidate,
            name,
            title(name)
            if several.count((candidate, name)) == 1
            else f"{title(name)} ({', '.join(found.protocols)})",
            dict(sorted(found.options.items())),
            tuple(sorted(found.marks)),
        )
        for (candidate, name, _), found in joined.items()
    ]
    rows.sort(key=lambda row: (row.candidate, ladder_position(row.strategy), row.label))
    documents = [source.evidence for source in sources]
    return TaskRows(facts, tuple(rows), options_of(documents, facts.digest))


def _settings(evidence: Evidence, task: str) -> dict[tuple[str, str], str]:
    """Return a digest of how every candidate and strategy of one document was measured."""
    protocol = evidence.findings.protocol
    how = [protocol.get(name) for name in ("sampler", "pool", "selection", "dtype")]
    return {
        (cell.candidate, cell.strategy): digest_of([how, cell.settings])
        for cell in evidence.findings.cells
        if cell.task == task
    }
