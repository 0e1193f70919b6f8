"""On what an evaluation rests, as facts that any page writes: machines, packages, commits, digests, locked tests.

In: evidence. Out: names with texts and whole digests. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from evaluators.evidence import Evidence
from evaluators.wording import count, millions, title


@dataclass(frozen=True)
class Fact:
    """One line of provenance.

    Attributes:
        name: What it is about; it may hold names of documents.
        text: What is said; "" if the digest says all.
        digest: A digest, whole; "" if there is none.
    """

    name: str
    text: str = ""
    digest: str = ""


def provenance(evidence: Evidence) -> tuple[Fact, ...]:
    """Return the facts, in the order of a page."""
    findings, observed = evidence.findings, evidence.observations
    facts = [Fact("measured", f"{observed.created}, {observed.seconds:,.0f} s")]
    for place in observed.environments.values():
        cells = sum(cost.environment == place.digest for cost in observed.costs)
        facts.append(
            Fact("computed on", f"{place.device}, {_pairs(place.hardware)} ({count(cells, 'cell')})")
        )
        facts.append(Fact("with", _pairs({**place.packages, "Python": place.python})))
        tree = {None: "unknown", True: "uncommitted changes", False: "clean"}[place.dirty]
        facts.append(Fact("in", f"commit {place.commit or 'none'} ({tree})"))
    facts += _fits(evidence)
    facts += [
        Fact(f"{row.role} {row.name}", f"{millions(row.parameters)} parameters, {row.library}", row.digest)
        for row in findings.candidates
    ]
    facts += [Fact(f"data of {task.id}", digest=task.digest) for task in findings.tasks]
    facts += [Fact("plan", digest=findings.plan_digest), Fact("findings", digest=findings.digest)]
    facts += [Fact("observations", digest=observed.digest)]
    facts += [
        Fact(
            f"locked test of {read.task}",
            f"read by {count(read.cells_this_evaluation, 'cell')} now, "
            f"by {count(read.cells_ever, 'distinct cell')} ever"
            + (f" of {count(read.candidates_ever, 'candidate')}" if read.candidates_ever else ""),
        )
        for read in observed.test_reads
    ]
    facts += [
        Fact(
            f"opened {opening.when}",
            f"{read.task}, by {opening.who}: {count(opening.cells, 'cell')}, "
            f"{count(opening.candidates, 'candidate')}; plan",
            opening.plan,
        )
        for read in observed.test_reads
        for opening in read.openings
    ]
    counters = {key.replace("_", " "): f"{value:,}" for key, value in observed.counters.items()}
    return (*facts, Fact("counters", _pairs(counters)))


def _fits(evidence: Evidence) -> list[Fact]:
    """Return what did not go as planned."""
    costs = evidence.observations.costs
    unfinished = Counter(cost.strategy for cost in costs if not cost.converged)
    facts = [
        Fact("not converged", f"{name}, {count(number, 'fit')} ended at the last iteration allowed")
        for name, number in sorted(unfinished.items())
    ]
    gentler = Counter((cost.strategy, remedy) for cost in costs for remedy in cost.remedies)
    return facts + [
        Fact("fitted otherwise than planned", f"{title(name)}, {count(number, 'fit')} {remedy}")
        for (name, remedy), number in sorted(gentler.items())
    ]


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
