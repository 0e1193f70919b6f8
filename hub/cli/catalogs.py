"""`hub catalog`: the files that people review."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from evaluators.errors import ReportedError, UsageProblem
from hub.catalog_schema import KINDS
from hub.cli.options import catalog_option, find_checkout, format_option, home, open_checkout
from hub.cli.output import Output, Table


@click.group()
def catalog() -> None:
    """Check the catalog's files; lock a card's bytes; schemas for editors."""


@catalog.command()
@catalog_option
@format_option
def check(catalog_folder: Path | None, output: Output) -> None:
    """Read every file of the catalog as a review does; exit with 4 if one is not valid."""
    from hub.catalog_check import check_catalog

    folder = find_checkout(catalog_folder)
    results = check_catalog(folder, today=dt.datetime.now(dt.UTC).date())
    rows = tuple(
        (
            "[green]ok[/green]" if r.ok else "[red]!![/red]",
            r.file,
            "\n".join([r.message, *r.warnings]).strip(),
        )
        for r in results
    )
    output.data(
        [r.__dict__ for r in results],
        Table(("", "file", "finding"), rows, wrap=frozenset({"finding"}), marked=frozenset({""})),
    )
    for result in results:
        if result.hint:
            output.note(f"{result.file}: {result.hint}")
    broken = sum(not result.ok for result in results)
    output.essential(f"{broken}")
    if broken:
        raise SystemExit(4)


@catalog.command()
@click.argument("kind", type=click.Choice(tuple(KINDS)))
def schema(kind: str) -> None:
    """Print the JSON Schema of a KIND of file, so that an editor completes keys and marks errors as one types.

    For example `hub catalog schema card > card.schema.json`, and `# yaml-language-server: $schema=PATH` on a card's
    first line.
    """
    from hub.catalog_schema import schema_text

    click.echo(schema_text(kind), nl=False)


@catalog.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every card that has no lock yet.")
@catalog_option
@format_option
def lock(ids: tuple[str, ...], every: bool, catalog_folder: Path | None, output: Output) -> None:
    """Read the bytes of the cards with these IDS once and pin them in ID.lock.json beside each card.

    Needs one mirror that answers; the Hub's address is HF_ENDPOINT. Nothing is invented: a card whose bytes cannot be
    read stays a proposal, and the reason is told.
    """
    from hub.lock import write_lock
    from hub.locking import lock_card

    cards = open_checkout(catalog_folder)
    names = ids or (tuple(name for name in cards.cards if name not in cards.locks) if every else ())
    if not names:
        raise UsageProblem("no card is named", hint="hub catalog lock ID, or hub catalog lock --all")
    rows, failed, told = [], 0, list[str]()
    for name in names:
        try:
            with output.transfers("reading") as tell:
                locked = lock_card(cards.card(name), cards, home().ready(), progress=tell, note=told.append)
        except ReportedError as error:
            if len(names) == 1:
                raise
            failed = error.exit_code
            rows.append((name, "not locked", error.message))
            continue
        path = cards.folder / "models" / f"{name}.lock.json"
        write_lock(path, locked)
        rows.append((name, locked.digest[:12], f"{len(locked.files)} files, {locked.size / 1e6:.1f} MB"))
    output.data([{"id": a, "digest": b, "detail": c} for a, b, c in rows],
                Table(("model", "digest", "detail"), tuple(rows), wrap=frozenset({"detail"})))  # fmt: skip
    for sentence in told:
        output.note(sentence)
    output.note("review the lock files with their cards")
    if failed:
        raise SystemExit(failed)
