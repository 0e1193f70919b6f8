"""Carries out one decided pull: bytes into the store, a folder into the project, an entry into `hub.lock`.

In: an `Order`, in which everything is decided. Out: a `Pulled`. Invariants: folder first, hub.lock last, each in one
step, so hub.lock never pins what is not there; a folder that is already right is not touched; running the same order
again after a kill at any point completes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evaluators.errors import EnvironmentProblem
from hub.deliver import Collected, Origin, collect_bytes
from hub.place import Place, put_in_place, refuse_foreign
from hub.progress import Progress
from hub.project_lock import LockedModel, ProjectLock, editing, read_project_lock, write_project_lock
from hub.promotion_log import Record
from hub.staging import sweep
from hub.verify import holds


@dataclass(frozen=True)
class Pulled:
    """A model in a project, verified.

    Attributes:
        name: The model.
        version: Its version in the registry.
        digest: Identity of its bytes.
        folder: Where it lies.
        downloaded_bytes: What came from the registry now.
        reused_bytes: What this machine had.
        changed: Whether the folder or hub.lock is different from before.
        warnings: What a person should know: a moved alias, a deprecated card.
    """

    name: str
    version: int
    digest: str
    folder: Path
    downloaded_bytes: int
    reused_bytes: int
    changed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """What shall be where.

    Attributes:
        record: The promotion, found valid.
        place: The folder that shall hold its files.
        locked: The entry of hub.lock for this model before, if there is one.
        wanted: The entry that hub.lock shall have; None: hub.lock is only read.
        warnings: What was found out on the way, for the person.
    """

    record: Record
    place: Place
    locked: LockedModel | None
    wanted: LockedModel | None
    warnings: tuple[str, ...]


def carry_out(order: Order, origin: Origin, progress: Progress) -> Pulled:
    """Bring an order's bytes into its place, then pin them; what is already so is left.

    Raises:
        IntegrityError: If bytes are not what the record says.
        Conflict: If something else is in the way.
        EnvironmentProblem: If registry, store or project cannot be used.
    """
    record, place = order.record, order.place
    here = order.locked if order.locked is not None and order.locked.into == place.into else None
    collected = Collected(downloaded=0, reused=sum(entry.size for entry in record.files))
    try:
        with editing(place.project):
            sweep(place.folder.parent)
            standing = holds(place.folder, record)
            if not standing:
                refuse_foreign(place.folder, record.model, locked=here)
        if not standing:
            # The long part holds up nobody: the store is safe for many at once.
            collected = collect_bytes(record, origin, progress)
        with editing(place.project):
            if not standing:
                put_in_place(record, place, origin.store, locked=here)
            relocked, warnings = _relock(order, origin)
    except OSError as error:
        raise EnvironmentProblem(
            f"{error.filename or place.project} cannot be used ({error.strerror})",
            hint="free the place and run again",
        ) from error
    return Pulled(
        name=record.model,
        version=record.version,
        digest=record.model_digest,
        folder=place.folder,
        downloaded_bytes=collected.downloaded,
        reused_bytes=collected.reused,
        changed=relocked or not standing,
        warnings=order.warnings + warnings,
    )


def _relock(order: Order, origin: Origin) -> tuple[bool, tuple[str, ...]]:
    """Pin the model in hub.lock, as it is now on disk; return whether that changed it, and warnings."""
    if order.wanted is None:
        return False, ()
    lock = read_project_lock(order.place.project)
    uri = origin.reader.uri
    new = (lock or ProjectLock(registry=uri)).with_model(order.wanted).model_copy(update={"registry": uri})
    if new == lock:
        return False, ()
    write_project_lock(order.place.project, new)
    if lock is not None and lock.registry != uri:
        return True, (f"hub.lock was about the registry {lock.registry}; it names {uri} now",)
    return True, ()
