"""The page `choosing.md`: which base, which strategy, when; from the strategy table, the cards and our evidence.

In: a catalog and documents that were measured on its tasks. Out: Markdown, and one picture a task. Pure: equal inputs
give equal bytes, whatever the day and the order of the documents. It says nothing of what is approved: that is in the
promotion log. Personal tasks, restricted tasks, data that have changed since and bytes that no card pins are left out.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evaluators.advice.rule_of_thumb import FEW
from evaluators.canonical import short
from evaluators.evidence import Evidence
from evaluators.report.choosing import ladder_markdown, task_markdown
from evaluators.report.choosing_rows import Source, TaskRows, task_rows
from evaluators.report.curve_figure import curve_svg
from evaluators.report.markdown import markdown_table, plain
from evaluators.report.table import ResultTable
from evaluators.strategy import STRATEGIES
from evaluators.wording import machine_words, millions
from hub.card import Card
from hub.catalog import Catalog
from hub.lock import Lock

_BLOCK = re.compile(r"<!-- begin (?P<name>[a-z]+) -->\n(?P<text>.*?)\n<!-- end (?P=name) -->", re.DOTALL)


@dataclass(frozen=True)
class Page:
    """What is written.

    Attributes:
        markdown: The page, ending in a newline.
        pictures: SVG by file name, in the folder that the page names.
        documents: Documents of evidence that it rests on.
    """

    markdown: str
    pictures: Mapping[str, bytes]
    documents: int


def choosing_page(catalog: Catalog, documents: Iterable[Evidence], *, folder: str, note: str = "") -> Page:
    """Write the page.

    Args:
        catalog: Cards, locks and tasks.
        documents: Trusted evidence, in any order.
        folder: Where the pictures lie, relative to the page.
        note: What a person has to say of the measurements, such as that the machine was busy.
    """
    sources = _sources(catalog, documents)
    tasks = _tasks(catalog, sources)
    pictures = {f"{task.facts.id}.svg": picture for task in tasks if (picture := curve_svg(task)) is not None}
    parts = [_HEAD, "## The ladder", _LADDER, _block("ladder", ladder_markdown(STRATEGIES, tasks))]
    parts += ["## Task by task", _TASKS]
    for task in tasks:
        name = f"{task.facts.id}.svg"
        parts.append(task_markdown(task, f"{folder}/{name}" if name in pictures else None))
    if not tasks:
        parts.append("No evidence about a task of this catalog was at hand.")
    parts += ["## Which base, when", _MODELS, _block("models", _models(catalog))]
    parts += ["## Where the numbers come from", _provenance(sources, note)]
    return Page("\n\n".join(parts) + "\n", pictures, len(sources))


def stale(page: str, catalog: Catalog) -> tuple[str, ...]:
    """Say what a committed page has otherwise than the strategy table and the cards give; nothing is measured.

    What a rung costs is evidence and not compared; a task whose data have changed since is named.
    """
    written = {found["name"]: found["text"] for found in _BLOCK.finditer(page)}
    wanted = {"ladder": ladder_markdown(STRATEGIES, ()), "models": _models(catalog)}
    problems = []
    for name, text in wanted.items():
        if name not in written:
            problems.append(f"the part `{name}` is missing")
        elif (_without_costs(written[name]) if name == "ladder" else written[name]) != (
            _without_costs(text) if name == "ladder" else text
        ):
            source = "evaluators/strategy.py" if name == "ladder" else "the cards and locks"
            problems.append(f"the part `{name}` is not what {source} give now")
    for task, digest in re.findall(r"^### (\S+)\n\n.*data `([0-9a-f]{12})`\.$", page, re.MULTILINE):
        known = catalog.tasks.get(task.replace("\\", ""))
        if known is None or short(known.digest) != digest:
            problems.append(f"task {task} has other data now, or is gone")
    return tuple(problems)


def refreshed(page: str, catalog: Catalog) -> str:
    """Return a page with the parts that need no evidence written again; what was measured is kept as it stands."""
    wanted = {"ladder": ladder_markdown(STRATEGIES, ()), "models": _models(catalog)}

    def again(found: re.Match[str]) -> str:
        name, text = found["name"], wanted.get(found["name"], found["text"])
        return _block(name, _with_costs(text, found["text"]) if name == "ladder" else text)

    return _BLOCK.sub(again, page)


def _with_costs(text: str, measured: str) -> str:
    """Return the ladder with the costs that another one has, by tier and strategy."""
    costs = {
        tuple(row.split(" | ")[:2]): row.rsplit(" | ", 1)[1] for row in measured.splitlines() if " | " in row
    }
    lines = []
    for line in text.splitlines():
        known = costs.get(tuple(line.split(" | ")[:2]))
        lines.append(f"{line.rsplit(' | ', 1)[0]} | {known}" if known and " | " in line else line)
    return "\n".join(lines)


def _without_costs(text: str) -> str:
    return "\n".join(
        line.rsplit(" | ", 1)[0] if line.startswith("| ") else line for line in text.splitlines()
    )


def _block(name: str, text: str) -> str:
    return f"<!-- begin {name} -->\n{text}\n<!-- end {name} -->"


def _sources(catalog: Catalog, documents: Iterable[Evidence]) -> tuple[Source, ...]:
    """Return the documents that count, newest first, each with a letter; of equal findings the newest."""
    digests = {task.digest for task in catalog.tasks.values() if task.sensitivity != "restricted"}
    ordered = sorted(
        documents, key=lambda one: (one.observations.created, one.observations.digest), reverse=True
    )
    kept: dict[str, Evidence] = {}
    for document in ordered:
        findings = document.findings
        pinned = all(
            row.name in catalog.locks and row.digest == catalog.locks[row.name].digest
            for row in findings.candidates
        )
        about = all(
            task.digest in digests and task.promotable and task.sensitivity != "restricted"
            for task in findings.tasks
        )
        if pinned and about:
            kept.setdefault(findings.digest, document)
    return tuple(Source(_mark(place), document) for place, document in enumerate(kept.values()))


def _mark(place: int) -> str:
    letters = string.ascii_lowercase
    return (
        letters[place]
        if place < len(letters)
        else _mark(place // len(letters) - 1) + letters[place % len(letters)]
    )


def _tasks(catalog: Catalog, sources: Sequence[Source]) -> list[TaskRows]:
    found = []
    for name in sorted(catalog.tasks):
        digest = catalog.tasks[name].digest
        about = [s for s in sources if any(task.digest == digest for task in s.evidence.findings.tasks)]
        if about:
            facts = next(task for task in about[0].evidence.findings.tasks if task.digest == digest)
            found.append(task_rows(facts, about))
    return [task for task in found if task.options]


def _models(catalog: Catalog) -> str:
    """Return the cards as a table, by what they read and weigh."""

    def weight(name: str) -> tuple[str, int, str]:
        return (catalog.cards[name].modality, _parameters(catalog, name) or 0, name)

    rows = tuple(
        _model(catalog.cards[name], catalog.locks.get(name), catalog)
        for name in sorted(catalog.cards, key=weight)
    )
    columns = (
        "model",
        "reads",
        "parameters",
        "licence, use",
        "languages",
        "what it is",
        "can be measured",
        "saw",
    )
    return markdown_table(ResultTable("Models", columns, rows))


def _model(card: Card, lock: Lock | None, catalog: Catalog) -> tuple[str, ...]:
    parameters = _parameters(catalog, card.id)
    state = "yes" if lock and card.lifecycle.state == "active" else card.lifecycle.state
    return (
        card.id,
        card.modality,
        millions(parameters) if parameters else "unknown",
        f"{card.licence.spdx}, {card.licence.use}",
        ", ".join(card.languages),
        card.summary,
        state,
        ", ".join(row.task for row in card.contamination),
    )


def _parameters(catalog: Catalog, name: str) -> int | None:
    lock = catalog.locks.get(name)
    return lock.structure.parameters if lock else catalog.cards[name].parameters


def _provenance(sources: Sequence[Source], note: str) -> str:
    rows = tuple(_origin(source) for source in sources)
    columns = ("from", "findings", "protocol", "runs", "measured", "on", "with", "commit")
    parts = [_PROVENANCE]
    if note:
        parts.append(plain(note))
    parts.append(markdown_table(ResultTable("", columns, rows)) if rows else "There is none.")
    return "\n\n".join(parts)


def _origin(source: Source) -> tuple[str, ...]:
    findings, observed = source.evidence.findings, source.evidence.observations
    places = [observed.environments[key] for key in sorted(observed.environments)]
    named = ("torch", "transformers", "timm", "peft", "scikit-learn")
    packages = dict.fromkeys(
        f"{name} {place.packages[name]}" for place in places for name in named if name in place.packages
    )
    commits = dict.fromkeys(
        f"{(place.commit or 'none')[:12]}{' with changes' if place.dirty else ''}" for place in places
    )
    return (
        source.mark,
        short(findings.digest),
        source.protocol,
        str(findings.protocol.get("runs", "?")),
        observed.created[:10],
        ", ".join(dict.fromkeys(machine_words(place) for place in places)),
        ", ".join(packages),
        ", ".join(commits),
    )


_HEAD = """# Choosing a base and a strategy

