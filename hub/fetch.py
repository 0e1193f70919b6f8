"""From a card to verified bytes: mirrors in order, every file checked against the lock, whole or not at all.

In: a card of the catalog. Out: a `Candidate` and the folder with exactly its files, a view of hard links under
HUB_HOME/cache/models/DIGEST. Invariants: no byte that differs from the lock is ever seen under its final name; nothing
is handed out that was not admitted; what one mirror lacks or corrupts the next one may deliver, and the reasons are
kept; a second fetch touches no network, and writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evaluators.candidate import Candidate, FileEntry
from evaluators.errors import Conflict, EnvironmentProblem, IntegrityError, ReportedError, UsageProblem
from hub.admission import admit, refusal
from hub.blobs import BlobStore
from hub.card import Card
from hub.catalog import Catalog
from hub.exchange import exchange_folder
from hub.folder import compare_files
from hub.home import Home
from hub.lock import Lock
from hub.progress import Progress, no_progress, told
from hub.sources.open import name_of, open_source
from hub.sources.source import Source, SourceProblem
from hub.staging import staged_folder


def fetch(
    card: Card,
    catalog: Catalog,
    home: Home,
    progress: Progress = no_progress,
    environment: Mapping[str, str] | None = None,
) -> tuple[Candidate, Path]:
    """Return the candidate of a locked card and the folder with its verified files.

    Args:
        card: A card of `catalog` that is not only proposed.
        catalog: Where its lock is, and what relative directories start at.
        home: Where the bytes are kept.
        progress: Told about bytes as they arrive.
        environment: Where HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are looked up; the process's own by default.

    Raises:
        UsageProblem: If the card is only proposed, or has no lock.
        IntegrityError: If a mirror answered, but no mirror has the locked bytes.
        EnvironmentProblem: If no mirror can be reached, or HUB_HOME cannot be written.
        InvalidDocument: If the files may not be loaded.
    """
    lock = _lock_of(card, catalog)
    candidate = candidate_of(card, lock)
    view = home.cache / "models" / lock.digest
    if not compare_files(view, lock.files):
        _require_admitted(card, {entry.path: view / entry.path for entry in lock.files})
        return candidate, view
    store = BlobStore(home.ready())
    errand = _Errand(card, lock, catalog.folder, os.environ if environment is None else environment)
    _bring(errand, store, progress)
    _require_admitted(card, _blob_paths(lock.files, store))
    show_view(lock.files, view, store)
    return candidate, view


def candidate_of(card: Card, lock: Lock) -> Candidate:
    """Return what the harness needs to know of a card. Reads nothing, fetches nothing."""
    return Candidate(
        name=card.id, library=card.library, input=card.input, structure=lock.structure, files=lock.files
    )


@dataclass(frozen=True)
class _Errand:
    """What is to be brought, and from where."""

    card: Card
    lock: Lock
    folder: Path
    environment: Mapping[str, str]


def _lock_of(card: Card, catalog: Catalog) -> Lock:
    lock = catalog.locks.get(card.id)
    if card.lifecycle.state == "proposed":
        raise UsageProblem(
            f"{card.id} is only proposed: it is never evaluated, promoted or pulled",
            hint=f"pin its bytes (`hub catalog lock {card.id}`), set lifecycle.state to active, have it reviewed",
        )
    if lock is None:
        raise UsageProblem(f"{card.id} has no lock", hint=f"hub catalog lock {card.id}")
    return lock


def _bring(errand: _Errand, store: BlobStore, progress: Progress) -> None:
    """Get every file that the store lacks, from the mirrors in order."""
    missing = {entry.sha256: entry for entry in errand.lock.files if store.path_of(entry.sha256) is None}
    reasons: list[tuple[str, ReportedError]] = []
    for mirror in errand.card.mirrors:
        if not missing:
            return
        try:
            with open_source(
                mirror, catalog=errand.folder, environment=errand.environment, revision=errand.lock.revision
            ) as source:
                _bring_from(source, missing, store, progress)
        except (SourceProblem, IntegrityError) as error:
            reasons.append((name_of(mirror), error))
    if missing:
        raise _no_mirror(errand, list(missing.values()), reasons)


def _bring_from(source: Source, missing: dict[str, FileEntry], store: BlobStore, progress: Progress) -> None:
    """Get missing files from one source until it fails; each one that arrived is missing no more."""
    total = sum(entry.size for entry in missing.values())
    done = 0
    for entry in tuple(missing.values()):
        what = f"{entry.path} from {source.describe()}"
        with closing(told(source.open(entry.path), progress, what=what, done=done, total=total)) as stream:
            store.write(stream, entry)
        done += entry.size
        del missing[entry.sha256]


def _no_mirror(
    errand: _Errand, missing: list[FileEntry], reasons: list[tuple[str, ReportedError]]
) -> ReportedError:
    """Return one error for all mirrors; wrong bytes weigh more than absent ones."""
    lines = [f"  {name}: {error.message}" for name, error in reasons]
    hints = [f"{name}: {error.hint}" for name, error in reasons if error.hint]
    message = (
        f"{errand.card.id}: no mirror delivers {missing[0].path}"
        + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        + "\n"
        + "\n".join(lines)
    )
    if any(isinstance(error, IntegrityError) for _, error in reasons):
        hints.append("bytes that changed on purpose are a new model: propose it under a new id")
        return IntegrityError(message, hint="; ".join(hints))
    return EnvironmentProblem(message, hint="; ".join(hints) or "add a mirror to the card")


def _blob_paths(files: tuple[FileEntry, ...], store: BlobStore) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for entry in files:
        path = store.path_of(entry.sha256)
        if path is None:
            raise IntegrityError(
                f"{entry.path}: its bytes vanished from the store", hint="fetch the model again"
            )
        paths[entry.path] = path
    return paths


def _require_admitted(card: Card, files: Mapping[str, Path]) -> None:
    admission = admit(files)
    if not admission.admitted:
        raise refusal(admission, card.id)


def show_view(files: tuple[FileEntry, ...], view: Path, store: BlobStore) -> None:
    """Make the folder appear; one that was found damaged is replaced in one step, so no reader meets half of it.

    Raises:
        IntegrityError: If another process showed other files there first.
        EnvironmentProblem: If the folder cannot be written.
    """
    try:
        if view.exists():
            with staged_folder(view.parent) as aside:
                store.materialise(files, aside / "whole")
                exchange_folder(aside / "whole", view)
        else:
            store.materialise(files, view)
    except OSError as error:
        raise store.home.unwritable(error) from error
    except Conflict:
        # Another process showed the same files first. Its folder is as good as ours if it holds them.
        if wrong := compare_files(view, files):
            raise IntegrityError(
                f"{view}: {wrong[0].message}", hint="delete the folder, then fetch again"
            ) from None
