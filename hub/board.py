"""The leaderboard of a task: every base and strategy that was measured on exactly its data, in the order of its metric.

In: evidence documents. Out: sections, one a set, never two sets in one order. A row is a base (by its bytes), a
strategy and a protocol; of several documents that measured it on a set at a size, the newest counts. Pure. Rows carry
no ranks: what is tied with the best of its own document is marked so, and no two documents were ever compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

from evaluators.estimate import Estimate
from evaluators.evidence import Evidence, Summary
from evaluators.facts import TaskFacts
from evaluators.pool_share import CONDITIONAL, pool_share
from evaluators.wording import ladder_position, learns

#: Decimals of a mean that the order looks at, here and in MLflow: what differs by less is in the order of the ladder.
DECIMALS = 6

#: What the evidence of a row says of it beside the best one it was compared with.
Tie = Literal["best", "tied", "worse"]


@dataclass(frozen=True)
class Source:
    """An evidence document, and where it lies as people are told it."""

    evidence: Evidence
    place: str

    @property
    def age(self) -> tuple[str, str]:
        """Larger is newer."""
        return self.evidence.observations.created, self.evidence.findings.digest


@dataclass(frozen=True)
class Standing:
    """A row: a strategy on a base under a protocol, at one size, on one set.

    Attributes:
        base: Name of the base; empty of a baseline on the data alone.
        base_digest: Digest of its bytes; empty of such a baseline.
        strategy: Its id.
        labels: Labels in all.
        estimate: The mean over runs with its 95 % interval, and the number of runs.
        failed: Runs that failed.
        seconds: What fitting took on average, a run; None if it is not known.
        tie: What its document says of it; None if that compared nothing on this set at this size.
        pool_share: Labels of a draw over those of the pool, in (0, 1]; 0 where that is not known or no label is read.
        items: Samples that every run was scored on; 0 where they come in groups, or are not counted.
        protocol: Id of the protocol.
        source: Where it comes from.
    """

    base: str
    base_digest: str
    strategy: str
    labels: int
    estimate: Estimate
    failed: int
    seconds: float | None
    tie: Tie | None
    pool_share: float
    items: int
    protocol: str
    source: Source

    @property
    def conditional(self) -> bool:
        """Whether its draws overlap so much that the score says little of other labels than this pool's."""
        return self.pool_share > CONDITIONAL


@dataclass(frozen=True)
class Section:
    """Rows on one set at one size, the best mean first; equal means: the lightest strategy first.

    Attributes:
        set: Name of the set.
        metric: The task's metric.
        labels_per_class: The size.
        rows: The order is by mean alone; see `Standing.tie` for what is shown.
        elsewhere: Sizes at which something was measured on this set that has no row here -> how many base x strategy.
    """

    set: str
    metric: str
    labels_per_class: int
    rows: tuple[Standing, ...]
    elsewhere: tuple[tuple[int, int], ...]

    @property
    def protocols(self) -> tuple[str, ...]:
        """Protocols of its rows."""
        return tuple(sorted({row.protocol for row in self.rows}))


@dataclass(frozen=True)
class _Found:
    summary: Summary
    task: TaskFacts
    base_digest: str
    source: Source

    @property
    def arm(self) -> tuple[str, str, str]:
        return self.base_digest, self.summary.strategy, protocol_of(self.source.evidence)


def protocol_of(evidence: Evidence) -> str:
    """Return the id of the protocol that a document was measured by."""
    return str(evidence.findings.protocol.get("id", ""))


