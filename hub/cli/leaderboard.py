"""`hub leaderboard TASK`: base x strategy of a task, over all reports at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from evaluators.canonical import short
from evaluators.errors import UsageProblem
from evaluators.estimate import share_ends
from evaluators.pool_share import conditional_words
from evaluators.wording import at_size, count, cut, duration, percent
from hub.board import Section, Source, Standing, leaderboard, letters, protocol_of
from hub.cli.options import catalog_option, format_option, home, open_catalog
from hub.cli.output import Output, Table

#: Behind a score whose draws overlap.
_CONDITIONAL = " ~"
#: Not a rank: what is tied with the best is not shown to be worse than it.
_TIES = {"best": "best", "tied": "=", "worse": "<", None: "?"}


@click.command(
    name="leaderboard",
    epilog="\b\nhub leaderboard help-desk\nhub leaderboard help-desk --labels-per-class 8 --set validation",
)
@click.argument("task_name", metavar="TASK")
@click.option(
    "--labels-per-class", "size", type=click.IntRange(min=1), help="Default: the largest that was measured."
)
@click.option(
    "--set",
    "set_name",
    help="Only this set: test, validation, or a shifted one. Default: test, then validation.",
)
@click.option("--protocol", help="Only what was measured by this protocol.")
@catalog_option
@format_option
def leaderboard_command(
    task_name: str,
    size: int | None,
    set_name: str | None,
    protocol: str | None,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Show every model and strategy measured on TASK, by its metric: from the reports of this machine.

    The test that is kept closed and validation are two tables, never one order, and so are two numbers of labels. The
    order is that of the mean and no ranking: "=" is not shown to be worse than the best one of its report, "<" is shown
    to be, "?" was not compared. "~": its labels are most of those that there are, so it says little of others. The
    letter says of which report: two reports were never compared with each other.

    MLflow's Models tab has the same rows; sorted by the metric on a dataset, as its API can, in the same order.
    """
    from hub.evidence_at_hand import sources_about
    from hub.signing import open_keyring

    catalog = open_catalog(catalog_folder)
    task = catalog.task(task_name)
    if protocol is not None:
        catalog.protocol(protocol)
    sources = tuple(sources_about(task.id, home(), open_keyring(home().keys)))
    sections = leaderboard(
        sources,
        task.id,
        task.digest,
        sets=(set_name,) if set_name else ("test", "validation"),
        size=size,
        protocol=protocol,
    )
    if not any(section.rows for section in sections):
        raise _nothing(sources, sections, task.id, task.digest)
    used = [row.source for section in sections for row in section.rows]
    names = letters(used)
    output.data(
        {"task": task.id, "digest": task.digest, "sections": [_value(s, names) for s in sections]},
        *(_table(task.id, section, names) for section in sections if section.rows),
    )
    for line in (*_remarks(sections), *_legend(used, names)):
        output.say(line)
    output.essential("\n".join(f"{row.base or '-'} {row.strategy}" for row in sections[0].rows))
    others = count(sum(not _about(source, task.digest) for source in sources), "report")
    if not others.startswith("0 "):
        output.note(f"{others} left out: measured on other data of {task.id} than the catalog has now")


def _about(source: Source, digest: str) -> bool:
    return any(task.digest == digest for task in source.evidence.findings.tasks)


def _nothing(sources: Sequence[Source], sections: Sequence[Section], task: str, digest: str) -> UsageProblem:
    """Return the error where there is no row."""
    sizes = sorted({at for section in sections for at, _ in section.elsewhere})
    if sizes:
        known = ", ".join(map(str, sizes))
        return UsageProblem(
            f"nothing was measured on {task} at this number of labels", hint=f"--labels-per-class: {known}"
        )
    if sources and not any(_about(source, digest) for source in sources):
        return UsageProblem(
            f"the reports here are about other data of {task} than the catalog has now",
            hint=f"hub evaluate MODEL --task {task}",
        )
    if sources:
        sets = sorted(
            {s.set for source in sources for s in source.evidence.findings.summaries if s.task == task}
        )
        return UsageProblem(f"nothing was measured on {task} that way", hint=f"sets: {', '.join(sets)}")
    return UsageProblem(f"there is no report about {task} here", hint=f"hub evaluate MODEL --task {task}")


def _table(task: str, section: Section, names: dict[str, str]) -> Table:
    where = "locked test" if section.set == "test" else section.set
    return Table(
        ("model", "strategy", section.metric, "runs", "time", "tie of"),
        tuple(
            (
                cut(row.base, 16) or "(no model)",
                cut(row.strategy, 14),
                _score(row),
                f"{row.estimate.n}",
                _time(row.seconds),
                f"{_TIES[row.tie]:<4} {names[row.source.place]}",
            )
            for row in section.rows
        ),
        title=f"{task}, {where}, {at_size(section.labels_per_class)}",
        right=frozenset({"runs", "time"}),
    )


