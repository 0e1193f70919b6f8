"""What there is: the models of a catalog with what each is approved for, and one thing of it in facts. Pure.

In: a catalog and the promotion log as last read. Out: `ListedModel`s and `Facts`, for the commands and the notebook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluators.candidate import Modality
from evaluators.errors import UsageProblem
from evaluators.names import nearest, unknown_name
from evaluators.strategy import STRATEGIES, Strategy
from hub.adapted.listing import adapted_facts, adapted_named
from hub.card import Card
from hub.catalog import Catalog
from hub.glossary import meaning
from hub.promotion_log import ApprovedTask, History, Record, latest
from hub.selection import KINDS, Selection

if TYPE_CHECKING:
    from evaluators.task import Task


@dataclass(frozen=True)
class ListedModel:
    """A model of the catalog.

    Attributes:
        model: Its id.
        status: approved, not approved, proposed, deprecated or retired.
        state: The lifecycle state of its card.
        approved_for: Tasks that it is approved for, with strategy and score.
        modality: What it reads.
        parameters: How many; None if nobody knows yet.
        licence: SPDX id.
    """

    model: str
    status: str
    state: str
    approved_for: tuple[ApprovedTask, ...]
    modality: Modality
    parameters: int | None
    licence: str

    @property
    def best(self) -> str:
        """What it is approved for, in a line."""
        return ", ".join(f"{row.task} ({row.strategy} {100 * row.value:.1f})" for row in self.approved_for)

    @property
    def size(self) -> str:
        """Its parameters in short: 22.7M."""
        if self.parameters is None:
            return "?"
        for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
            if self.parameters >= size:
                return f"{self.parameters / size:.1f}{unit}"
        return str(self.parameters)

    @property
    def value(self) -> dict[str, Any]:
        """The model as plain values."""
        return {
            "model": self.model,
            "status": self.status,
            "state": self.state,
            "approved_for": [row.model_dump(mode="json") for row in self.approved_for],
            "modality": self.modality,
            "parameters": self.parameters,
            "parameters_short": self.size,
            "licence": self.licence,
        }


@dataclass(frozen=True)
class Listing:
    """Models that fit a selection.

    Attributes:
        models: Approved ones first, then by name.
        fitting: How many fit, with proposed ones.
        hidden: How many of them are proposed and left out.
        known: How many the catalog has.
    """

    models: tuple[ListedModel, ...]
    fitting: int
    hidden: int
    known: int


def listing(catalog: Catalog, history: History, selection: Selection, *, everything: bool) -> Listing:
    """Return the models that are what somebody asks for; proposed ones only with `everything`."""
    chosen = [name for name, card in catalog.cards.items() if selection.fits(card, catalog.locks.get(name))]
    rows = sorted((_listed(catalog, history, name) for name in chosen), key=_order)
    shown = tuple(row for row in rows if everything or row.state != "proposed" or row.approved_for)
    return Listing(shown, len(rows), len(rows) - len(shown), len(catalog.cards))


def modality_of(kind: str | None, catalog: Catalog) -> Modality | None:
    """Return what a kind of task, or a task of the catalog, reads; None for None.

    Raises:
        UsageProblem: If it is neither.
    """
    if kind is None:
        return None
    if kind in KINDS:
        return KINDS[kind]
    if kind in catalog.tasks:
        return catalog.tasks[kind].modality
    raise unknown_name("task", kind, (*KINDS, *catalog.tasks))


@dataclass(frozen=True, eq=False)
class Facts:
    """One model, task, strategy, protocol, policy or word of the glossary.

    Attributes:
        name: Its name.
        facts: Name and text of each fact, for people.
        value: All of it, as plain values.
    """

    name: str
    facts: tuple[tuple[str, str], ...]
    value: dict[str, Any]


def facts_of(name: str, catalog: Catalog, history: History) -> Facts:
    """Return what is known of a name.

    Raises:
        UsageProblem: If nothing is called so, with the nearest names.
    """
    if name in catalog.cards:
        return _model_facts(name, catalog, history)
    strategies = {row.id: row for row in STRATEGIES}
    if name in strategies:
        return _strategy_facts(strategies[name])
    adapted = adapted_named(history, name)
    if adapted is not None:
        facts = tuple(adapted_facts(adapted, history))
        return Facts(name, facts, {"record": adapted.model_dump(mode="json")})
    explained = meaning(name)
    if explained is not None:
        return Facts(name, (("word", name), ("means", explained)), {"word": name, "means": explained})
    if name in catalog.tasks:
        return _task_facts(catalog.tasks[name])
    document = catalog.protocols.get(name) or catalog.policies.get(name)
    if document is None:
        known = [*catalog.cards, *catalog.tasks, *strategies, *catalog.protocols, *catalog.policies]
        close = nearest(name, known)
        raise UsageProblem(
            f"nothing is called {name!r}",
            hint=f"did you mean {' or '.join(close)}?" if close else "see `hub list --all`",
        )
    value = document.model_dump(mode="json", by_alias=True)
    pairs = tuple((key, _plain(item)) for key, item in value.items() if item not in (None, [], {}))
    return Facts(name, pairs, value)


def _model_facts(name: str, catalog: Catalog, history: History) -> Facts:
    card, lock = catalog.card(name), catalog.locks.get(name)
    record = latest(history, name)
    parameters = lock.structure.parameters if lock else card.parameters
    facts = (
        ("model", f"{card.id}: {card.title}"),
        ("summary", card.summary),
        ("status", _status(card.lifecycle.state, record, locked=lock is not None)),
        *(("approved for", f"{t.task}: {t.strategy}, {t.score}") for t in (record.tasks if record else ())),
        *(("rests on", f"{t.task}: {w.words}") for t in (record.tasks if record else ()) for w in t.waivers),
        ("parameters", f"{parameters:,}" if parameters else "not locked yet"),
        ("licence", f"{card.licence.spdx} ({card.licence.use})"),
        ("pre-training", f"{card.pretraining.text} ({card.pretraining.source})"),
        *_lineage(card),
        ("intended use", card.intended_use),
        *(("limit", text) for text in card.limits),
        *(("saw", f"{item.task}: {item.reason}") for item in card.contamination),
        ("owner", card.owner),
        ("digest", lock.digest if lock else f"not locked: hub catalog lock {name}"),
        ("next", f"hub pull {name}" if record else f"hub evaluate {name} --task TASK"),
    )
    value = {
        "card": card.model_dump(mode="json", by_alias=True),
        "lock": lock.model_dump(mode="json", by_alias=True) if lock else None,
        "digest": lock.digest if lock else None,
        "record": record.model_dump(mode="json") if record else None,
    }
    return Facts(name, facts, value)


def _lineage(card: Card) -> list[tuple[str, str]]:
    """Return what the card says of the model's making; not what was checked."""
    lineage = card.lineage
    if lineage is None:
        return []
    facts = (
        [("made from", f"{lineage.base} ({lineage.relation or 'as its run says'})")] if lineage.base else []
    )
    if lineage.run:
        where = f" on {lineage.server}" if lineage.server else ""
        facts.append(
            ("made by", f"run {lineage.run} of {lineage.experiment}, {lineage.user or 'nobody named'}{where}")
        )
    if lineage.commit:
        facts.append(("code", f"commit {lineage.commit}"))
    return facts


