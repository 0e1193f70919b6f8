"""`hub recommend`: which model, adapted how, for these data."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path

import click

from evaluators.advice import Advice, Option, advise, options_of
from evaluators.domain_distance import domain_distance
from evaluators.errors import UsageProblem
from evaluators.roles import TooFewSamples
from evaluators.rule_of_thumb import Elsewhere, RuleOfThumb, contradiction, rule_of_thumb
from evaluators.wording import compact, duration, millions
from hub.catalog import Catalog
from hub.cli.evaluating import Choice, evaluate_models
from hub.cli.options import catalog_option, format_option, home, open_catalog, own_data, own_data_options
from hub.cli.output import Output, Table, escape
from hub.evidence_at_hand import SCREEN, evidence_about, models_for, reachable
from hub.first_guess import FirstGuess, NothingMeasured, evidence_elsewhere, first_guess
from hub.log_cache import known_history
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
    tasks = (task_name,) if task_name else ()
    store = results or os.environ.get("HUB_RESULTS")
    choice = Choice(models, False, tasks, SCREEN, (), False, own, device, store)
    try:
        advice = advice_on(choice, catalog, output)
    except (NothingMeasured, TooFewSamples) as nothing:
        _tell_guess(
            first_guess(own, task_name, catalog, home().ready(), why=nothing.message), nothing.hint, output
        )
        return
    modality = own.modality if own else catalog.task(task_name or "").modality
    rule = rule_of_thumb(advice.chosen.labels, domain_distance(advice.options, margin=advice.margin))
    _tell(
        advice,
        rule,
        evidence_elsewhere(rule, modality, catalog, home(), besides=advice.chosen.task),
        task_name,
        output,
    )


def advice_on(choice: Choice, catalog: Catalog, output: Output, *, only: str | None = None) -> Advice:
    """Screen models on data and return the advice, with all that is measured about the same data.

    Args:
        choice: Models (none: all that are approved for what the data are), data or task, and where to compute.
        catalog: Where the cards are.
        output: Who is told how it goes.
        only: Advise on this model alone, floors aside.

    Raises:
        UsageProblem: If there is no model, or nothing could be measured.
    """
    history, _ = known_history(home(), registry_address(os.environ, home()))
    modality = choice.own.modality if choice.own else catalog.task(choice.tasks[0]).modality
    chosen = choice.models
    if not chosen:
        chosen, missing = reachable(models_for(modality, catalog, history), catalog, home().ready())
        for sentence in missing:
            output.warn(sentence)
    if not chosen:
        raise NothingMeasured(
            f"the catalog has no model for {modality} whose bytes are locked", hint="hub list --all"
        )
    screened = evaluate_models(replace(choice, models=chosen), catalog, home(), output)
    facts = screened.evidence.findings.tasks[0]
    documents = [screened.evidence, *evidence_about(facts.digest, home(), open_keyring(home().keys))]
    options = [
        option
        for option in options_of(documents, facts.digest)
        if (
            option.candidate == only and not option.is_baseline if only else option.candidate in {"", *chosen}
        )
    ]
    advice = advise(options, margin=facts.margin)
    if advice is None:
        raise NothingMeasured(
            "nothing could be measured on these data", hint="label at least 4 samples of each class"
        )
    return advice


def _tell_guess(guess: FirstGuess, hint: str | None, output: Output) -> None:
    output.say(f"\n[bold]{escape(guess.sentence)}[/bold]")
    output.data(guess.value)
    output.essential(f"- {guess.rule.strategies[0]}")
    output.note(f"nothing was measured: {guess.why}" + (f"; {hint}" if hint else ""))


def _tell(
    advice: Advice, rule: RuleOfThumb, others: tuple[Elsewhere, ...], task_name: str | None, output: Output
) -> None:
    against = contradiction(rule, advice.options, margin=advice.margin)
    value = {
        "measured": True,
        "model": advice.chosen.candidate or None,
        "strategy": advice.chosen.strategy,
        "sentence": advice.sentence,
        "rule_of_thumb": {"strategy": rule.close, "far": rule.far, "contradicted": against},
        "more_labels": asdict(advice.more) if advice.more else None,
        "elsewhere": [{"task": o.task, "labels": o.labels, "contradicted": o.against} for o in others],
        "options": [_value(option) for option in advice.options],
        "smaller_sizes": [_value(option) for option in advice.earlier],
    }
    output.say(f"\n[bold]{escape(advice.sentence)}[/bold]")
    output.data(value, _table(advice))
    contradicted = [row.sentence for row in others if row.against]
    output.say(
        f"[dim]{escape(' '.join([rule.sentence, *([against] if against else []), *contradicted]))}[/dim]"
    )
    output.essential(f"{advice.chosen.candidate or '-'} {advice.chosen.strategy}")
    measured = {option.strategy for option in advice.options}
    heavier = [name for name in ("lora", "full-finetune") if name not in measured]
    if heavier and advice.chosen.candidate:
        where = f"--task {task_name}" if task_name else "--data ..."
        flags = " ".join(f"--strategy {name}" for name in heavier)
        output.note(f"not measured yet: hub evaluate {advice.chosen.candidate} {where} {flags}")


def _table(advice: Advice) -> Table:
    rows = tuple(
        (
            ("* " if option is advice.chosen else "  ") + (option.candidate or "(no model)"),
            option.strategy,
            compact(option.estimate),
            duration(option.seconds if option.spent is None else option.spent),
            millions(option.parameters) if option.parameters else "",
        )
        for option in advice.options
    )
    size = advice.chosen.labels_per_class
    return Table(
        ("model", "strategy", f"at {size} a class", "time", "params"),
        rows,
        right=frozenset({"time", "params"}),
    )


def _value(option: Option) -> dict[str, object]:
    return {
        "model": option.candidate or None,
        "strategy": option.strategy,
        "labels_per_class": option.labels_per_class,
        "labels": option.labels,
        "score": option.estimate.model_dump(mode="json"),
        "seconds": option.seconds,
        "encoding_seconds": option.encoding,
        "machine": option.machine or None,
    }
