"""Which catalog a command or a notebook works on, and from where: one order of precedence for all.

In: an option, the environment, HUB_HOME, the folder where the search starts. Out: a place and who named it, or the
catalog itself. The order: `--catalog`, HUB_CATALOG, the nearest `catalog/` above the folder, what `hub init` chose, and
what the configured server published. Nothing is fetched before the place is known, and only what that place needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.errors import EnvironmentProblem, IntegrityError, InvalidDocument, UsageProblem
from hub.catalog import Catalog, find_catalog, load_catalog, nearest_catalog, no_catalog_above
from hub.catalog_copy import Tell, folder_of, last_copy
from hub.catalog_place import CatalogPlace, folder_place, read_choice
from hub.home import Home
from hub.registry.address import registry_address
from hub.registry.registry import CATALOG_NAME, RegistryReader

#: The order, in the words of the help.
ORDER = "--catalog, HUB_CATALOG, the nearest catalog/ above, what hub init chose, what the server published"


@dataclass(frozen=True)
class Source:
    """A catalog that is used, and why this one.

    Attributes:
        place: Where it lies.
        named_by: Who says so, for people: `--catalog`, `hub init` ...
    """

    place: CatalogPlace
    named_by: str


def source_of(folder: Path | None, environment: Mapping[str, str], home: Home, start: Path) -> Source | None:
    """Return which catalog is used, fetching nothing; None if none is named anywhere.

    Raises:
        UsageProblem: If the option or HUB_CATALOG names what is no catalog.
        InvalidDocument: If the choice of `hub init` cannot be read.
    """
    if folder is not None or environment.get("HUB_CATALOG"):
        by = "--catalog" if folder is not None else "HUB_CATALOG"
        return Source(folder_place(find_catalog(folder, environment, start)), by)
    nearest = nearest_catalog(start)
    if nearest is not None:
        return Source(folder_place(nearest), "the nearest catalog/ above this folder")
    choice = read_choice(home)
    if choice is not None:
        return Source(choice, "hub init")
    address = registry_address(environment, home)
    published = CatalogPlace(kind="registry", place=address)
    if address.startswith(("http://", "https://")) or last_copy(published, home) is not None:
        return Source(published, "the server that is configured")
    return None


def open_catalog(
    folder: Path | None,
    environment: Mapping[str, str],
    home: Home,
    start: Path,
    *,
    tell: Tell | None = None,
) -> Catalog:
    """Return the catalog that is used here, read anew if its copy is older than a day.

    Args:
        folder: What a person named for this once, or None.
        environment: Names HUB_CATALOG and the server.
        home: Holds the choice of `hub init` and the copies.
        start: Where the search for a `catalog/` above begins.
        tell: Called with what somebody should know, as that a copy is old; None: said to nobody.

    Raises:
        UsageProblem: If there is none.
        InvalidDocument: If a file of it is not valid.
        EnvironmentProblem: If its place cannot be read and never was.
        IntegrityError: If it was not published by a trusted key.
    """
    source = source_of(folder, environment, home, start)
    if source is None:
        raise no_catalog_above(start)
    now = dt.datetime.now(dt.UTC)
    return load_catalog(folder_of(source.place, environment, home, now=now, tell=tell or _unheard))


def checkout(folder: Path | None, environment: Mapping[str, str], home: Home, start: Path) -> Path:
    """Return the folder of the catalog that people edit and review, for what writes into it or publishes it.

    Raises:
        UsageProblem: If there is none here; a copy is no checkout.
    """
    source = source_of(folder, environment, home, start)
    if source is None:
        raise no_catalog_above(start)
    if source.place.kind != "folder":
        raise UsageProblem(
            f"this needs a checkout of the catalog; here it is a copy ({source.place.shown})",
            hint="clone the catalog's repository, and run this inside it",
        )
    return folder_of(source.place, environment, home, now=dt.datetime.now(dt.UTC), tell=_unheard)


def refresh_published(
    reader: RegistryReader, environment: Mapping[str, str], home: Home, start: Path, *, tell: Tell
) -> None:
    """Read the published catalog anew where it is what is used; what cannot be read is told and left as it was."""
    from hub.remote_catalog import refresh_catalog
    from hub.signing import open_keyring

    address = registry_address(environment, home)
    used = source_of(None, environment, home, start)
    if used is not None and used.place != CatalogPlace(kind="registry", place=address):
        return
    try:
        if reader.versions(CATALOG_NAME):
            refresh_catalog(reader, address, home=home, keys=open_keyring(home.keys))
    except (EnvironmentProblem, IntegrityError, InvalidDocument) as error:
        tell(f"the published catalog was not refreshed: {error.message}")


def _unheard(_sentence: str) -> None:
    """Nobody listens."""
