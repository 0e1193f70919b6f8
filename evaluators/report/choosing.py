"""Which strategy, when: the ladder with what a rung costs here, and task by task what was enough.

In: the strategy table, and rows of evidence. Out: Markdown. Scores are of validation sets. Pure: equal inputs give
equal bytes. The ladder but its last column is a function of the table alone, so a page can be checked without evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluators.advice.choice import advise
from evaluators.advice.domain_distance import domain_distance
from evaluators.advice.option import Option
from evaluators.advice.rule_of_thumb import objection, rule_of_thumb
from evaluators.canonical import short
from evaluators.report.choosing_rows import Row, TaskRows
from evaluators.report.markdown import markdown_table, plain
from evaluators.report.table import ResultTable
from evaluators.strategy import Strategy
from evaluators.wording import compact, count, duration, metric_title, percent, title

#: What a rung's cost is a multiple of.
UNIT = "linear-probe"
_COLUMNS = ("tier", "strategy", "what is trained", "when it wins, says the literature", "cost here")


def ladder_markdown(strategies: Sequence[Strategy], tasks: Sequence[TaskRows]) -> str:
    """Return the ladder as a table, lightest first, and where its defaults come from."""
    rows = tuple(
        (row.tier.value, row.title, row.trains, row.wins, _cost_here(row.id, tasks)) for row in strategies
    )
    sources = "\n".join(f"- {plain(row.title)}: {plain(row.source)}" for row in strategies)
    table = markdown_table(ResultTable("The ladder", _COLUMNS, rows))
    return f"{table}\n\nWhere the defaults come from:\n\n{sources}"


def task_markdown(task: TaskRows, figure: str | None) -> str:
    """Return one task's section: picture, what was enough at each size, the table, where the rule of thumb fails."""
    facts = task.facts
    heading = (
        f"### {plain(facts.id)}\n\n{plain(facts.title)}. {len(facts.labels):,} classes, "
        f"{metric_title(facts.metric)} on {facts.sizes.get('validation', 0):,} validation samples, differences below "
        f"{percent(facts.margin)} points do not matter; data `{short(facts.digest)}`."
    )
    parts = [heading]
    if figure:
        parts.append(f"![{plain(facts.id)}: {metric_title(facts.metric)} by number of labels]({figure})")
    parts.append("\n".join(f"- {plain(sentence)}" for sentence in _sentences(task)))
    parts.append(markdown_table(_table(task)))
    against = list(_against(task))
    if against:
        parts.append("Against the rule of thumb:\n\n" + "\n".join(f"- {plain(line)}" for line in against))
    return "\n\n".join(parts)


def _sentences(task: TaskRows) -> Iterator[str]:
    """Yield the advice at each size where a heavier strategy was measured too, and at the largest of all."""
    largest = max((option.labels for option in task.options if not option.is_baseline), default=None)
    for labels in sorted({*task.heavy_sizes, *([largest] if largest else [])}):
        found = advise([row for row in task.options if row.labels <= labels], margin=task.facts.margin)
        if found is not None and found.labels == labels:
            yield found.sentence + ("" if task.heavy_sizes else " Heavier strategies were not measured.")


def _table(task: TaskRows) -> ResultTable:
    sizes = task.sizes
    at = _cost_size(task)
    enough = {labels: _enough(task, labels) for labels in sizes}
    headings = [count(size, "label") for size in sizes]
    rows = []
    for row in task.rows:
        cells = [_cell(row.options.get(size), enough[size]) for size in sizes]
        rows.append(
            (row.candidate or "(data alone)", row.label, *cells, *_costs(row, task, at), ", ".join(row.marks))
        )
    columns = ("model", "strategy", *headings, f"time at {at:,}", "x probe", "from")
    return ResultTable(f"{task.facts.id}", columns, tuple(rows))


def _enough(task: TaskRows, labels: int) -> Option | None:
    found = advise(task.at(labels), margin=task.facts.margin)
    return found.chosen if found else None


def _cell(option: Option | None, chosen: Option | None) -> str:
    if option is None:
        return ""
    failed = f" !{option.failed}" if option.failed else ""
    same = chosen is not None and (option.candidate, option.strategy) == (chosen.candidate, chosen.strategy)
    return compact(option.estimate) + failed + (" *" if same and option.estimate == _estimate(chosen) else "")


def _estimate(option: Option | None) -> object:
    return option.estimate if option else None


def _cost_size(task: TaskRows) -> int:
    """Return the size that costs are told at: the largest at which the heavy strategies were measured."""
    return task.heavy_sizes[-1] if task.heavy_sizes else task.sizes[-1]


def _costs(row: Row, task: TaskRows, labels: int) -> tuple[str, str]:
    option = row.options.get(labels)
    if option is None or option.spent is None:
        return ("", "")
    times = _times(option, task)
    return (duration(option.spent), "" if times is None else _multiple(times))


def _times(option: Option, task: TaskRows) -> float | None:
    """Return an option's cost as a multiple of the linear probe's: same size and machine, and model if it has one."""
    for probe in task.at(option.labels):
        same = probe.machine == option.machine and option.candidate in ("", probe.candidate)
        if probe.strategy == UNIT and same and probe.spent and option.spent is not None:
            return option.spent / probe.spent
    return None


def _cost_here(name: str, tasks: Sequence[TaskRows]) -> str:
    """Return the range of a strategy's cost over models and tasks, at the size that each task's costs are told at."""
    found = [
        times
        for task in tasks
        for option in task.at(_cost_size(task))
        if option.strategy == name and (times := _times(option, task)) is not None
    ]
    if not found:
        return "not measured"
    low, high = _multiple(min(found)), _multiple(max(found))
    return f"{low}x a linear probe" if low == high else f"{low}x to {high}x a linear probe"


def _multiple(times: float) -> str:
    if times < 0.1:
        return "under 0.1"
    return f"{times:,.0f}" if times >= 9.95 else f"{times:.1f}"


def _against(task: TaskRows) -> Iterator[str]:
    """Yield where the measurements contradict the rule of thumb, size by size."""
    for labels in task.sizes:
        here = task.at(labels)
        distance = domain_distance(here, margin=task.facts.margin)
        rule = rule_of_thumb(labels, distance)
        reason = objection(rule, here, margin=task.facts.margin)
        if reason:
            words = {"close": " (close domain)", "far": " (far domain)"}
            where = words[distance.distance] if distance else ""
            said = " or ".join(title(name) for name in rule.strategies)
            yield f"{count(labels, 'label')}: it says {said}{where}; here {reason}."
