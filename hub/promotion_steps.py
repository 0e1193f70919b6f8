"""What promoting a base and promoting an adapted model have in common: the log, the name, the version, reading back.

Each step is whole or did not happen; running them again after a kill ends in the same state and writes nothing twice.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.canonical import digest_of_file
from evaluators.errors import Conflict, IntegrityError
from hub.promotion_log import History, PromotionLog, Record, read_history
from hub.registry.registry import OWNED, ModelVersion, NewVersion, Registry
from hub.shown import DIGEST_TAG, UNBACKED
from hub.signing import KeyRing, Signer
from hub.sync import Tell


@dataclass(frozen=True)
class VersionPlan:
    """A version that a promotion needs.

    Attributes:
        name: Registered model.
        digest: Identity of the bytes.
        size: Bytes in all, for people.
        build: Fills a folder with the version's artifacts.
        description: Of the registered model, if it has to be made.
        tags: Of the registered model, if it has to be made.
    """

    name: str
    digest: str
    size: int
    build: Callable[[Path], Path]
    description: str
    tags: Mapping[str, str]


def check_log(history: History, signer: Signer, keys: KeyRing, *, despite_doubt: bool) -> None:
    """Refuse before anything is written what could not be finished.

    Raises:
        IntegrityError: If the signer is not trusted here, or the end of the log is damaged.
    """
    if signer.public.id not in keys.keys:
        raise IntegrityError(
            f"{signer.owner} would sign with {signer.public.id}, a key that this machine does not trust",
            hint="this machine must trust its own key: hub trust show",
        )
    if history.doubtful and not despite_doubt:
        raise IntegrityError(
            f"the end of the promotion log is damaged: {history.problems[-1]}",
            hint="use the version of basehub that the others use, trust the key of whoever made that entry (hub trust "
            "add), or restore it; `hub history` shows all; only if that entry is lost for good: --despite-doubt",
        )


def check_name(name: str, registry: Registry, *, hint: str) -> None:
    """Refuse a name that a registered model of somebody else has.

    Raises:
        Conflict: If one has.
    """
    model = registry.model(name)
    if model is not None and model.tags.get(OWNED) != "true":
        raise Conflict(f"{registry.uri} has a registered model {name} that is not the hub's", hint=hint)


def version_around(plan: VersionPlan, registry: Registry, tell: Tell) -> ModelVersion:
    """Return a version around the exact bytes: one that is there and whole, or a new one."""
    with tempfile.TemporaryDirectory(prefix="hub-version-") as folder:
        built = plan.build(Path(folder))
        for version in registry.versions(plan.name):
            if version.tags.get(DIGEST_TAG) == plan.digest and _is_whole(registry, version, built):
                tell(f"version {version.number} has these bytes already")
                return version
        if registry.model(plan.name) is None:
            tags = {**plan.tags, OWNED: "true"}
            # Not listed until a record stands: nothing is half visible.
            registry.create_model(plan.name, description=plan.description, tags=tags, listed=False)
        tell(f"uploading {plan.size / 2**20:,.1f} MiB to {registry.uri}")
        return registry.create_version(NewVersion(plan.name, built, {DIGEST_TAG: plan.digest}, UNBACKED))


def read_back(record: Record, log: PromotionLog, keys: KeyRing) -> History:
    """Return the history with the new record in it.

    Raises:
        IntegrityError: If it is not.
    """
    history = read_history(log.entries(), keys)
    if record not in history.records:
        raise IntegrityError(
            f"record {record.sequence} is not in the log that was read back",
            hint="the registry lost it, or somebody changed it at once; look at `hub history`, then try again",
        )
    return history


def _is_whole(registry: Registry, version: ModelVersion, built: Path) -> bool:
    """Whether a version's artifacts are, byte for byte, those that were built. Tags prove nothing."""
    for path in sorted(path for path in built.rglob("*") if path.is_file()):
        try:
            found = _digest(registry, version, path.relative_to(built).as_posix())
        except IntegrityError:
            return False
        if found != digest_of_file(path):
            return False
    return True


def _digest(registry: Registry, version: ModelVersion, path: str) -> str:
    sha = hashlib.sha256()
    for block in registry.artifact(version.name, version.number, path):
        sha.update(block)
    return sha.hexdigest()