Written by `hub catalog choosing` from the strategy table, the cards and the evidence at hand: do not edit it, write it
again. It says what was measured, on validation sets and never on a locked test, and what the literature expects. For
your own data ask `hub recommend --data FILE --text COLUMN --label COLUMN`. What is approved is not here: `hub list`."""

_LADDER = f"""Start at the top; a heavier strategy must pay for itself with evidence. The habit, before anything is
measured: with few labels (below {FEW:,}) a linear probe where the domain is close to what the base was trained on, LoRA
where it is far; with more labels full fine-tuning. *Cost here* is a fit with the encoding of its labels, beside a
linear probe's on the same base, labels and machine: the range over the bases and tasks below."""

_TASKS = """Scores are means over paired runs with half the 95 % interval. `*` marks what was enough at that size: the
lightest that is shown to be within the task's margin of the best, over all models. `!k`: k runs failed. *time* is a fit
with the encoding of its labels; *from* names the documents, at the end of this page. Measurements of several documents
stand in one row where settings and draws are equal."""

_MODELS = """By what they read and weigh. *Can be measured*: `yes` if its bytes are pinned, else the state of its card.
*Saw*: tasks of this catalog whose data shaped it, so that results on them are optimistic."""

_PROVENANCE = """Signed evidence; `hub evaluate` with that protocol measures the same findings again. Seconds are of the
machine as it was then: compare costs within one document only."""
