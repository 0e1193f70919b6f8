"""The catalog of a git repository or a registry, as last read by this machine, and how it is read anew.

In: a `CatalogPlace`. Out: a `Copy` below HUB_HOME/cache. Invariants: a copy is read whole and judged before it replaces
the one that stands there, in one step; so whatever fails, the old copy stays and is as old as it says. A command that
needs the catalog reads it anew once it is older than `STALE`, and waits only seconds for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.canonical import digest_of
from evaluators.document import Document
from evaluators.errors import InvalidDocument, ReportedError, UsageProblem
from hub.address import parse_address
from hub.catalog import catalog_in, load_whole
from hub.catalog_place import CatalogPlace
from hub.home import Home

STALE = dt.timedelta(days=1)
"""A copy that is older is read anew by the next command that needs it."""
PATIENCE = 120.0
"""Seconds for a person who asked for it."""
HURRY = 5.0
"""Seconds for a command that was asked for something else, and has an old copy to go on with."""
PAUSE = dt.timedelta(minutes=10)
"""After a failure, commands leave a place alone for so long."""

Tell = Callable[[str], None]
"""Called with a sentence that somebody should read."""


@dataclass(frozen=True)
class Copy:
    """A catalog on this machine.

    Attributes:
        folder: Its files.
        read_at: When they were read.
        commit: Of a git repository: which commit they are.
    """

    folder: Path
    read_at: dt.datetime
    commit: str | None = None


class _Fetched(Document):
    """What stands beside the files of a git repository."""

    schema_version: int = 1
    address: str
    """Without a password."""
    ref: str | None
    commit: str
    read_at: str
    """UTC, ISO 8601."""


def folder_of(
    place: CatalogPlace, environment: Mapping[str, str], home: Home, *, now: dt.datetime, tell: Tell
) -> Path:
    """Return the folder of a catalog, read anew if it is time; what fails then is told, and the copy serves on.

    Raises:
        UsageProblem: If a folder that was chosen is no catalog (any more).
        EnvironmentProblem: If there is no copy yet, and the place cannot be read.
        IntegrityError: If there is no copy yet, and no trusted key published one.
        InvalidDocument: If there is no copy yet, and the place holds no valid catalog.
    """
    if place.kind == "folder":
        return _chosen_folder(place)
    copy = last_copy(place, home)
    if copy is None:
        return refresh(place, environment, home, now=now).folder
    age = now - copy.read_at
    if is_fresh(age) or not reads_by_the_way(place):
        return copy.folder
    if _tried_lately(place, home, now):
        tell(f"the catalog ({place.shown}) is as it was {ago(age)}; read it anew: hub init --refresh")
        return copy.folder
    try:
        # Before the attempt: one that is broken off was an attempt too.
        _tried(place, home).touch()
        return refresh(place, environment, home, now=now, seconds=HURRY).folder
    except OSError:
        return copy.folder  # HUB_HOME can be read and not written, which is nobody's concern here
    except ReportedError as error:
        tell(f"the catalog was not refreshed, so it is as it was {ago(age)}: {error.message}")
        return copy.folder


def last_copy(place: CatalogPlace, home: Home) -> Copy | None:
    """Return the catalog of a place as last read by this machine; None if it never was."""
    if place.kind == "registry":
        from hub.remote_catalog import cached_catalog

        folder = cached_catalog(home, place.place)
        if folder is None:
            return None
        read_at = dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC)
        return Copy(folder, read_at)
    if place.kind == "git":
        kept = _kept(place, home)
        folder = catalog_in(kept / "files")
        try:
            fetched = _Fetched.model_validate_json((kept / "fetched.json").read_bytes())
            read_at = dt.datetime.fromisoformat(fetched.read_at)
        except (OSError, ValueError):
            return None  # never read, or half gone: read again
        return Copy(folder, read_at, fetched.commit) if folder is not None else None
    return None


def refresh(
    place: CatalogPlace,
    environment: Mapping[str, str],
    home: Home,
    *,
    now: dt.datetime,
    seconds: float = PATIENCE,
) -> Copy:
    """Read a place now, and put what was read in place of the copy.

    Raises:
        EnvironmentProblem: If it cannot be read in time.
        IntegrityError: If no trusted key published a catalog there.
        InvalidDocument: If what was read is no valid catalog; the copy stays as it was.
        UsageProblem: If a folder is no catalog: there is nothing to refresh in one.
    """
    if place.kind == "folder":
        return Copy(_chosen_folder(place), now)
    try:
        copy = (_clone if place.kind == "git" else _published)(place, environment, home, now, seconds)
        _tried(place, home).unlink(missing_ok=True)
    except OSError as error:
        raise home.unwritable(error) from error
    return copy


def is_fresh(age: dt.timedelta) -> bool:
    """Whether a copy of this age is used as it is. One from the future, after a clock was set, is not."""
    return dt.timedelta(minutes=-1) <= age <= STALE


def reads_by_the_way(place: CatalogPlace) -> bool:
    """Whether a command may read a place anew by the way; a database needs mlflow, whose import takes seconds."""
    return place.kind == "git" or place.place.startswith(("http://", "https://"))


def ago(age: dt.timedelta) -> str:
    """Return `a moment ago`, `5 minutes ago`, `3 hours ago`, `2 days ago`."""
    minutes = age.total_seconds() / 60
    for size, noun in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        number = int(minutes // size)
        if number >= 1:
            return f"{number} {noun}{'' if number == 1 else 's'} ago"
    return "a moment ago"


def _clone(
    place: CatalogPlace, _environment: Mapping[str, str], home: Home, now: dt.datetime, seconds: float
) -> Copy:
    from hub.exchange import put_folder
    from hub.git_clone import clone
    from hub.staging import staged_folder, sweep

    kept = _kept(place, home)
    sweep(kept.parent)
    with staged_folder(kept.parent) as staged:
        files = staged / "files"
        files.mkdir()
        commit = clone(place.place, place.ref, files, seconds=seconds)
        found = catalog_in(files)
        if found is None:
            raise InvalidDocument(
                f"{place.shown}, commit {commit[:12]}: no catalog in it, neither catalog/models/ nor models/",
                hint="is it the right repository, and the right branch (--ref)?",
            )
        _judge(found, staged, place)
        fetched = _Fetched(
            address=parse_address(place.place).shown, ref=place.ref, commit=commit, read_at=now.isoformat()
        )
        (staged / "fetched.json").write_text(fetched.model_dump_json(indent=1), encoding="utf-8")
        put_folder(staged, kept)
    return Copy(kept / found.relative_to(staged), now, commit)


def _judge(folder: Path, staged: Path, place: CatalogPlace) -> None:
    """Read every document; the error names files as they lie in the repository."""
    try:
        load_whole(folder)
    except InvalidDocument as error:
        message = error.message.replace(f"{staged / 'files'}/", "")
        raise InvalidDocument(f"{place.shown}: {message}", hint=error.hint) from error


def _published(
    place: CatalogPlace, environment: Mapping[str, str], home: Home, now: dt.datetime, seconds: float
) -> Copy:
    from hub.log_cache import remember
    from hub.promotion_log import utc
    from hub.registry.mlflow_log import LogReader
    from hub.registry.open import reader_at
    from hub.remote_catalog import refresh_catalog
    from hub.signing import open_keyring

    reader = reader_at(
        place.place, environment, home.ready(), seconds=None if seconds == PATIENCE else seconds
    )
    folder = refresh_catalog(reader, place.place, home=home, keys=open_keyring(home.keys))
    # With its log: where the catalog is read here for the first time, `hub list` would show nothing approved.
    remember(home, place.place, LogReader(reader).entries(), now=utc(now))
    return Copy(folder, now)


def _chosen_folder(place: CatalogPlace) -> Path:
    folder = catalog_in(Path(place.place))
    if folder is None:
        raise UsageProblem(
            f"{place.place}, the catalog that hub init chose, has no folder models/",
            hint="choose another: hub init PLACE",
        )
    return folder


def _tried_lately(place: CatalogPlace, home: Home, now: dt.datetime) -> bool:
    try:
        last = dt.datetime.fromtimestamp(_tried(place, home).stat().st_mtime, dt.UTC)
    except OSError:
        return False
    return abs(now - last) < PAUSE


def _tried(place: CatalogPlace, home: Home) -> Path:
    """Return the file that stands while the last attempt failed; its time is that of the attempt."""
    return _kept(place, home).with_suffix(".failed")


def _kept(place: CatalogPlace, home: Home) -> Path:
    return home.cache / "catalogs" / f"{place.kind}-{digest_of([place.place, place.ref])[:16]}"
