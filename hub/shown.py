"""What the registry should show of the catalog and the promotion log, and how that differs from what it shows now.

In: cards, locks and the verified history; a snapshot of the registry. Out: changes, each a frozen value that says what
it does and undoes. Pure: touches no disk, network or clock. Invariants: only models that carry our tag are ever
changed; only approved models stand in the list of models; an alias is set after everything that explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hub.adapted.description import BASE_TAG, adapted_tags, describe_adapted
from hub.adapted.history import base_withdrawal
from hub.card import Card
from hub.describe import describe_model, model_tags, version_description
from hub.lock import Lock
from hub.promotion_log import History, Record
from hub.registry.mlflow_log import LENGTH_TAG
from hub.registry.registry import LOG_NAME, OWNED, RESERVED, ModelVersion, RegisteredModel

DIGEST_TAG = "hub.digest"
SEQUENCE_TAG = "hub.sequence"

#: Of a version that no record backs: made by hand, or by a promotion that did not come to its end.
UNBACKED = "not approved: no signed record backs this version"

_MAX_TAG = 5000

Verb = Literal["delete alias", "describe", "tag", "untag", "list", "unlist", "set alias"]


@dataclass(frozen=True)
class Change:
    """One write.

    Attributes:
        verb: What to do.
        model: Registered model.
        version: Version it is about, if not the model itself; of an alias, where it shall point.
        key: Tag or alias.
        before: What is there now; None if nothing is.
        after: What shall be there; None if nothing shall.
    """

    verb: Verb
    model: str
    version: int | None = None
    key: str = ""
    before: str | None = None
    after: str | None = None

    @property
    def sentence(self) -> str:
        """The change for people, in one line."""
        what = (
            f"{self.model} version {self.version}"
            if self.version and "alias" not in self.verb
            else self.model
        )
        if self.verb in ("list", "unlist"):
            return f"{what}: {'show in' if self.verb == 'list' else 'take out of'} the list of models"
        subject = {"describe": "description", "tag": f"tag {self.key}", "untag": f"tag {self.key}"}
        before, after = _brief(self.before), _brief(self.after)
        # Both are cut for one line; what differs may stand behind the cut.
        written = "rewritten" if before == after else f"{before} -> {after}"
        return f"{what}: {subject.get(self.verb, f'alias {self.key}')}: {written}"


@dataclass(frozen=True)
class ShownVersion:
    """A version as it should be shown."""

    description: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ShownModel:
    """A model as it should be shown.

    Attributes:
        description: None leaves it: the catalog at hand has no card for it.
        tags: In the order in which they are set. None leaves them.
        listed: Whether it stands in the list of models.
        aliases: All of them, and where they point.
        versions: Those that a record backs.
    """

    description: str | None
    tags: Mapping[str, str] | None
    listed: bool
    aliases: Mapping[str, int]
    versions: Mapping[int, ShownVersion]


@dataclass(frozen=True)
class Desired:
    """What the registry should show, and what the catalog and the log do not agree on."""

    models: Mapping[str, ShownModel]
    log_length: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Live:
    """What the registry shows: our models, their versions, and the names of ours that others have taken."""

    models: Mapping[str, RegisteredModel]
    versions: Mapping[str, Sequence[ModelVersion]]
    foreign: frozenset[str] = field(default_factory=frozenset)


def desired(cards: Mapping[str, Card], locks: Mapping[str, Lock], history: History) -> Desired:
    """Return what the registry should show.

    Args:
        cards: Cards by id.
        locks: Locks by the id of their card.
        history: The verified promotion log.
    """
    problems = list(history.problems)
    models = {}
    for name in sorted({record.model for record in history.records}):
        card, lock = cards.get(name), locks.get(name)
        records = [record for record in history.records if record.model == name]
        if records[-1].adapted is not None:
            models[name] = _shown_adapted(records, history)
            continue
        if card is None or lock is None:
            problems.append(
                f"{name} is in the promotion log, but has no locked card in this catalog: left as described"
            )
        models[name] = _shown(card, lock, records)
    return Desired(models, history.next_number - 1, tuple(problems))


def difference(live: Live, wanted: Desired) -> tuple[Change, ...]:
    """Return the writes that make the registry show what is wanted, in the order in which they are to be made."""
    changes = [change for name in sorted(live.models) for change in _model_changes(name, live, wanted)]
    changes += _log_changes(live, wanted)
    order: dict[Verb, int] = {"delete alias": 0, "unlist": 1, "set alias": 3}
    return tuple(sorted(changes, key=lambda change: order.get(change.verb, 2)))


def missing(live: Live, wanted: Desired) -> tuple[str, ...]:
    """Say what is approved, but cannot be shown."""
    found = []
    for name, model in wanted.models.items():
        if name in live.foreign:
            found.append(f"{name}: a registered model of that name is not the hub's; it is left alone")
        elif name not in live.models:
            found.append(f"{name}: its registered model was deleted; promote it again")
        else:
            numbers = {version.number for version in live.versions.get(name, ())}
            lost = sorted(set(model.aliases.values()) - numbers)
            found += [f"{name}: version {number} was deleted; promote it again" for number in lost]
    return tuple(found)


def _shown(card: Card | None, lock: Lock | None, records: Sequence[Record]) -> ShownModel:
    newest = records[-1]
    retired = card is not None and card.lifecycle.state == "retired"
    standing = newest.action == "promote" and not retired
    described = card is not None and lock is not None
    return ShownModel(
        description=describe_model(card, lock, newest) if card and lock else None,
        tags={**_fitting(model_tags(card, newest)), OWNED: "true"} if card and described else None,
        listed=standing,
        aliases=_aliases(records) if standing else {},
        versions={record.version: _shown_version(record) for record in records},
    )


def _shown_adapted(records: Sequence[Record], history: History) -> ShownModel:
    """Show an adapted model: its record says all, and it stands while its base does."""
    newest = records[-1]
    adapted = newest.adapted
    assert adapted is not None
    base_stands = base_withdrawal(newest, history) is None
    standing = newest.action == "promote" and base_stands
    tags = _fitting(adapted_tags(newest, adapted, base_stands=base_stands))
    return ShownModel(
        description=describe_adapted(newest, adapted, base_stands=base_stands),
        tags={**tags, OWNED: "true"},
        listed=standing,
        aliases=_aliases(records) if standing else {},
        versions={record.version: _shown_version(record) for record in records},
    )


def _aliases(records: Sequence[Record]) -> dict[str, int]:
    """Return where each alias points: the newest promotion under it whose version was not withdrawn since."""
    aliases: dict[str, int] = {}
    for record in records:
        if record.action == "promote":
            aliases[record.alias] = record.version
        else:
            aliases = {alias: number for alias, number in aliases.items() if number != record.version}
    return aliases


def _shown_version(record: Record) -> ShownVersion:
    tags = {DIGEST_TAG: record.model_digest, SEQUENCE_TAG: str(record.sequence)}
    if record.adapted is not None:
        tags[BASE_TAG] = record.adapted.lineage
    return ShownVersion(version_description(record), tags)


def _fitting(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value[:_MAX_TAG] for key, value in tags.items()}


def _model_changes(name: str, live: Live, wanted: Desired) -> Iterator[Change]:
    model, versions = live.models[name], live.versions.get(name, ())
    if name in RESERVED or model.tags.get(OWNED) != "true":
        return
    shown = wanted.models.get(name) or ShownModel(None, None, listed=False, aliases={}, versions={})
    numbers = {version.number for version in versions}
    for alias in sorted(set(model.aliases) - set(shown.aliases)):
        yield Change("delete alias", name, key=alias, before=f"version {model.aliases[alias]}")
    if model.listed and not shown.listed:
        yield Change("unlist", name)
    if shown.description is not None and shown.description != model.description:
        yield Change("describe", name, before=model.description, after=shown.description)
    if shown.tags is not None:
        yield from _tag_changes(name, None, model.tags, shown.tags)
        for key in sorted(set(model.tags) - set(shown.tags)):
            if not key.startswith(("mlflow.", "_mlflow")):
                yield Change("untag", name, key=key, before=model.tags[key])
    for version in versions:
        yield from _version_changes(version, shown.versions.get(version.number))
    if shown.listed and not model.listed:
        yield Change("list", name)
    for alias, number in shown.aliases.items():
        if model.aliases.get(alias) != number and number in numbers:
            before = model.aliases.get(alias)
            yield Change(
                "set alias", name, number, alias, f"version {before}" if before else None, f"version {number}"
            )


def _version_changes(version: ModelVersion, shown: ShownVersion | None) -> Iterator[Change]:
    expected = shown or ShownVersion(UNBACKED, {})
    if version.description != expected.description:
        yield Change("describe", version.name, version.number, "", version.description, expected.description)
    yield from _tag_changes(version.name, version.number, version.tags, expected.tags)


def _tag_changes(
    name: str, number: int | None, now: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[Change]:
    for key, value in tags.items():
        if now.get(key) != value:
            yield Change("tag", name, number, key, now.get(key), value)


def _log_changes(live: Live, wanted: Desired) -> Iterator[Change]:
    """Note how far the log has grown, so that it shows if its end is cut off."""
    log = live.models.get(LOG_NAME)
    if log is None or not wanted.log_length:
        return
    known = log.tags.get(LENGTH_TAG, "")
    # Never lowered: somebody else may have appended since the log was read.
    if not known.isdecimal() or int(known) < wanted.log_length:
        yield Change("tag", LOG_NAME, None, LENGTH_TAG, known or None, str(wanted.log_length))


def _brief(text: str | None) -> str:
    if text is None:
        return "none"
    line = text.strip().partition("\n")[0]
    return f'"{line[:47]}..."' if len(line) > 50 else f'"{line}"'
