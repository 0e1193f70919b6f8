"""Puts a model's folder into a project: staged beside its place, then there in one step.

In: a record whose bytes are in the store, and a place inside a project. Out: the folder, exactly the record's files
and `.hub/`. Invariants: the folder appears whole or not at all; it lies inside the project; it replaces nothing but
what an earlier pull of the same model put there, so nobody's own files are ever lost.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from evaluators.errors import Conflict, EnvironmentProblem, UsageProblem
from hub.blobs import BlobStore
from hub.exchange import exchange_folder
from hub.project_lock import LockedModel
from hub.promotion_log import Record
from hub.provenance import FOLDER, read_record, write_provenance
from hub.staging import place_folder, staged_folder


@dataclass(frozen=True)
class Place:
    """A model's folder in a project.

    Attributes:
        project: The folder of hub.lock.
        into: The model's folder, POSIX, relative to it.
    """

    project: Path
    into: str

    @property
    def folder(self) -> Path:
        """The model's folder."""
        return self.project / self.into


def place_in(project: Path, into: Path) -> Place:
    """Return a place inside a project.

    Args:
        project: The folder of hub.lock.
        into: The model's folder, relative to it or absolute.

    Raises:
        UsageProblem: If the project does not exist or the folder is not inside it. hub.lock comes with a project that
            somebody else may have written: it must not be able to name a folder elsewhere.
    """
    if not project.is_dir():
        raise UsageProblem(f"there is no folder {project}", hint="make it, or go to your project first")
    base = Path(os.path.normpath(project.absolute()))
    target = Path(os.path.normpath(base / into))
    if base not in target.parents:
        raise UsageProblem(
            f"{into} is not a folder inside the project {project}",
            hint="pull into a folder of the project, e.g. models/NAME, or run the command in another project",
        )
    return Place(project, target.relative_to(base).as_posix())


def put_in_place(record: Record, place: Place, store: BlobStore, *, locked: LockedModel | None) -> None:
    """Make a place the folder of a record, from bytes in the store. The caller holds the project (`editing`).

    Args:
        record: What shall be there; its bytes are in the store.
        place: Where.
        store: The store.
        locked: The entry of hub.lock that says this place is ours, if one does.

    Raises:
        Conflict: If something else is there.
        EnvironmentProblem: If the folder cannot be written.
        IntegrityError: If the store lost bytes in the meantime.
    """
    target = place.folder
    refuse_foreign(target, record.model, locked=locked)
    try:
        with staged_folder(target.parent) as staged:
            tree = staged / "tree"
            store.materialise(record.files, tree)
            write_provenance(tree, record, shown_as=place.into)
            if target.exists():
                exchange_folder(tree, target)
            else:
                place_folder(tree, target)
    except OSError as error:
        raise EnvironmentProblem(
            f"{target} cannot be written ({error.strerror})",
            hint="what stands there is whole; free the place and run again",
        ) from error


def refuse_foreign(target: Path, name: str, *, locked: LockedModel | None) -> None:
    """Refuse to replace anything but an earlier pull of the same model.

    Args:
        target: The folder that shall be replaced.
        name: The model that shall be put there.
        locked: The entry of hub.lock that says this folder is ours, if one does.

    Raises:
        Conflict: If a person would lose something.
    """
    if not target.is_symlink() and (not target.exists() or (target.is_dir() and not any(target.iterdir()))):
        return
    ours = _pulled_files(target, name, locked)
    if ours is None:
        raise Conflict(
            f"{target} exists and is not a pull of {name}; it was left as it is",
            hint="move it away, or name another folder: --into DIR",
        )
    strangers = sorted(_names(target) - ours)
    if strangers:
        raise Conflict(
            f"{target} also holds what no pull put there: {', '.join(strangers[:5])}"
            f"{' ...' if len(strangers) > 5 else ''}; it was left as it is",
            hint="move that out of the folder, then run again",
        )


def _pulled_files(target: Path, name: str, locked: LockedModel | None) -> set[str] | None:
    """Return the files that earlier pulls of this model put into a folder, or None if it is not ours."""
    if target.is_symlink() or not target.is_dir():
        return None
    record = read_record(target)
    claims = [record.files] if record is not None and record.model == name else []
    claims += [locked.files] if locked is not None else []
    return {entry.path for files in claims for entry in files} if claims else None


def _names(folder: Path) -> set[str]:
    """Return the paths of everything but folders, and but `.hub/`, in a folder."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if (path.is_symlink() or not path.is_dir()) and path.relative_to(folder).parts[0] != FOLDER
    }
