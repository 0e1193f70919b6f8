"""Makes the registry show the catalog and the promotion log, and publishes the catalog for those who have no checkout.

In: the catalog, the verified history, a registry. Out: what was changed, and what does not agree. Idempotent: a second
run writes nothing. The decisions are in `hub.shown`; here is only reading and writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from evaluators.errors import IntegrityError
from hub.catalog import Catalog
from hub.promotion_log import Entry, read_history
from hub.published_catalog import publication, publish
from hub.registry.mlflow_log import RegistryLog
from hub.registry.registry import LOG_NAME, OWNED, RESERVED, Registry
from hub.shown import Change, Desired, Live, desired, difference, missing
from hub.signing import KeyRing, Signer

Tell = Callable[[str], None]
"""Called with a sentence about what was just done."""


@dataclass(frozen=True)
class Synced:
    """What a sync did, or would do.

    Attributes:
        changes: Writes, in the order in which they are made.
        published: Whether the catalog was (or would be) published anew.
        problems: What does not agree and is left as it is.
        applied: False for a plan.
    """

    changes: tuple[Change, ...]
    published: bool
    problems: tuple[str, ...]
    applied: bool

    @property
    def in_step(self) -> bool:
        """Whether there was nothing to do."""
        return not self.changes and not self.published


def sync(
    catalog: Catalog,
    registry: Registry,
    *,
    keys: KeyRing,
    signer: Signer,
    plan_only: bool = False,
    tell: Tell | None = None,
) -> Synced:
    """Make the registry show the catalog and the log.

    Args:
        catalog: What is wanted.
        registry: What is changed.
        keys: Whose records and publications count.
        signer: Signs the published catalog.
        plan_only: Change nothing, return the changes.
        tell: Called with each change as it is made.

    Raises:
        IntegrityError: If the log has records by approvers whose keys are not trusted here, or the registry does not
            show what was just written.
        EnvironmentProblem: If it cannot be reached or refuses.
    """
    entries = RegistryLog(registry).entries()
    _require_readable(entries)
    if not plan_only:
        _require_keys(entries, keys)
    wanted = desired(catalog.cards, catalog.locks, read_history(entries, keys))
    live = snapshot(registry, wanted)
    changes, problems = difference(live, wanted), (*wanted.problems, *missing(live, wanted))
    published = publication(registry, catalog, keys)
    if plan_only:
        return Synced(changes, published is not None, problems, applied=False)
    apply(changes, registry, tell or _silent)
    if published is not None:
        publish(registry, published, signer)
        (tell or _silent)("published the catalog")
    _confirm(registry, wanted)
    return Synced(changes, published is not None, problems, applied=True)


def show(name: str, wanted: Desired, registry: Registry) -> tuple[Change, ...]:
    """Make the registry show one model and the log as wanted; the alias is set last."""
    changes = difference(snapshot(registry, wanted, only={name, LOG_NAME}), wanted)
    apply(changes, registry, _silent)
    return changes


def snapshot(registry: Registry, wanted: Desired, *, only: Iterable[str] | None = None) -> Live:
    """Read what the registry shows of our models, and which of our names are taken by others."""
    chosen = None if only is None else frozenset(only)
    if chosen is None:
        found = list(registry.models())
    else:
        found = [model for name in sorted(chosen) if (model := registry.model(name)) is not None]
    models = {model.name: model for model in found if model.tags.get(OWNED) == "true"}
    versions = {name: registry.versions(name) for name in models if name not in RESERVED}
    asked = [name for name in wanted.models if name not in models and (chosen is None or name in chosen)]
    return Live(models, versions, frozenset(name for name in asked if registry.model(name) is not None))


def apply(changes: Iterable[Change], registry: Registry, tell: Tell) -> None:
    """Make the writes, in order."""
    for change in changes:
        _write(change, registry)
        tell(change.sentence)


def _confirm(registry: Registry, wanted: Desired) -> None:
    """Read again, and see that nothing is left to write.

    Raises:
        IntegrityError: If something is.
    """
    left = difference(snapshot(registry, wanted), wanted)
    if left:
        raise IntegrityError(
            f"the registry at {registry.uri} does not keep what is written to it: {left[0].sentence}",
            hint="somebody else writes to it at the same time; run `hub sync` again",
        )


def _require_readable(entries: Iterable[Entry]) -> None:
    """Refuse to judge a log that this version cannot read: what another version approved would be taken down.

    Raises:
        IntegrityError: If there is a record of another version.
    """
    others = [entry.number for entry in entries if entry.other_version]
    if others:
        raise IntegrityError(
            f"record {others[0]} of the promotion log cannot be read: another version of this program wrote it, or it "
            "was altered",
            hint="nothing was changed; use the version of basehub that the others use; hub history --refresh shows all",
        )


def _require_keys(entries: Iterable[Entry], keys: KeyRing) -> None:
    """Refuse to judge approvals by people whose keys are not at hand: taking them down would be worse than not syncing.

    Raises:
        IntegrityError: If there are any.
    """
    signatures = [entry.record.signature for entry in entries if entry.record and entry.record.signature]
    unknown = sorted({signature.key_id for signature in signatures} - set(keys.keys))
    if unknown:
        raise IntegrityError(
            f"the promotion log has records by keys that this machine does not trust: {', '.join(unknown)}",
            hint="nothing was changed; ask these approvers for their line (hub trust show): hub trust add LINE",
        )


def _write(change: Change, registry: Registry) -> None:
    name, number, text = change.model, change.version, change.after or ""
    match change.verb:
        case "describe" if number is not None:
            registry.describe_version(name, number, text)
        case "describe":
            registry.describe_model(name, text)
        case "tag" if number is not None:
            registry.set_version_tag(name, number, change.key, text)
        case "tag":
            registry.set_model_tag(name, change.key, text)
        case "untag":
            registry.delete_model_tag(name, change.key)
        case "list" | "unlist":
            registry.list_model(name, listed=change.verb == "list")
        case "delete alias":
            registry.delete_alias(name, change.key)
        case "set alias":
            assert number is not None
            registry.set_alias(name, change.key, number)


def _silent(_sentence: str) -> None:
    """Take a sentence and tell nobody."""
