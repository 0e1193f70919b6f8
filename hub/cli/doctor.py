"""`hub doctor`: what works on this machine, and what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from evaluators.errors import EnvironmentProblem, ReportedError
from hub import __version__
from hub.catalog_search import source_of
from hub.cli.options import format_option, home, open_catalog
from hub.cli.output import Output, Table
from hub.registry.address import registry_address
from hub.signing import open_keyring

#: Distribution that shows that an extra is installed.
EXTRAS = {"evaluate": ("torch", "transformers", "timm", "peft", "scikit-learn"), "registry": ("mlflow",)}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "missing", "broken"]
    detail: str


@click.command()
@format_option
def doctor(output: Output) -> None:
    """Say what works on this machine, what is missing, and the next step for each."""
    checks = [_python(), _home(), *_extras(), _catalog(), _keys(), _registry(), *_unlogged()]
    output.data(
        [check.__dict__ for check in checks],
        Table(
            ("", "check", "finding"),
            tuple((_mark(c), c.name, c.detail) for c in checks),
            wrap=frozenset({"finding"}),
            marked=frozenset({""}),
        ),
    )
    if any(check.state == "broken" for check in checks):
        raise SystemExit(5)


def _mark(check: Check) -> str:
    return {"ok": "[green]ok[/green]", "missing": "[yellow]--[/yellow]", "broken": "[red]!![/red]"}[
        check.state
    ]


def _python() -> Check:
    return Check("program", "ok", f"basehub {__version__} on Python {platform.python_version()}")


def _home() -> Check:
    place = home()
    try:
        place.ready()
    except ReportedError as error:
        return Check("HUB_HOME", "broken", f"{error.message}; {error.hint}")
    return Check("HUB_HOME", "ok", str(place.root))


def _extras() -> list[Check]:
    checks = []
    for extra, distributions in EXTRAS.items():
        absent = [name for name in distributions if not _version(name)]
        if absent:
            detail = f"without {', '.join(absent)}: pip install 'basehub[{extra}]'"
            checks.append(Check(f"extra {extra}", "missing", detail))
        else:
            versions = ", ".join(f"{name} {_version(name)}" for name in distributions)
            checks.append(Check(f"extra {extra}", "ok", versions))
    return checks


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _catalog() -> Check:
    try:
        source = source_of(None, os.environ, home(), Path.cwd())
        catalog = open_catalog(None)
    except ReportedError as error:
        return Check("catalog", "missing", f"{error.message}; {error.hint}")
    where = f"{source.place.shown}, named by {source.named_by}" if source else str(catalog.folder)
    return Check("catalog", "ok", f"{where}: {len(catalog.cards)} models, {len(catalog.tasks)} tasks")


def _keys() -> Check:
    try:
        ring = open_keyring(home().keys)
    except ReportedError as error:
        return Check("trusted keys", "broken", error.message)
    if not ring.keys:
        return Check("trusted keys", "missing", "none: hub trust add LINE (from whoever approves models)")
    return Check("trusted keys", "ok", ", ".join(key.owner for key in ring.keys.values()))


def _unlogged() -> list[Check]:
    """Return what MLflow does not have yet, if there is anything."""
    from hub.evaluation_logging import unlogged_words

    words = unlogged_words(home())
    return [Check("logging", "missing", words)] if words else []


def _registry() -> Check:
    address = registry_address(os.environ, home())
    if not address.startswith(("http://", "https://")):
        return Check("registry", "ok", f"{address} (local; `hub server` shows it)")
    from hub.registry.access import access_from
    from hub.registry.rest import RestServer

    access = access_from(os.environ)
    try:
        server = RestServer(address, access)
        # What every command asks first: a health check would also pass before a page where people sign in.
        server.get("/api/2.0/mlflow/experiments/search", {"max_results": "1"})
    except EnvironmentProblem as error:
        return Check("registry", "broken", f"{error.message}; {error.hint}" if error.hint else error.message)
    return Check("registry", "ok", f"{server.uri} answers, asked with {access.kind}")
