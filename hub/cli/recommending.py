"""`hub recommend`: which model, adapted how, for these data."""

from __future__ import annotations

from pathlib import Path

import click

from evaluators.advice.advice import Advice
from evaluators.advice.limits import Limits
from evaluators.advice.option import Option
from evaluators.advice.prescreen import SCORES, Looks, Prescreen
from evaluators.wording import compact, count, duration, learns, millions, milliseconds, percent
from hub.cli.duration_type import Duration
from hub.cli.options import catalog_option, format_option, home, open_catalog, own_data, own_data_options
from hub.cli.output import Output, Table
from hub.first_guess import FirstGuess
from hub.next_step import measure_more, train_it
from hub.recommended import Recommended
from hub.recommending import recommend as answer
from hub.recommending import screening, understood
from hub.teller import escape

_MAKE = {
    "weights": "train it on all of your labels:",
    "examples": "give it all of your labels:",
    "nothing": "make a model of it, which reads none of your labels:",
}


@click.command(
    epilog="\b\nhub recommend --data tickets.csv --text body --label queue\n"
    "hub recommend help-desk --labels 200 --budget 10m"
)
@click.argument("names", nargs=-1, metavar="[TASK] [MODEL]...")
@own_data_options
@click.option("--task", "task_name", help="A task of the catalog, instead of your own data.")
@click.option("--model", "named", multiple=True, help="Only this model; more than once for several.")
@click.option(
    "--labels",
    type=click.IntRange(min=1),
    help="Labels that you have: what was measured with more is left out.",
)
@click.option("--budget", type=Duration(), help="Time that one training may take, such as 2h.")
@click.option("--latency", type=Duration(), help="Time for one answer (95 of 100 calls), such as 20ms.")
@click.option(
    "--results",
    default=None,
    help="Folder or URL of the result store. Default: HUB_RESULTS, or under HUB_HOME.",
)
@click.option("--device", type=click.Choice(["any", "cpu", "cuda"]), default="any", help="Where to compute.")
@catalog_option
@format_option
def recommend(
    names: tuple[str, ...],
    data: str | None,
    text: str | None,
    label: str | None,
    group: str | None,
    images: str | None,
    task_name: str | None,
    named: tuple[str, ...],
    labels: int | None,
    budget: float | None,
    latency: float | None,
    results: str | None,
    device: str,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Say in one sentence which model, adapted how, for TASK or your data; of all approved ones if none is named.

    From reports where there are some. What the features alone can do (linear probe, neighbours) is measured beside it:
    one pass of each model over the data. Heavier strategies are not measured here, but counted where a report has them;
    where they may change the answer, the command that measures them is printed. Where nothing can be measured, the
    answer is the rule of thumb, called so.

    A star is the answer: the lightest that is as good as the best. A plus stands in the Pareto set: nothing is shown
    to be better at no more cost. Everything else is listed with its reason, and so is what nobody measured.
    """
    own = own_data(data, images, text, label, group)
    catalog = open_catalog(catalog_folder)
    models, task = understood(names, named, own, task_name, catalog)
    choice = screening(models, own, task, device=device, results=results)
    limits = Limits(labels, budget, latency)
    found = answer(choice, catalog, home(), output, limits)
    if isinstance(found, FirstGuess):
        _tell_guess(found, output)
        return
    _tell(found, output)
    chosen = found.advice.chosen
    if chosen.candidate:
        output.note(_MAKE[learns(chosen.strategy)])
        output.command(train_it(choice, chosen.candidate, chosen.strategy, catalog=catalog_folder))
    if found.unmeasured:
        output.note(f"heavier strategies: {found.unmeasured.why}")
        output.command(
            measure_more(choice, found.unmeasured.models, found.unmeasured.strategies, catalog=catalog_folder)
        )


def _tell_guess(guess: FirstGuess, output: Output) -> None:
    output.say(f"\n[bold]{escape(guess.sentence)}[/bold]")
    output.data(guess.value)
    output.essential(f"- {guess.rule.strategies[0]}")
    output.note(f"no answer from measurements: {guess.why}")


def _tell(found: Recommended, output: Output) -> None:
    advice = found.advice
    output.say(f"\n[bold]{escape(advice.sentence)}[/bold]")
    tables = [_table(found)]
    if any(row.strategy for row in found.excluded):
        tables.append(_reasons(found))
    if found.prescreen:
        tables.append(_looks(found.prescreen))
    output.data(found.value, *tables)
    if found.prescreen:
        output.say(f"[dim]{escape(found.prescreen.sentence)}[/dim]")
    answers = _answers(found)
    if answers:
        output.say(f"[dim]{escape(answers)}[/dim]")
    for sentence in _models_left_out(found):
        output.say(f"[dim]{escape(sentence)}[/dim]")
    for sentence in found.unknown:
        output.say(f"[yellow]missing: {escape(sentence)}[/yellow]")
    output.say(f"[dim]{escape(found.thumb)}[/dim]")
    output.essential(f"{advice.chosen.candidate or '-'} {advice.chosen.strategy}")


def _reasons(found: Recommended) -> Table:
    rows = tuple(
        (row.candidate or "(no model)", row.strategy, row.reason) for row in found.excluded if row.strategy
    )
    return Table(("not the answer", "strategy", "because"), rows, wrap=frozenset({"because"}))


def _answers(found: Recommended) -> str:
    """Say how long an answer takes of each arm that was timed; a column would not fit 80."""
    timed = {row.words: milliseconds(row.latency) for row in found.advice.options if row.latency is not None}
    told = "; ".join(f"{words} {time} ms" for words, time in timed.items())
    return f"one answer takes at most, in 95 of 100 calls: {told}" if told else ""


def _models_left_out(found: Recommended) -> list[str]:
    """Say which models were not weighed, a line a reason."""
    by_reason: dict[str, list[str]] = {}
    for row in found.excluded:
        if not row.strategy:
            by_reason.setdefault(row.reason, []).append(row.candidate)
    return [f"left out, {reason}: {', '.join(names)}" for reason, names in by_reason.items()]


def _looks(found: Prescreen) -> Table:
    """Draw how models look before training, largest first: the static order by size. (!): orders no better."""
    samples = max(row.samples for row in found.looks)
    poor = found.no_better_than_size
    heads = [title + (" (!)" if name in poor else "") for name, title in SCORES.items()]
    return Table(
        ("model", *heads, "measured"),
        tuple(_look(row) for row in found.looks),
        title=f"Before training, from {count(samples, 'training label')}",
        right=frozenset({*heads, "measured"}),
    )


def _look(row: Looks) -> tuple[str, ...]:
    return (
        row.candidate,
        millions(row.size),
        f"{row.log_me:.3f}",
        f"{row.h_score:.2f}",
        percent(row.neighbours),
        percent(row.probe),
        "" if row.realised is None else percent(row.realised),
    )


def _mark(option: Option, found: Recommended) -> str:
    if option is found.advice.chosen:
        return "* "
    return "+ " if option in found.front else "  "


def _table(found: Recommended) -> Table:
    advice: Advice = found.advice
    # The number of labels stands in the heading, or where rows differ in a column; 80 columns hold one of the two more.
    several = len({option.labels for option in advice.options}) > 1
    rows = tuple(
        (
            _mark(option, found) + (option.candidate or "(no model)"),
            option.strategy,
            *([f"{option.labels:,}"] if several else []),
            compact(option.estimate),
            duration(option.seconds if option.spent is None else option.spent),
            *([] if several else [millions(option.parameters) if option.parameters else ""]),
        )
        for option in advice.options
    )
    metric = advice.supply.metric if advice.supply else "score"
    columns = (
        ("model", "strategy", "labels", metric, "time")
        if several
        else ("model", "strategy", f"at {advice.labels:,} labels", "time", "params")
    )
    return Table(
        columns,
        rows,
        right=frozenset({"labels", "time", "params"}),
    )
