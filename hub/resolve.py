"""Which promotion a reference means. Authority is the signed record; an alias of the registry is only cross-checked.

Reads a reference, the history of the promotion log, the aliases that the registry shows now and the card's lifecycle;
returns the record that backs the pull, or says why there is none. Touches no disk, network or clock.

- `NAME` is the newest promotion under the policy's alias, wherever the alias itself points today.
- `NAME@alias` is what the alias points at, if a signed promotion backs it and no newer one says otherwise.
- `NAME:version` is the promotion of that version.
- What was withdrawn after its promotion is refused, however it is named.
- Where the log's end was altered, removed or signed by a stranger, only a version can be named: *now* is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluators.candidate import Reference
from evaluators.errors import GateRefused, IntegrityError, ReportedError
from evaluators.names import unknown_name
from hub.card import Lifecycle
from hub.promotion_log import History, Record, backing


@dataclass(frozen=True)
class Resolved:
    """The promotion that a reference means, and what a person should know about it."""

    record: Record
    warnings: tuple[str, ...] = ()


def resolve(
    reference: Reference,
    history: History,
    *,
    aliases: Mapping[str, int] | None,
    policy_alias: str,
    lifecycle: Lifecycle | None = None,
) -> Resolved:
    """Return the promotion that a reference means.

    Args:
        reference: What was asked for.
        history: The verified promotion log.
        aliases: The model's aliases in the registry now; None where they cannot be asked (offline).
        policy_alias: The alias that stands for "approved".
        lifecycle: Where the model's card stands, if a catalog is at hand.

    Raises:
        UsageProblem: If there is no such approved model or alias.
        GateRefused: If the version was withdrawn, the model is retired, or it was promoted under other aliases only.
        IntegrityError: If the alias points at what no signed promotion backs, or away from the newest one; or if the
            end of the log cannot be trusted, so that nobody can say here what is approved now.
    """
    promoted = [record for record in history.records if _promotes(record, reference.name)]
    if not promoted and reference.alias not in (aliases or {}):
        raise _unknown_model(reference.name, history)
    warnings = _doubt(reference, history, promoted)
    if reference.alias is not None:
        record = _by_alias(reference.name, reference.alias, promoted, aliases)
    elif reference.version is not None:
        record = backing(history, reference.name, reference.version)
    else:
        record = _newest(reference.name, promoted, policy_alias)
        warnings += _moved(record, aliases)
    refuse_withdrawn(record, history)
    return Resolved(record, warnings + _lifecycle(reference.name, lifecycle))


def lifecycle_notice(name: str, lifecycle: Lifecycle | None) -> tuple[str, ...]:
    """Return what a user of a model should know about where its card stands; () while it is active."""
    if lifecycle is None or lifecycle.state == "active":
        return ()
    since = f" since {lifecycle.since}" if lifecycle.since else ""
    until = f", retires on {lifecycle.retires}" if lifecycle.retires else ""
    return (f"{name} is {lifecycle.state}{since}{until}: {_instead(lifecycle)}",)


def withdrawal(record: Record, history: History) -> Record | None:
    """Return the record that withdrew this promotion (its version or its bytes) after it was made, or None."""
    for later in reversed(history.records):
        if later.sequence <= record.sequence:
            return None
        same = later.version == record.version or later.model_digest == record.model_digest
        if later.action == "withdraw" and later.model == record.model and same:
            return later
    return None


def refuse_withdrawn(record: Record, history: History) -> None:
    """Refuse a promotion that was withdrawn.

    Raises:
        GateRefused: If it was; the hint names what still stands.
    """
    withdrawn = withdrawal(record, history)
    if withdrawn is None:
        return
    standing = [
        other.version
        for other in history.records
        if _promotes(other, record.model) and withdrawal(other, history) is None
    ]
    raise GateRefused(
        f"{record.model} version {record.version} was withdrawn on {withdrawn.created[:10]} "
        f"by {withdrawn.approver}: {withdrawn.reason}",
        hint=f"version {standing[-1]} still stands: hub pull {record.model}:{standing[-1]}"
        if standing
        else f"no version of {record.model} is approved now; see `hub list`",
    )


def _promotes(record: Record, name: str) -> bool:
    return record.model == name and record.action == "promote"


def _newest(name: str, promoted: list[Record], alias: str) -> Record:
    for record in reversed(promoted):
        if record.alias == alias:
            return record
    last = promoted[-1]
    raise GateRefused(
        f"{name} is not {alias}: it was promoted as {last.alias} only (version {last.version})",
        hint=f"if that is what you want: hub pull {name}@{last.alias}",
    )


def doubt(history: History) -> tuple[str, ...]:
    """Return what a user should know of a log whose end cannot be trusted; () if it can."""
    if not history.doubtful:
        return ()
    return (
        f"the end of the promotion log cannot be trusted here ({history.problems[-1]}): a withdrawal may be missing",
    )


def _doubt(reference: Reference, history: History, promoted: list[Record]) -> tuple[str, ...]:
    """Refuse to say what is approved now where the newest records may be missing; a named version is only warned of."""
    if reference.version is not None or not history.doubtful:
        return doubt(history)
    name = reference.name
    last = (
        f"; the last promotion that counts here: hub pull {name}:{promoted[-1].version}" if promoted else ""
    )
    raise IntegrityError(
        f"what is approved as {name} now cannot be told: the end of the promotion log cannot be trusted here "
        f"({history.problems[-1]})",
        hint=f"if it is a new approver's record, add their public key: hub trust add KEY{last}",
    )


def _by_alias(name: str, alias: str, promoted: list[Record], aliases: Mapping[str, int] | None) -> Record:
    """Return the promotion behind an alias: the live one where it can be asked, else the newest record's."""
    newest = next((record for record in reversed(promoted) if record.alias == alias), None)
    if aliases is None or alias not in aliases:
        if newest is None:
            raise unknown_name(
                f"alias of {name}", alias, {*(aliases or {}), *(record.alias for record in promoted)}
            )
        if aliases is not None:
            raise _alias_lost(newest)
        return newest
    version = aliases[alias]
    backed = next((record for record in reversed(promoted) if record.version == version), None)
    if backed is None:
        raise IntegrityError(
            f"alias {alias} of {name} points at version {version}, which no signed promotion backs",
            hint=_last_valid(promoted),
        )
    if newest is not None and newest.version != version:
        raise IntegrityError(
            f"alias {alias} of {name} points at version {version}, but the newest signed promotion is version "
            f"{newest.version} ({newest.approver}, {newest.created[:10]}): the alias was moved by hand",
            hint=f"hub pull {name} takes version {newest.version}, hub pull {name}:{version} the other; "
            "`hub sync` puts the alias back",
        )
    return backed


