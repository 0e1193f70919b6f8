"""`hub list` and `hub show`: the catalog and the promotion log as last read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from evaluators.wording import count
from hub.adapted.listing import adapted_rows
from hub.cli.options import catalog_option, format_option, home, open_catalog
from hub.cli.output import Output, Table, rows_of
from hub.listing import facts_of, listing, modality_of
from hub.log_cache import known_history
from hub.registry.address import registry_address
from hub.resolve import doubt
from hub.selection import USES, Selection, parse_count


@click.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also proposed models, which are not measured yet.")
@click.option(
    "--task", "kind", help="Only for this: text-classification, image-classification, or a task's id."
)
@click.option("--use", type=click.Choice(list(USES)), help="Only what its licence allows to be used so.")
@click.option("--max-params", help="At most so many parameters: 100M, 1.5B.")
@catalog_option
@format_option
def list_models(
    everything: bool,
    kind: str | None,
    use: str | None,
    max_params: str | None,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """List the models of the catalog, and what each is approved for.

    Approved models first: somebody signed that they may be used for these tasks. A proposed model can be measured once
    its bytes are pinned.
    """
    catalog = open_catalog(catalog_folder)
    history, read_at = known_history(home(), registry_address(os.environ, home()))
    selection = Selection(
        modality_of(kind, catalog), use, parse_count(max_params) if max_params is not None else None
    )
    found = listing(catalog, history, selection, everything=everything)
    table = Table(
        ("model", "status", "approved for", "params", "licence"),
        tuple((row.model, row.status, row.best, row.size, row.licence) for row in found.models),
        right=frozenset({"params"}),
        wrap=frozenset({"approved for"}),
    )
    adapted = adapted_rows(history, catalog, selection, kind if kind in catalog.tasks else None)
    output.data(
        [*(row.value for row in found.models), *adapted],
        table,
        *([_adapted_table(adapted)] if adapted else []),
    )
    for name in [*(row.model for row in found.models), *(str(row["model"]) for row in adapted)]:
        output.essential(name)
    if found.fitting < found.known:
        output.note(f"{found.fitting} of {count(found.known, 'model')} are what you ask for")
    if found.hidden:
        output.note(f"{count(found.hidden, 'proposed model')} of them not shown: add --all")
    for warning in doubt(history):
        output.warn(warning)
    if not history.records:
        output.note(
            f"no approvals known here (log read: {read_at}); `hub history --refresh` reads the registry"
        )


def _adapted_table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        ("adapted model", "status", "approved for", "base"),
        tuple((r["model"], r["status"], r["best"], r["base"]) for r in rows),
        wrap=frozenset({"approved for", "base"}),
    )


@click.command()
@click.argument("name")
@catalog_option
@format_option
def show(name: str, catalog_folder: Path | None, output: Output) -> None:
    """Show one model, task, strategy, protocol or policy by its NAME; or say what a word of ours means."""
    history, _ = known_history(home(), registry_address(os.environ, home()))
    found = facts_of(name, open_catalog(catalog_folder), history)
    output.data(found.value, rows_of(found.facts))
    for warning in doubt(history):
        output.warn(warning)
