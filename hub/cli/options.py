"""Options that several commands share, declared once, and what they resolve to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evaluators.errors import UsageProblem
from hub.cli.output import Output
from hub.home import Home, home_from

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
    help="Folder of the catalog. Default: HUB_CATALOG, the nearest catalog/ above, or what `hub init` chose.",
)


results_option: Decorator = click.option(
    "--results", default=None, help="Folder or URL of the result store. Default: under HUB_HOME."
)


def home() -> Home:
    """Return HUB_HOME."""
    return home_from(os.environ)


def find_checkout(folder: Path | None) -> Path:
    """Return the folder of the catalog that people review, for commands that write into it."""
    from hub.catalog_search import checkout

    return checkout(folder, os.environ, home(), Path.cwd())


def open_checkout(folder: Path | None) -> Catalog:
    """Return the catalog that people review, for commands that write from it or into it.

    Raises:
        UsageProblem: If there is no checkout; a copy of git or of the registry does not count.
    """
    from hub.catalog import load_catalog

    return load_catalog(find_checkout(folder))


def open_catalog(folder: Path | None) -> Catalog:
    """Return the catalog that a command works on; see `hub.catalog_search`.

    Raises:
        UsageProblem: If there is none.
    """
    from hub.catalog_search import open_catalog as search

    return search(folder, os.environ, home(), Path.cwd(), tell=Output().warn)


def refresh_published(place: Home, reader: RegistryReader, output: Output) -> None:
    """Read the published catalog anew where it is what is used; what cannot be read is told and left as it was."""
    from hub.catalog_search import refresh_published as refresh

    refresh(reader, os.environ, place, Path.cwd(), tell=output.warn)


def own_data_options(function: Any) -> Any:
    """Add the options that name a person's own data."""
    options: list[Decorator] = [
        click.option("--data", help="Your own table (CSV, JSONL, Parquet; path or URL), measured as a task."),
        click.option("--text", help="Its column of texts."),
        click.option("--label", help="Its column of labels."),
        click.option("--group", help="Its column of what rows share, such as a customer or a document."),
        click.option("--images", help="Your own images: a folder, or a tar, with a folder for each label."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def own_data(
    data: str | None, images: str | None, text: str | None, label: str | None, group: str | None
) -> OwnData | None:
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
        return OwnData(data, text, label, group)
    if text or label or group:
        raise UsageProblem("--text, --label and --group are columns of --data", hint="add --data FILE")
    return OwnData(images) if images else None
