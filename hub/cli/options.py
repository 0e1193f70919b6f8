"""Options that several commands share, declared once, and what they resolve to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evaluators.errors import EnvironmentProblem, IntegrityError, UsageProblem
from hub.cli.output import Output
from hub.home import Home, home_from
from hub.registry.address import registry_address

if TYPE_CHECKING:
    from evaluators.personal_task import OwnData
    from hub.catalog import Catalog
    from hub.registry.registry import RegistryReader

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _as_output(_context: click.Context, _parameter: click.Parameter, value: Any) -> Output:
    return Output(value)


format_option: Decorator = click.option(
    "--format",
    "output",
    type=click.Choice(["human", "json", "quiet"]),
    default="human",
    show_default=True,
    callback=_as_output,
    help="For people, for programs, or only the essential.",
)

catalog_option: Decorator = click.option(
    "--catalog",
    "catalog_folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the catalog. Default: HUB_CATALOG, or the nearest folder that holds catalog/.",
)


def home() -> Home:
    """Return HUB_HOME."""
    return home_from(os.environ)


def open_checkout(folder: Path | None) -> Catalog:
    """Return the catalog that people review, for commands that write from it or into it.

    Raises:
        UsageProblem: If there is no checkout; the published copy does not count.
    """
    from hub.catalog import find_catalog, load_catalog

    return load_catalog(find_catalog(folder, os.environ, Path.cwd()))


def open_catalog(folder: Path | None) -> Catalog:
    """Return the catalog that a command works on: a checkout, else what was published in the registry.

    Raises:
        UsageProblem: If there is neither.
    """
    from hub.catalog import load_catalog

    try:
        return open_checkout(folder)
    except UsageProblem:
        if folder is not None or os.environ.get("HUB_CATALOG"):
            raise
        published = _published()
        if published is None:
            raise
        return load_catalog(published)


def refresh_published(place: Home, reader: RegistryReader, output: Output) -> None:
    """Read the published catalog again where there is no checkout; what cannot be read is told and left as it was."""
    from hub.catalog import find_catalog
    from hub.registry.registry import CATALOG_NAME
    from hub.remote_catalog import refresh_catalog
    from hub.signing import open_keyring

    try:
        find_catalog(None, os.environ, Path.cwd())
    except UsageProblem:
        try:
            if reader.versions(CATALOG_NAME):
                address = registry_address(os.environ, place)
                refresh_catalog(reader, address, home=place, keys=open_keyring(place.keys))
        except (EnvironmentProblem, IntegrityError) as error:
            output.warn(f"the published catalog was not refreshed: {error.message}")


def _published() -> Path | None:
    """Return the published catalog: as last read, else read now from a server that is configured."""
    from hub.remote_catalog import cached_catalog, refresh_catalog

    place = home()
    address = registry_address(os.environ, place)
    found = cached_catalog(place, address)
    if found is None and address.startswith(("http://", "https://")):
        from hub.registry.open import open_reader
        from hub.signing import open_keyring

        reader = open_reader(os.environ, place.ready())
        found = refresh_catalog(reader, address, home=place, keys=open_keyring(place.keys))
    return found


def own_data_options(function: Any) -> Any:
    """Add the options that name a person's own data."""
    options: list[Decorator] = [
        click.option("--data", help="Your own table (CSV, JSONL, Parquet; path or URL), measured as a task."),
        click.option("--text", help="Its column of texts."),
        click.option("--label", help="Its column of labels."),
        click.option("--images", help="Your own images: a folder, or a tar, with a folder for each label."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def own_data(data: str | None, images: str | None, text: str | None, label: str | None) -> OwnData | None:
    """Return the data that the options name; None if they name none.

    Raises:
        UsageProblem: If the options do not go together.
    """
    from evaluators.personal_task import OwnData

    if data and images:
        raise UsageProblem("--data and --images are two sets of data", hint="name one of them")
    if data:
        if not (text and label):
            raise UsageProblem("--data needs its columns", hint="--data FILE --text COLUMN --label COLUMN")
        return OwnData(data, text, label)
    if text or label:
        raise UsageProblem("--text and --label are columns of --data", hint="add --data FILE")
    return OwnData(images) if images else None
