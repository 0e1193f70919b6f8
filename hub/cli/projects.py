"""`hub pull` and `hub verify`: approved models in a project."""

from __future__ import annotations

from pathlib import Path

import click

from evaluators.errors import UsageProblem
from hub.cli.options import format_option, home
from hub.cli.output import Output, Table
from hub.pull_origin import open_origin
from hub.pulling import Pulled, PullRequest, restore
from hub.pulling import pull as bring
from hub.reference import parse_reference
from hub.signing import open_keyring
from hub.verify import verify as check


@click.command(
    epilog="\b\nhub pull all-minilm-l6-v2\nhub pull all-minilm-l6-v2 --into models/encoder\n"
    "hub pull                       # in CI: what hub.lock says"
)
@click.argument("reference", required=False)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the model. Default: models/NAME.",
)
@click.option("--frozen", is_flag=True, help="Change nothing in hub.lock: bring exactly what it pins.")
@format_option
def pull(reference: str | None, into: Path | None, frozen: bool, output: Output) -> None:
    """Bring an approved model into this project, verified byte for byte, and pin it in hub.lock.

    REFERENCE is NAME, NAME@alias or NAME:version. Without one, everything that hub.lock pins is brought back exactly.
    """
    if reference is None and into is not None:
        raise UsageProblem("--into needs a model", hint="hub pull NAME --into DIR")
    wanted = parse_reference(reference) if reference else None
    project = Path.cwd()
    origin = open_origin(home(), project, output)
    with output.progress() as progress:
        bar = progress.add_task("verifying", total=None)

        def tell(name: str, done: int, total: int) -> None:
            progress.update(bar, description=name, completed=done, total=total)

        if wanted is None:
            pulled = restore(project, origin, progress=tell)
        else:
            pulled = (bring(PullRequest(wanted, project, into=into, frozen=frozen), origin, progress=tell),)
    _tell_pulled(pulled, output)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@format_option
def verify(folder: Path, output: Output) -> None:
    """Check a pulled FOLDER: every byte, its signed record and hub.lock. Works offline."""
    found = check(folder, keys=open_keyring(home().keys))
    rows = tuple((finding.kind, finding.message) for finding in found.findings)
    value = {
        "folder": str(folder),
        "ok": found.ok,
        "model": found.record.model if found.record else None,
        "signed_by": found.signed_by,
        "findings": [finding.__dict__ for finding in found.findings],
    }
    if found.ok and found.record is not None:
        record = found.record
        shown = Table(("model", "version", "files", "signed by"), ((
            record.model, str(record.version), f"{len(record.files)} as approved", found.signed_by or "?",
        ),))  # fmt: skip
    else:
        shown = Table(("problem", "finding"), rows, wrap=frozenset({"finding"}))
    output.data(value, shown)
    output.essential("ok" if found.ok else "altered")
    if not found.ok:
        output.note("nothing of this folder should be loaded; bring it back with `hub pull`")
        raise SystemExit(6)


def _tell_pulled(pulled: tuple[Pulled, ...], output: Output) -> None:
    rows = tuple(
        (
            row.name,
            str(row.version),
            _megabytes(row.downloaded_bytes),
            _megabytes(row.reused_bytes),
            _near(row.folder),
        )
        for row in pulled
    )
    value = [
        {
            "name": row.name,
            "version": row.version,
            "digest": row.digest,
            "folder": str(row.folder),
            "downloaded_bytes": row.downloaded_bytes,
            "reused_bytes": row.reused_bytes,
            "changed": row.changed,
            "warnings": list(row.warnings),
        }
        for row in pulled
    ]
    output.data(
        value, Table(("model", "version", "downloaded", "had", "folder"), rows, wrap=frozenset({"folder"}))
    )
    for row in pulled:
        output.essential(str(row.folder))
        for warning in row.warnings:
            output.warn(warning)
        if not row.changed:
            output.note(f"{row.name} was already as approved; nothing changed")


def _near(folder: Path) -> str:
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
