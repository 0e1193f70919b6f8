"""`hub recommend`: which model, adapted how, for these data."""

from __future__ import annotations

import os
from pathlib import Path

import click

from evaluators.advice import Advice, Option, advise, options_of
from evaluators.errors import UsageProblem
from evaluators.rule_of_thumb import contradiction, rule_of_thumb
from evaluators.wording import compact, duration, millions
from hub.cli.evaluating import Choice, evaluate_models
from hub.cli.options import catalog_option, format_option, home, open_catalog, own_data, own_data_options
from hub.cli.output import Output, Table
from hub.log_cache import known_history
from hub.recommend import SCREEN, evidence_about, models_for
from hub.registry.address import registry_address
from hub.signing import open_keyring


@click.command(
    epilog="\b\nhub recommend --data tickets.csv --text body --label queue\nhub recommend --task help-desk"
)
@click.argument("models", nargs=-1)
@own_data_options
@click.option("--task", "task_name", help="A task of the catalog, instead of your own data.")
@click.option("--results", default=None, help="Folder or URL of the result store. Default: under HUB_HOME.")
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

    From evidence where there is some. What the features alone can do (linear probe, neighbours) is measured beside it:
    one pass of each model over the data. Heavier strategies are measured by `hub evaluate`, and counted from then on.
    """
    catalog = open_catalog(catalog_folder)
    own = own_data(data, images, text, label)
    if (own is None) == (task_name is None):
        raise UsageProblem(
            "name your data, or a task",
            hint="--data FILE --text COLUMN --label COLUMN, --images DIR, or --task TASK",
        )
    history, _ = known_history(home(), registry_address(os.environ, home()))
    modality = own.modality if own else catalog.task(task_name or "").modality
    chosen = models or models_for(modality, catalog, history)
    if not chosen:
        raise UsageProblem(
            f"the catalog has no model for {modality} whose bytes are locked", hint="hub list --all"
        )
    tasks = (task_name,) if task_name else ()
    choice = Choice(
        chosen, False, tasks, SCREEN, (), False, own, device, results or os.environ.get("HUB_RESULTS")
    )
    screened = evaluate_models(choice, catalog, home(), output)
    digest = screened.evidence.findings.tasks[0].digest
    documents = [screened.evidence, *evidence_about(digest, home(), open_keyring(home().keys))]
    options = [
        option
        for option in options_of(documents, digest)
        if not option.candidate or option.candidate in chosen
    ]
    margin = screened.evidence.findings.tasks[0].margin
    advice = advise(options, margin=margin)
    if advice is None:
        raise UsageProblem(
            "nothing could be measured on these data", hint="label at least 4 samples of each class"
        )
    _tell(advice, margin, choice, output)


def _tell(advice: Advice, margin: float, choice: Choice, output: Output) -> None:
    rule = rule_of_thumb(advice.chosen.labels)
    against = contradiction(rule, advice.options, margin=margin)
    value = {
        "model": advice.chosen.candidate or None,
        "strategy": advice.chosen.strategy,
        "sentence": advice.sentence,
        "rule_of_thumb": {"strategy": rule.close, "far": rule.far, "contradicted": against},
        "options": [_value(option) for option in advice.options],
        "smaller_sizes": [_value(option) for option in advice.earlier],
    }
    output.say(f"\n[bold]{advice.sentence}[/bold]")
    output.data(value, _table(advice))
    output.say(f"[dim]{rule.sentence}{' ' + against if against else ''}[/dim]")
    output.essential(f"{advice.chosen.candidate or '-'} {advice.chosen.strategy}")
    measured = {option.strategy for option in advice.options}
    heavier = [name for name in ("lora", "full-finetune") if name not in measured]
    if heavier and advice.chosen.candidate:
        where = f"--task {choice.tasks[0]}" if choice.tasks else "--data ..."
        flags = " ".join(f"--strategy {name}" for name in heavier)
        output.note(f"not measured yet: hub evaluate {advice.chosen.candidate} {where} {flags}")


def _table(advice: Advice) -> Table:
    rows = tuple(
        (
            ("* " if option is advice.chosen else "  ") + (option.candidate or "(no model)"),
            option.strategy,
            compact(option.estimate),
            duration(option.seconds),
            millions(option.parameters) if option.parameters else "",
        )
        for option in advice.options
    )
    size = advice.chosen.labels_per_class
    return Table(
        ("model", "strategy", f"at {size} a class", "a fit", "params"),
        rows,
        right=frozenset({"a fit", "params"}),
    )


def _value(option: Option) -> dict[str, object]:
    return {
        "model": option.candidate or None,
        "strategy": option.strategy,
        "labels_per_class": option.labels_per_class,
        "labels": option.labels,
        "score": option.estimate.model_dump(mode="json"),
        "seconds": option.seconds,
    }
