"""Which model, adapted how, for these data: a screening on shared features, with all evidence about the same data.

In: a choice of data or task. Out: a `Recommended`. The commands and the notebook call the same functions.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace

from evaluators.advice.choice import Advice, advise
from evaluators.advice.domain_distance import domain_distance
from evaluators.advice.option import Option, options_of
from evaluators.advice.rule_of_thumb import Elsewhere, RuleOfThumb, contradiction, rule_of_thumb
from evaluators.advice.supply import supply_of
from evaluators.candidate import Modality
from evaluators.data.roles import TooFewSamples
from evaluators.errors import UsageProblem
from evaluators.personal_task import OwnData
from evaluators.wording import count
from hub.catalog import Catalog
from hub.evaluating import Choice, measure
from hub.evidence_at_hand import SCREEN, evidence_about, models_for, reachable
from hub.first_guess import FirstGuess, NothingMeasured, evidence_elsewhere, first_guess
from hub.home import Home
from hub.log_cache import known_history
from hub.registry.address import registry_address
from hub.signing import open_keyring
from hub.teller import Teller

#: Strategies that a screening does not measure, lightest first.
_HEAVIER = ("lora", "full-finetune")


@dataclass(frozen=True)
class Unmeasured:
    """Heavier strategies that may change an answer.

    Attributes:
        models: On which models.
        strategies: Which, lightest first.
        why: Why they may, for people.
    """

    models: tuple[str, ...]
    strategies: tuple[str, ...]
    why: str


@dataclass(frozen=True, eq=False)
class Recommended:
    """An answer to "what shall I use?".

    Attributes:
        advice: The measured answer.
        rule: What people do before anything is measured.
        against: Where the measurements contradict that rule; None if they do not.
        elsewhere: What evidence about other tasks of this modality says of it.
        unmeasured: What to measure next: it may change the answer. None where nothing would.
    """

    advice: Advice
    rule: RuleOfThumb
    against: str | None
    elsewhere: tuple[Elsewhere, ...]
    unmeasured: Unmeasured | None

    @property
    def thumb(self) -> str:
        """The rule of thumb, and what our evidence says against it."""
        contradicted = [row.sentence for row in self.elsewhere if row.against]
        return " ".join([self.rule.sentence, *([self.against] if self.against else []), *contradicted])

    @property
    def value(self) -> dict[str, object]:
        """The answer as plain values."""
        chosen = self.advice.chosen
        return {
            "measured": True,
            "model": chosen.candidate or None,
            "strategy": chosen.strategy,
            "sentence": self.advice.sentence,
            "rule_of_thumb": {
                "strategy": self.rule.close,
                "far": self.rule.far,
                "contradicted": self.against,
            },
            "elsewhere": [row.value for row in self.elsewhere],
            "more_labels": asdict(self.advice.more) if self.advice.more else None,
            "undecided": [_value(option) for option in self.advice.undecided],
            "options": [_value(option) for option in self.advice.options],
            "smaller_sizes": [_value(option) for option in self.advice.earlier],
        }


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


def recommend(choice: Choice, catalog: Catalog, home: Home, teller: Teller) -> Recommended | FirstGuess:
    """Answer by what is measured: a screening, and all evidence about the same data; else by the rule of thumb.

    Raises:
        ReportedError: If a name is unknown, or the data cannot be read.
    """
    try:
        advice = advice_on(choice, catalog, home, teller)
    except (NothingMeasured, TooFewSamples) as nothing:
        why = nothing.message + (f"; {nothing.hint}" if nothing.hint else "")
        task = choice.tasks[0] if choice.tasks else None
        return first_guess(choice.own, task, catalog, home.ready(), why=why)
    rule = rule_of_thumb(advice.chosen.labels, domain_distance(advice.peers, margin=advice.margin))
    others = evidence_elsewhere(rule, _modality(choice, catalog), catalog, home, besides=advice.chosen.task)
    against = contradiction(rule, advice.peers, margin=advice.margin)
    return Recommended(advice, rule, against, others, unmeasured(advice))


def unmeasured(advice: Advice) -> Unmeasured | None:
    """Return what may change an advice: what led with fewer labels, else the heavier strategies nobody measured."""
    if advice.undecided:
        return Unmeasured(
            tuple(dict.fromkeys(option.candidate for option in advice.undecided)),
            tuple(dict.fromkeys(option.strategy for option in advice.undecided)),
            f"undecided with {count(advice.labels, 'label')}; this settles it",
        )
    models = [option.candidate for option in advice.options if not option.is_baseline]
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
    advice = advise(options, margin=facts.margin, supply=supply_of(facts))
    if advice is None:
        raise NothingMeasured(
            "nothing could be measured on these data", hint="label at least 4 samples of each class"
        )
    return advice


def _modality(choice: Choice, catalog: Catalog) -> Modality:
    return choice.own.modality if choice.own else catalog.task(choice.tasks[0]).modality


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