def _time(seconds: float | None) -> str:
    """Return what fitting took, a run, in few characters."""
    if seconds is None:
        return "?"
    return "<0.1 s" if seconds < 0.1 else duration(seconds)


def _score(row: Standing) -> str:
    """Return `91.2 [90.1, 92.3]`, or the mean alone where there is no interval; `~` where draws overlap."""
    ends = share_ends(row.estimate)
    interval = f" [{percent(ends[0])}, {percent(ends[1])}]" if ends else ""
    return percent(row.estimate.value) + interval + (_CONDITIONAL if row.conditional else "")


def _remarks(sections: Sequence[Section]) -> list[str]:
    """Say what a score is conditional on, what stands in one order and should not be compared, what has no row."""
    found = []
    for section in sections:
        found += [*_of_draws(section), *_of_items(section)]
        if len(section.protocols) > 1:
            found.append(
                f"{section.set}: rows of {len(section.protocols)} protocols ({', '.join(section.protocols)}) may "
                "differ in more than the strategy; --protocol shows one"
            )
        found += [
            f"{section.set}: {number:,} more measured at {at} only: --labels-per-class {at}"
            for at, number in section.elsewhere
        ]
        if section.rows and any(row.failed for row in section.rows):
            found.append(f"{section.set}: failed runs are left out of the means")
    return found


def _of_draws(section: Section) -> list[str]:
    """Say what the mark of overlapping draws means, where it stands."""
    shares = sorted({row.pool_share for row in section.rows if row.conditional})
    # Several only where protocols draw from different pools.
    return [f"{section.set}: ~ {'; or '.join(map(conditional_words, shares))}"] if shares else []


def _of_items(section: Section) -> list[str]:
    """Say how sure the first score is over items: the intervals beside the scores are over runs alone."""
    if not section.rows:
        return []
    interval = _over_items(section.rows[0], section.metric)
    if interval is None:
        return []
    low, high = interval
    return [
        f"{section.set}: intervals are over runs on the same {section.rows[0].items:,} items; over items the first "
        f"row has [{percent(low)}, {percent(high)}] (Wilson)"
    ]


def _over_items(row: Standing, metric: str) -> tuple[float, float] | None:
    """Return Wilson's interval of a mean accuracy over the items of its set; None of other metrics and of groups."""
    if metric != "accuracy" or not row.items:
        return None
    from evaluators.statistics.intervals import wilson_interval  # SciPy: not for those who ask for help

    found = wilson_interval(round(row.estimate.value * row.items), row.items)
    return None if found.low is None or found.high is None else (found.low, found.high)


def _legend(used: Sequence[Source], names: dict[str, str]) -> list[str]:
    """Say which document each letter is, and the bytes of its bases."""
    lines = []
    for source in sorted({s.place: s for s in used}.values(), key=lambda s: names[s.place]):
        findings = source.evidence.findings
        bases = ", ".join(f"{row.name}@{short(row.digest)}" for row in findings.candidates)
        lines.append(
            f"{names[source.place]}: {source.evidence.observations.created[:10]}, protocol "
            f"{protocol_of(source.evidence)}, {bases}, {source.place}"
        )
    return lines


def _value(section: Section, names: dict[str, str]) -> dict[str, Any]:
    return {
        "set": section.set,
        "metric": section.metric,
        "labels_per_class": section.labels_per_class,
        "protocols": list(section.protocols),
        "elsewhere": [{"labels_per_class": at, "rows": number} for at, number in section.elsewhere],
        "rows": [
            {
                "model": row.base or None,
                "model_digest": row.base_digest or None,
                "strategy": row.strategy,
                "labels": row.labels,
                "value": row.estimate.value,
                "low": row.estimate.low,
                "high": row.estimate.high,
                "over_items": list(_over_items(row, section.metric) or ()) or None,
                "items": row.items or None,
                "pool_share": row.pool_share or None,
                "conditional_on_pool": row.conditional,
                "runs": row.estimate.n,
                "failed_runs": row.failed,
                "seconds_a_run": row.seconds,
                "tie": row.tie,
                "protocol": row.protocol,
                "document": names[row.source.place],
                "evidence": row.source.place,
                "findings_digest": row.source.evidence.findings.digest,
                "measured": row.source.evidence.observations.created,
            }
            for row in section.rows
        ],
    }
