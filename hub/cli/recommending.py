"""`hub recommend`: which model, adapted how, for these data."""

from __future__ import annotations

from pathlib import Path

import click

from evaluators.advice.choice import Advice
from evaluators.wording import compact, duration, learns, millions
from hub.cli.options import catalog_option, format_option, home, open_catalog, own_data, own_data_options
from hub.cli.output import Output, Table
from hub.first_guess import FirstGuess
from hub.next_step import measure_more, train_it
from hub.recommending import Recommended, screening
from hub.recommending import recommend as answer
from hub.teller import escape

_MAKE = {
    "weights": "train it on all of your labels:",
    "examples": "give it all of your labels:",
    "nothing": "make a model of it, which reads none of your labels:",
}


@click.command(
    epilog="\b\nhub recommend --data tickets.csv --text body --label queue\nhub recommend --task help-desk"
)
@click.argument("models", nargs=-1)
@own_data_options
@click.option("--task", "task_name", help="A task of the catalog, instead of your own data.")
@click.option(
    "--results",
    default=None,
    help="Folder or URL of the result store. Default: HUB_RESULTS, or under HUB_HOME.",
)
@click.option("--device", type=click.Choice(["any", "cpu", "cuda"]), default="any", help="Where to compute.")
@catalog_option
@format_option
def recommend(
    models: tuple[str, ...],
    data: str | None,
    text: str | None,
    label: str | None,
    images: str | None,
    task_name: str | None,
    results: str | None,
    device: str,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Say in one sentence which of MODELS, adapted how, for your data; all approved ones if none is named.

    From reports where there are some. What the features alone can do (linear probe, neighbours) is measured beside it:
    one pass of each model over the data. Heavier strategies are not measured here, but counted where a report has them;
    where they may change the answer, the command that measures them is printed. Where nothing can be measured, the
    answer is the rule of thumb, called so.
    """
    own = own_data(data, images, text, label)
    choice = screening(models, own, task_name, device=device, results=results)
    found = answer(choice, open_catalog(catalog_folder), home(), output)
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
    output.note(f"nothing was measured: {guess.why}")


def _tell(found: Recommended, output: Output) -> None:
    advice = found.advice
    output.say(f"\n[bold]{escape(advice.sentence)}[/bold]")
    output.data(found.value, _table(advice))
    output.say(f"[dim]{escape(found.thumb)}[/dim]")
    output.essential(f"{advice.chosen.candidate or '-'} {advice.chosen.strategy}")


def _table(advice: Advice) -> Table:
    # The number of labels stands in the heading, or where rows differ in a column; 80 columns hold one of the two more.
    several = len({option.labels for option in advice.options}) > 1
    rows = tuple(
        (
            ("* " if option is advice.chosen else "  ") + (option.candidate or "(no model)"),
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
