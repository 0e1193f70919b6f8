"""Which model, adapted how, for these data: a screening on shared features, with all evidence about the same data.

In: a choice of data or task. Out: a `Recommended`. The commands and the notebook call the same functions.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from evaluators.advice.advice import Advice
from evaluators.advice.choice import advise
from evaluators.advice.domain_distance import domain_distance
from evaluators.advice.front import exclusions, pareto
from evaluators.advice.limits import Excluded, Limits, unknown, within
from evaluators.advice.option import options_of
from evaluators.advice.prescreen import Prescreen
from evaluators.advice.rule_of_thumb import contradiction, rule_of_thumb
from evaluators.advice.supply import supply_of
from evaluators.candidate import Modality
from evaluators.data.roles import TooFewSamples
from evaluators.errors import UsageProblem
from evaluators.personal_task import OwnData
from evaluators.wording import count, title
from hub.catalog import Catalog
from hub.choice import Choice
from hub.evaluating import measure
from hub.evidence_at_hand import SCREEN, evidence_about, models_for, reachable
from hub.first_guess import FirstGuess, NothingMeasured, evidence_elsewhere, first_guess
from hub.home import Home
from hub.left_out import left_out
from hub.log_cache import known_history
from hub.prescreening import look_before
from hub.recommended import Recommended, Unmeasured
from hub.registry.address import registry_address
from hub.results_place import results_at
from hub.signing import open_keyring
from hub.teller import Teller

_NO_LIMITS = Limits()
#: Strategies that a screening does not measure, lightest first.
_HEAVIER = ("lora", "full-finetune")


@dataclass(frozen=True, eq=False)
class Weighed:
    """What was measured on data, within limits.

    Attributes:
        advice: The choice.
        excluded: Arms over a limit.
        unknown: What the limits ask and nothing measured answers.
        prescreen: How the models look from their features alone.
        models: Which were asked.
    """

    advice: Advice
    excluded: tuple[Excluded, ...]
    unknown: tuple[str, ...]
    prescreen: Prescreen | None
    models: tuple[str, ...]


def screening(
    models: tuple[str, ...], own: OwnData | None, task: str | None, *, device: str, results: str | None
) -> Choice:
    """Return the choice that screens models on a person's own data or on a task.

    Raises:
        UsageProblem: If neither is named, or both are.
    """
    if (own is None) == (task is None):
        raise UsageProblem(
            "name your data, or a task",
            hint="--data FILE --text COLUMN --label COLUMN, --images DIR, or --task TASK",
        )
    tasks = (task,) if task else ()
    return Choice(models, tasks=tasks, protocol=SCREEN, own=own, device=device, results=results)


def understood(
    names: tuple[str, ...], named: tuple[str, ...], own: OwnData | None, task: str | None, catalog: Catalog
) -> tuple[tuple[str, ...], str | None]:
    """Return models and task of `hub recommend [NAME...]`: a name that is a task and no model is the task.

    Args:
        names: Models, or a task, as they stand on the command line.
        named: Models that were called so.
        own: A person's own data; then every name is a model.
        task: The task that was called so.
        catalog: Where names are known.

    Raises:
        UsageProblem: If two tasks are named.
    """
    tasks = [name for name in names if name in catalog.tasks and name not in catalog.cards]
    if not tasks or own is not None:
        return (*names, *named), task
    if len({*tasks, *([task] if task else [])}) > 1:
        raise UsageProblem(
            f"{', '.join(dict.fromkeys([*tasks, *([task] if task else [])]))}: an answer is about one task",
            hint="hub recommend TASK --model MODEL",
        )
    return (*(name for name in names if name not in tasks), *named), tasks[0]


def recommend(
    choice: Choice, catalog: Catalog, home: Home, teller: Teller, limits: Limits = _NO_LIMITS
) -> Recommended | FirstGuess:
    """Answer by what is measured: a screening, and all evidence about the same data; else by the rule of thumb.

    Raises:
        ReportedError: If a name is unknown, or the data cannot be read.
    """
    try:
        weighed = weigh(choice, catalog, home, teller, limits=limits)
    except (NothingMeasured, TooFewSamples) as nothing:
        why = nothing.message + (f"; {nothing.hint}" if nothing.hint else "")
        task = choice.tasks[0] if choice.tasks else None
        return first_guess(choice.own, task, catalog, home.ready(), why=why)
    advice = weighed.advice
    rule = rule_of_thumb(advice.chosen.labels, domain_distance(advice.peers, margin=advice.margin))
    modality = _modality(choice, catalog)
    others = evidence_elsewhere(rule, modality, catalog, home, besides=advice.chosen.task)
    against = contradiction(rule, advice.peers, margin=advice.margin)
    history, _ = known_history(home, registry_address(os.environ, home))
    missing = unmeasured(advice)
    not_yet = tuple(
        Excluded(model, name, "not measured")
        for model in (missing.models if missing else ())
        for name in (missing.strategies if missing else ())
        if not advice.undecided
    )
    return Recommended(
        advice,
        rule,
        against,
        others,
        missing,
        front=pareto(advice.peers),
        excluded=(
            *exclusions(advice),
            *weighed.excluded,
            *not_yet,
            *(() if choice.models else left_out(modality, weighed.models, catalog, history)),
        ),
        unknown=weighed.unknown,
        prescreen=weighed.prescreen,
    )


def unmeasured(advice: Advice) -> Unmeasured | None:
    """Return what may change an advice: what led with fewer labels, else the heavier strategies nobody measured."""
    if advice.undecided:
        return Unmeasured(
            tuple(dict.fromkeys(option.candidate for option in advice.undecided)),
            tuple(dict.fromkeys(option.strategy for option in advice.undecided)),
            f"undecided with {count(advice.labels, 'label')}; this settles it",
        )
    models = [option.candidate for option in advice.options if not option.is_baseline]
    if not models:
        return None  # the limits leave floors alone: each transfer is excluded with its reason
    model = advice.chosen.candidate or models[0]
    measured = {option.strategy for option in advice.options if option.candidate == model}
    missing = tuple(name for name in _HEAVIER if name not in measured)
    return Unmeasured((model,), missing, "not measured yet; this counts them in") if missing else None


def advice_on(
    choice: Choice, catalog: Catalog, home: Home, teller: Teller, *, only: str | None = None
) -> Advice:
    """Screen models on data and return the advice, with all that is measured about the same data.

    Args:
        choice: Models (none: all that are approved for what the data are), data or task, and where to compute.
        catalog: Where the cards are.
        home: Where bytes, results and evidence are kept.
        teller: Who is told how it goes.
        only: Advise on this model alone, floors aside.

    Raises:
        NothingMeasured: If there is no model, or nothing could be measured.
        TooFewSamples: If the data are too few to be split.
    """
    return weigh(choice, catalog, home, teller, only=only).advice


def weigh(
    choice: Choice,
    catalog: Catalog,
    home: Home,
    teller: Teller,
    *,
    only: str | None = None,
    limits: Limits = _NO_LIMITS,
) -> Weighed:
    """Screen models on data and weigh all that is measured about the same data; arguments as of `advice_on`."""
    history, _ = known_history(home, registry_address(os.environ, home))
    modality, chosen = _modality(choice, catalog), choice.models
    if not chosen:
        with teller.transfers("fetching") as tell:
            chosen, missing = reachable(models_for(modality, catalog, history), catalog, home.ready(), tell)
        for sentence in missing:
            teller.warn(sentence)
    if not chosen:
        raise NothingMeasured(
            f"the catalog has no model for {modality} whose bytes are locked and can be reached",
            hint="hub list --all",
        )
    screened = measure(replace(choice, models=chosen), catalog, home, teller)
    facts = screened.evidence.findings.tasks[0]
    documents = [screened.evidence, *evidence_about(facts.digest, home, open_keyring(home.keys))]
    options = [
        option
        for option in options_of(documents, facts.digest)
        if (
            option.candidate == only and not option.is_baseline if only else option.candidate in {"", *chosen}
        )
    ]
    fitting, excluded = within(options, limits)
    advice = advise(fitting, margin=facts.margin, supply=supply_of(facts), or_floor=bool(excluded))
    if advice is None and excluded:
        raise NothingMeasured(
            "nothing that was measured is within the limits: "
            + "; ".join(f"{_arm(row)}: {row.reason}" for row in excluded[:3]),
            hint="raise --labels, --budget or --latency",
        )
    if advice is None:
        raise NothingMeasured(
            "nothing could be measured on these data", hint="label at least 4 samples of each class"
        )
    results = results_at(choice.results, home)
    looked = None if only else look_before(screened.prepared, results, options, limits.labels)
    return Weighed(advice, excluded, unknown(fitting, limits), looked, chosen)


def _arm(row: Excluded) -> str:
    return title(row.strategy) + (f" on {row.candidate}" if row.candidate else "")


def _modality(choice: Choice, catalog: Catalog) -> Modality:
    return choice.own.modality if choice.own else catalog.task(choice.tasks[0]).modality