def _task_facts(task: Task) -> Facts:
    splits = {"train": task.splits.train, "validation": task.splits.validation, "test": task.splits.test}
    facts = (
        ("task", f"{task.id}: {task.title}"),
        ("description", task.description),
        ("reads", task.modality),
        ("measured by", f"{task.metric}; differences below {100 * task.margin:g} points do not matter"),
        *(
            (role, part.file or f"{100 * (part.fraction or 0):g} % carved from {part.carve}")
            for role, part in splits.items()
        ),
        *(("also under", f"{shift.id}: {shift.transform or shift.file}") for shift in task.shifted),
        *(("also under", f"{family}, severity 1 to 5") for family in task.corruptions),
        ("sensitivity", task.sensitivity),
        ("licence", task.licence),
        ("owner", task.owner),
        ("data", f"{task.digest[:12]}, {sum(file.size for file in task.files.values()) / 1e6:.1f} MB"),
        ("next", f"hub plan MODEL --task {task.id}"),
    )
    return Facts(task.id, facts, task.model_dump(mode="json", by_alias=True))


def _strategy_facts(row: Strategy) -> Facts:
    facts = (
        ("strategy", f"{row.title} ({row.tier.value})"),
        ("trains", row.trains),
        ("wins", row.wins),
        ("defaults", _settings(row.defaults) or "none"),
        *((f"for {modality}s", _settings(found)) for modality, found in row.defaults_by_modality.items()),
        ("source", row.source),
    )
    return Facts(row.id, facts, dict(facts))


def _settings(values: Any) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _listed(catalog: Catalog, history: History, name: str) -> ListedModel:
    card, lock, record = catalog.cards[name], catalog.locks.get(name), latest(history, name)
    return ListedModel(
        model=name,
        status=_status(card.lifecycle.state, record, locked=lock is not None),
        state=card.lifecycle.state,
        approved_for=record.tasks if record else (),
        modality=card.modality,
        parameters=lock.structure.parameters if lock else card.parameters,
        licence=card.licence.spdx,
    )


def _order(row: ListedModel) -> tuple[bool, bool, str]:
    return (row.status != "approved", row.state == "proposed", row.model)


def _status(state: str, record: Record | None, *, locked: bool) -> str:
    if state in {"deprecated", "retired"}:
        return state
    if record is not None:
        return "approved"
    return "not approved" if state == "active" and locked else "proposed"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return str(value)
