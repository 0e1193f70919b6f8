"""`hub selfcheck`: results that others published, computed again by this program."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.options import format_option
from hub.cli.output import Output, Table

if TYPE_CHECKING:
    from evaluators.selfcheck.figure import Outcome
    from evaluators.selfcheck.suite import Check

_MARKS = {"PASS": "[green]PASS[/green]", "FAIL": "[red]FAIL[/red]", "SKIPPED": "[yellow]skipped[/yellow]"}


@click.command(
    epilog="Data sets come from the folder HUB_DATA (banking77/, clinc150/, omniglot/, sib200/, as their authors "
    "publish them); a check whose data or base is absent is skipped, by name. All of them take about two minutes. "
    "Exits with 1 if a figure is off."
)
@click.argument("names", nargs=-1, metavar="[CHECK]...")
@format_option
def selfcheck(names: tuple[str, ...], output: Output) -> None:
    """Can you trust the numbers? Compute published results again and compare.

    CHECK is one or more of A1 to A8, which need no model, B1 and B2; without one, all. Each figure stands with what was
    published, the difference that is tolerated, and its source.
    """
    from evaluators.selfcheck.suite import checks_named

    data = Path(os.environ.get("HUB_DATA") or os.devnull)
    checks = checks_named(names)
    outcomes: dict[str, list[Outcome]] = {}
    with output.status() as tell:
        for number, check in enumerate(checks, 1):
            tell(f"{number} of {len(checks)}: {check.title}")
            outcomes[check.id] = list(check.run(data))
    found = [outcome for of_check in outcomes.values() for outcome in of_check]
    failed = [outcome for outcome in found if outcome.verdict == "FAIL"]
    output.data(
        [{"source": check.source, **_value(outcome)} for check in checks for outcome in outcomes[check.id]],
        *(_table(check, outcomes[check.id]) for check in checks),
    )
    verdicts = [outcome.verdict for outcome in found]
    summary = f"{verdicts.count('PASS')} passed, {len(failed)} failed, {verdicts.count('SKIPPED')} skipped"
    output.say(summary)
    output.essential("FAIL" if failed else "PASS")
    if any(outcome.verdict == "SKIPPED" for outcome in found) and "HUB_DATA" not in os.environ:
        output.note("HUB_DATA is not set: it names the folder of the public data sets")
    if failed:
        raise SystemExit(1)


def _table(check: Check, outcomes: list[Outcome]) -> Table:
    rows = tuple((_MARKS[outcome.verdict], outcome.figure.what, *_numbers(outcome)) for outcome in outcomes)
    return Table(
        ("", "figure", "published", "found"),
        rows,
        title=f"{check.id} {check.title}\n{check.source}",
        right=frozenset({"published", "found"}),
        wrap=frozenset({"figure", "found"}),
        marked=frozenset({""}),
    )


def _numbers(outcome: Outcome) -> tuple[str, str]:
    figure = outcome.figure
    if math.isnan(figure.published):
        return "", outcome.skipped
    published = f"{figure.published:.6g}{figure.unit and f' {figure.unit}'}"
    if figure.tolerance:
        published += f" +- {figure.tolerance:.2g}"
    return published, outcome.skipped if outcome.found is None else f"{outcome.found:.6g}"


def _value(outcome: Outcome) -> dict[str, Any]:
    figure = outcome.figure
    return {
        "check": figure.check,
        "figure": figure.what,
        "published": None if math.isnan(figure.published) else figure.published,
        "tolerance": figure.tolerance,
        "unit": figure.unit,
        "found": outcome.found,
        "verdict": outcome.verdict,
        **({"skipped": outcome.skipped} if outcome.skipped else {}),
    }