def _alias_lost(newest: Record) -> IntegrityError:
    return IntegrityError(
        f"alias {newest.alias} of {newest.model} is gone from the registry; "
        f"the newest signed promotion is version {newest.version}",
        hint=f"hub pull {newest.model} takes that version; `hub sync` puts the alias back",
    )


def _last_valid(promoted: list[Record]) -> str:
    if not promoted:
        return "no version of it was ever promoted; the alias was set by hand"
    last = promoted[-1]
    return (
        f"the last version that one backs is {last.version} ({last.approver}, {last.created[:10]}): "
        f"hub pull {last.model}:{last.version}; `hub sync` puts the alias back"
    )


def _moved(record: Record, aliases: Mapping[str, int] | None) -> tuple[str, ...]:
    """Say where the registry's alias disagrees with the record that is used instead of it."""
    if aliases is None or aliases.get(record.alias) == record.version:
        return ()
    shown = aliases.get(record.alias)
    where = f"points at version {shown}" if shown is not None else "is missing in the registry"
    return (
        f"alias {record.alias} of {record.model} {where}; the newest signed promotion, version {record.version}, "
        "is what counts (`hub sync` puts the alias back)",
    )


def _lifecycle(name: str, lifecycle: Lifecycle | None) -> tuple[str, ...]:
    """Turn the card's state into a warning or a refusal."""
    notice = lifecycle_notice(name, lifecycle)
    if lifecycle is None or lifecycle.state in ("active", "deprecated"):
        return notice
    raise GateRefused(f"{name} is {lifecycle.state}: its card allows no new pull", hint=_instead(lifecycle))


def _instead(lifecycle: Lifecycle) -> str:
    replacement = lifecycle.replacement
    return f"use {replacement} instead" if replacement else "see `hub list` for what is active"


def _unknown_model(name: str, history: History) -> ReportedError:
    known = {record.model for record in history.records if record.action == "promote"}
    if not history.problems:
        return unknown_name("approved model", name, known)
    # A record that this machine cannot trust may well be the one that was meant: that is not a misspelt name.
    return IntegrityError(
        f"no promotion of {name} that this machine can trust; {len(history.problems)} of the log's entries do not "
        f"count, the last: {history.problems[-1]}",
        hint="ask an approver for their public key (`hub trust show`) and add it here: hub trust add KEY",
    )
