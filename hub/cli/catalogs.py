"""`hub catalog`: the files that people review, and the page that is written from them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from evaluators.errors import EnvironmentProblem, ReportedError, UsageProblem
from hub.catalog import Catalog
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


@catalog.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Default: choosing.md in the catalog."
)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 4 if the page is out of date."
)
@click.option(
    "--note", default="", help="A sentence about the measurements, such as that the machine was busy."
)
@catalog_option
@format_option
def choosing(
    out: Path | None, only_check: bool, note: str, catalog_folder: Path | None, output: Output
) -> None:
    """Write the page that says which base and which strategy, when.

    It is made of the strategy table, the cards, and the signed reports under HUB_HOME about tasks of the catalog; its
    pictures go to a folder beside it. `--check` needs no report: it compares what the table and the cards say.
    """
    from hub.choosing import stale

    cards = open_checkout(catalog_folder)
    path = out or cards.folder / "choosing.md"
    if only_check:
        try:
            problems = stale(path.read_text(encoding="utf-8"), cards)
        except OSError as error:
            raise UsageProblem(
                f"{path} cannot be read ({error.strerror})", hint="hub catalog choosing"
            ) from error
        rows = tuple((str(path), problem) for problem in problems)
        table = Table(("", "finding"), rows, wrap=frozenset({"finding"}))
        output.data({"page": str(path), "problems": list(problems)}, *([table] if problems else []))
        output.essential(str(len(problems)))
        if problems:
            output.note("write it again, where the evidence is: hub catalog choosing")
            raise SystemExit(4)
        output.note(f"{path} says what the strategy table and the cards say")
        return
    _write_choosing(path, cards, note, output)


def _write_choosing(path: Path, cards: Catalog, note: str, output: Output) -> None:
    from hub.choosing import choosing_page, refreshed
    from hub.evidence_at_hand import evidence_here
    from hub.signing import open_keyring
    from hub.staging import place_file, staged_file

    documents = tuple(evidence_here(home(), open_keyring(home().keys)))
    page = choosing_page(cards, documents, folder=path.stem, note=note)
    files = {path: page.markdown.encode("utf-8")}
    if not page.documents and path.is_file():
        # Whoever changes a card has not measured what the page says: that stays.
        files = {path: refreshed(path.read_text(encoding="utf-8"), cards).encode("utf-8")}
        output.note("no evidence about the catalog's tasks is here: what the page says of them is kept")
    files |= {path.parent / path.stem / name: picture for name, picture in page.pictures.items()}
    try:
        for target, data in files.items():
            with staged_file(target.parent) as stream:
                stream.write(data)
                place_file(stream, target, mode=0o644)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written ({error.strerror})", hint="name another place: --out FILE"
        ) from error
    output.data({"page": str(path), "files": [str(name) for name in files]})
    output.essential(str(path))
    output.note(
        f"written: {', '.join(str(name) for name in files)}; from {page.documents} documents of evidence"
    )
