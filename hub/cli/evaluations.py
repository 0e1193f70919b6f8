"""`hub plan`, `hub evaluate`, `hub run`: what would be measured, measuring it, and computing a plan elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.choice import Choice
from hub.cli.costs import tell_plan
from hub.cli.duration_type import Duration
from hub.cli.options import (
    Decorator,
    catalog_option,
    format_option,
    home,
    open_catalog,
    own_data,
    own_data_options,
    results_option,
)
from hub.cli.output import Output
from hub.cli.page_file import write_page
from hub.evaluating import evaluate as measure_and_judge
from hub.evaluating import plan as plan_choice


def _choices(function: Any) -> Any:
    """Add the options that say what to measure."""
    options: list[Decorator] = [
        click.argument("models", nargs=-1),
        click.option(
            "--all", "every", is_flag=True, help="Every model of the catalog whose bytes are pinned."
        ),
        click.option("--task", "tasks", multiple=True, help="Task to measure on; may be repeated."),
        own_data_options,
        click.option("--protocol", default="quick", show_default=True, help="How to measure."),
        click.option(
            "--strategy",
            "strategies",
            multiple=True,
            help="Only this strategy, beside the floors that it must beat.",
        ),
        click.option(
            "--final",
            is_flag=True,
            help="Open the tests that are kept closed, for what the decision needs; every look is counted.",
        ),
        click.option(
            "--device", type=click.Choice(["any", "cpu", "cuda"]), default="any", help="Where to compute."
        ),
        results_option,
        click.option(
            "--allow-leaks",
            "allow_leaks",
            metavar="TASK",
            multiple=True,
            help="Measure TASK although its test repeats training data; the report says so. May be repeated.",
        ),
        click.option("--policy", default="default", show_default=True, help="Rules that judge the report."),
        click.option(
            "--budget",
            type=Duration(),
            default=None,
            help="Time that computing may take, such as 30m: heavier strategies and looks that do not fit are left.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@_choices
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan as JSON, for `hub run`."
)
@catalog_option
@format_option
def plan(out: Path | None, policy: str, catalog_folder: Path | None, output: Output, **choices: Any) -> None:
    """Say what an evaluation of MODELS would measure and cost, and what would stop it, before anything is spent."""
    planned = plan_choice(_choice(choices), open_catalog(catalog_folder), policy, home(), output)
    tell_plan(planned, home(), output, out=out)


@click.command(
    epilog="\b\nhub evaluate all-minilm-l6-v2 --task help-desk\nhub evaluate all-minilm-l6-v2 --task help-desk --final"
)
@_choices
@click.option("--dry-run", is_flag=True, help="Only plan: the same as `hub plan`.")
@click.option("--gate", is_flag=True, help="Exit with 3 unless every model is approved.")
@click.option("--no-log", is_flag=True, help="Do not log the evaluation to MLflow.")
@click.option(
    "--until-decided",
    "until_decided",
    is_flag=True,
    help="Add runs while a rule is undecided: at most four looks, which share the error of one; see --budget.",
)
@click.option(
    "--resume", is_flag=True, help="Log to MLflow what earlier evaluations could not; alone, measure nothing."
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the page to FILE, with a few mistakes as examples: here the data are at hand.",
)
@catalog_option
@format_option
def evaluate(
    policy: str,
    dry_run: bool,
    gate: bool,
    no_log: bool,
    until_decided: bool,
    resume: bool,
    html_file: Path | None,
    catalog_folder: Path | None,
    output: Output,
    **choices: Any,
) -> None:
    """Measure MODELS on tasks with every strategy of the protocol, and say whether they may be approved.

    A model is a name of the catalog, or a folder with a checkpoint, which can be compared and not approved.

    Ordinary evaluation scores on validation, as often as you like. `--final` opens the test that is kept closed, and is
    what an approval needs. What is measured already is not measured again; a stopped evaluation goes on where it was.

    `--until-decided` measures, and where a rule stays undecided again, with as many more runs of the recommended
    strategy, the floors and what is approved now. Looking again finds something sooner or later, so every look, the
    first one too, is judged by a wider interval. Choose it before the first look.
    """
    from hub.cli.telling import tell_evaluation

    if resume and not choices["models"] and not choices["every"]:
        _complete_logs(output)
        return
    catalog, choice = open_catalog(catalog_folder), _choice(choices)
    if dry_run:
        tell_plan(plan_choice(choice, catalog, policy, home(), output), home(), output, out=None)
        return
    if until_decided:
        from hub.until_decided import evaluate_until_decided

        found = evaluate_until_decided(choice, catalog, policy, home(), output, log=not no_log)
    else:
        found = measure_and_judge(choice, catalog, policy, home(), output, log=not no_log)
    tell_evaluation(found.evidence, found.decisions, found.path, found.carried, output, stopped=found.stopped)
    if html_file is not None:
        from hub.report_page import report_page

        page = report_page(found.decisions, found.evidence, examples=found.examples)
        write_page(html_file, page, output)
    if resume:
        _complete_logs(output)
    if gate and not all(decision.verdict == "approved" for decision in found.decisions):
        raise SystemExit(3)


@click.command()
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--results", required=True, help="Folder or URL of the result store.")
@click.option("--device", type=click.Choice(["any", "cpu", "cuda"]), default="any", help="Where to compute.")
@format_option
def run(plan_file: Path, results: str, device: str, output: Output) -> None:
    """Compute PLAN_FILE into a result store; needs neither MLflow nor a catalog.

    The bytes of models and data are taken from HUB_HOME/blobs, where `hub plan --out` put them, or from the places that
    the plan names. Then `hub evaluate ... --results URL` anywhere reads the results and computes nothing.
    """
    from hub.cli.costs import run_plan_file

    run_plan_file(plan_file, results, device, home(), output)


def _complete_logs(output: Output) -> None:
    """Log what earlier evaluations could not; exit with 5 if something is left."""
    from hub.evaluation_logging import complete_logs

    told = complete_logs(home())
    output.data([{"logged": not warning, "told": sentence} for sentence, warning in told])
    for sentence, warning in told:
        (output.warn if warning else output.note)(sentence)
    if not told:
        output.note("nothing is left to log: every evaluation of this machine is in MLflow")
    if any(warning for _, warning in told):
        raise SystemExit(5)


def _choice(values: dict[str, Any]) -> Choice:
    return Choice(
        models=tuple(values["models"]),
        every=values["every"],
        tasks=tuple(values["tasks"]),
        protocol=values["protocol"],
        strategies=tuple(values["strategies"]),
        final=values["final"],
        device=values["device"],
        own=own_data(values["data"], values["images"], values["text"], values["label"], values["group"]),
        results=values["results"],
        budget=values["budget"],
        allow_leaks=tuple(values["allow_leaks"]),
    )