def leaderboard(
    sources: Iterable[Source],
    task: str,
    digest: str,
    *,
    sets: Sequence[str] = ("test", "validation"),
    size: int | None = None,
    protocol: str | None = None,
) -> tuple[Section, ...]:
    """Return the sections of a task's leaderboard, in the order of `sets`; a set that nothing was scored on has none.

    Args:
        sources: Documents; those about other data are left out.
        task: Id of the task.
        digest: Digest of its data.
        sets: The sets that are asked for.
        size: Labels a class; None: the largest that was measured on the set.
        protocol: Only rows of this protocol.
    """
    found = [
        row for row in _found(sources, task, digest) if protocol in (None, protocol_of(row.source.evidence))
    ]
    sections = (_section([row for row in found if row.summary.set == name], size) for name in sets)
    return tuple(section for section in sections if section is not None)


def letters(sources: Sequence[Source]) -> dict[str, str]:
    """Return a letter for each document, newest first, by its place: A to Z, then AA."""
    ordered = sorted({source.place: source for source in sources}.values(), key=lambda s: s.age, reverse=True)
    names = [*ascii_uppercase, *(a + b for a in ascii_uppercase for b in ascii_uppercase)]
    return {source.place: name for source, name in zip(ordered, names, strict=False)}


def _found(sources: Iterable[Source], task: str, digest: str) -> Iterator[_Found]:
    for source in sources:
        findings = source.evidence.findings
        facts = next((row for row in findings.tasks if (row.id, row.digest) == (task, digest)), None)
        if facts is None:
            continue
        bases = {candidate.name: candidate.digest for candidate in findings.candidates}
        for summary in findings.summaries:
            if (summary.task, summary.metric) == (task, facts.metric):
                yield _Found(summary, facts, bases.get(summary.candidate, ""), source)


def _section(found: Sequence[_Found], size: int | None) -> Section | None:
    if not found:
        return None
    chosen = max(row.summary.labels_per_class for row in found) if size is None else size
    newest: dict[tuple[str, str, str], _Found] = {}
    elsewhere: dict[int, set[tuple[str, str, str]]] = {}
    for row in sorted(found, key=lambda row: row.source.age):
        if row.summary.labels_per_class == chosen:
            newest[row.arm] = row
    for row in found:
        if row.arm not in newest:
            elsewhere.setdefault(row.summary.labels_per_class, set()).add(row.arm)
    rows = [_standing(row) for row in newest.values()]
    rows.sort(
        key=lambda row: (
            -round(row.estimate.value, DECIMALS),
            ladder_position(row.strategy),
            row.base,
            row.protocol,
        )
    )
    first = found[0].summary
    return Section(
        first.set,
        first.metric,
        chosen,
        tuple(rows),
        tuple((at, len(arms)) for at, arms in sorted(elsewhere.items())),
    )


def _standing(row: _Found) -> Standing:
    summary, evidence = row.summary, row.source.evidence
    at = (summary.task, summary.candidate, summary.strategy, summary.labels_per_class)
    seconds = [
        cost.seconds
        for cost in evidence.observations.costs
        if (cost.task, cost.candidate, cost.strategy, cost.labels_per_class) == at
    ]
    return Standing(
        summary.candidate,
        row.base_digest,
        summary.strategy,
        summary.labels,
        summary.estimate,
        summary.failed_runs,
        sum(seconds) / len(seconds) if seconds else None,
        _tie(row),
        pool_share(evidence.findings, row.task, summary.labels_per_class)
        if learns(summary.strategy) != "nothing"
        else 0.0,
        0 if row.task.groups else row.task.sizes.get(summary.set, 0),
        protocol_of(evidence),
        row.source,
    )


def _tie(row: _Found) -> Tie | None:
    summary = row.summary
    at = (summary.task, summary.set, summary.metric, summary.labels_per_class)
    arm = (summary.candidate, summary.strategy)
    for group in row.source.evidence.findings.tie_groups:
        if (group.task, group.set, group.metric, group.labels_per_class) != at:
            continue
        if arm == (group.best.candidate, group.best.strategy):
            return "best"
        if any(arm == (other.candidate, other.strategy) for other in group.tied):
            return "tied"
        return "worse" if any(arm == (o.candidate, o.strategy) for o in group.worse) else None
    return None
