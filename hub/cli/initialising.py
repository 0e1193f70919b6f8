"""`hub init`: which catalog this machine uses, and the start of an organization's own."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from evaluators.errors import ReportedError, UsageProblem
from evaluators.names import printable
from evaluators.wording import count
from hub.address import parse_address
from hub.catalog import Catalog, load_whole
from hub.catalog_copy import Copy, ago, last_copy, reads_by_the_way, refresh
from hub.catalog_place import CatalogPlace, choice_path, parse_place, read_choice, write_choice
from hub.catalog_search import Source, source_of
from hub.cli.options import format_option, home
from hub.cli.output import Output, rows_of
from hub.registry.address import registry_address

#: This machine: nobody sits between.
_OWN = frozenset({"127.0.0.1", "::1", "localhost"})


@click.command(
    epilog="\b\nhub init https://github.com/acme/catalog   # or git@host:acme/catalog; --ref\n"
    "hub init ../catalog                        # a folder: read as it is\n"
    "hub init mlflow                            # what hub sync published\n"
    "hub init --new acme-catalog --name acme    # start your organization's own"
)
@click.argument("place", required=False)
@click.option("--ref", help="Branch or tag of a git repository. Default: its own main branch.")
@click.option("--refresh", "anew", is_flag=True, help="Read the catalog anew, now.")
@click.option(
    "--new",
    type=click.Path(path_type=Path),
    help="Start a catalog repository in this folder: examples, schemas, workflow, CODEOWNERS.",
)
@click.option("--name", help="With --new: the organization's name on GitHub or GitLab.")
@format_option
def init(
    place: str | None, ref: str | None, anew: bool, new: Path | None, name: str | None, output: Output
) -> None:
    """Choose the catalog that this machine uses; once. Without PLACE: say which one it is.

    PLACE is a folder, a git address, or `mlflow` (also the http address of an MLflow server) for the catalog that `hub
    sync` published there, which a key that you trust must have signed. It is read, checked, and kept under HUB_HOME; a
    copy that is older than a day is read anew by the next command, and offline the old one serves on.

    What commands use, first that there is: --catalog, HUB_CATALOG, the nearest catalog/ above the current folder, what
    `hub init` chose, what the server in MLFLOW_TRACKING_URI published.
    """
    if sum((place is not None, anew, new is not None)) > 1:
        raise UsageProblem("PLACE, --refresh and --new are three different things", hint="give one of them")
    if ref is not None and place is None:
        raise UsageProblem("--ref is a branch of a git repository", hint="hub init ADDRESS --ref BRANCH")
    if name is not None and new is None:
        raise UsageProblem("--name belongs to --new", hint="hub init --new FOLDER --name ORGANIZATION")
    if new is not None:
        _start(new, name, output)
    elif place is not None:
        _choose(place, ref, output)
    elif anew:
        _refresh(output)
    else:
        _tell_present(output)


def _choose(text: str, ref: str | None, output: Output) -> None:
    place = parse_place(text, ref, environment=os.environ, home=home(), start=Path.cwd())
    _tell_access(place, output)
    copy, catalog = _read(place, output)
    write_choice(place, home())
    _tell(place, copy, catalog, output)
    if place.place.startswith("http://") and place.kind == "git":
        output.warn("http:// protects nothing: who sits between can change the catalog; use https:// or ssh")
    source = source_of(None, os.environ, home(), Path.cwd())
    if source is not None and source.place != place:
        output.note(f"here commands use another one, named by {source.named_by}: {source.place.shown}")
    configured = registry_address(os.environ, home())
    if place.kind == "registry" and place.place != configured:
        output.note("approvals are read from the server in MLFLOW_TRACKING_URI; set it to this one")
    output.note("next: hub list")


def _tell_access(place: CatalogPlace, output: Output) -> None:
    """Say which server is asked, and with what, before it is."""
    if place.kind != "registry" or not place.place.startswith(("http://", "https://")):
        return
    from hub.registry.access import NOTHING
    from hub.registry.open import access_to

    access = access_to(place.place, os.environ, home())
    address = urlsplit(place.place)
    sent = "the password in its address" if address.username and access.auth() is None else access.kind
    output.note(f"asking {printable(address.netloc.rpartition('@')[2])} with {sent}")
    if address.scheme == "http" and not sent.startswith(NOTHING) and address.hostname not in _OWN:
        output.warn("http:// hides nothing: who sits between can read it and use it; take https://")


def _refresh(output: Output) -> None:
    source = source_of(None, os.environ, home(), Path.cwd())
    place = read_choice(home()) or (source.place if source else None)
    if place is None:
        raise UsageProblem("no catalog is chosen yet", hint="hub init PLACE")
    before = last_copy(place, home())
    copy, catalog = _read(place, output)
    _tell(place, copy, catalog, output)
    if before is not None and before.commit is not None:
        same = before.commit == copy.commit
        output.note("nothing is new there" if same else f"before it was commit {before.commit[:12]}")


def _read(place: CatalogPlace, output: Output) -> tuple[Copy, Catalog]:
    with output.status() as doing:
        doing(f"reading {place.shown}")
        copy = refresh(place, os.environ, home().ready(), now=dt.datetime.now(dt.UTC))
        return copy, load_whole(copy.folder)


def _tell(place: CatalogPlace, copy: Copy, catalog: Catalog, output: Output) -> None:
    facts = [("catalog", place.shown), ("holds", _holdings(catalog)), *_copy_facts(copy)]
    output.data(_value(place, copy), rows_of([*facts, ("refresh", _when_refreshed(place))]))
    output.essential(str(copy.folder))


def _tell_present(output: Output) -> None:
    choice = read_choice(home())
    source = source_of(None, os.environ, home(), Path.cwd())
    chosen = choice.shown if choice else "nothing yet: hub init PLACE"
    facts = [("hub init chose", chosen), *([("kept in", str(choice_path(home())))] if choice else [])]
    copy = None
    if source is not None:
        copy = _present_copy(source)
        facts += [("commands here use", source.place.shown), ("named by", source.named_by)]
        facts += [("holds", _holds(copy)), *_copy_facts(copy), ("refresh", _when_refreshed(source.place))]
    else:
        facts.append(("commands here use", "none: no catalog is named anywhere"))
    value = {
        "chosen": _place_value(choice) if choice else None,
        "used": {**_value(source.place, copy), "named_by": source.named_by} if source else None,
    }
    output.data(value, rows_of(facts))
    output.essential(str(copy.folder) if copy else "none")


def _when_refreshed(place: CatalogPlace) -> str:
    if place.kind == "folder":
        return "not needed: it is read as it is"
    if reads_by_the_way(place):
        return "by the next command after a day, or now: hub init --refresh"
    return "when you ask: hub init --refresh"


def _present_copy(source: Source) -> Copy | None:
    if source.place.kind == "folder":
        return Copy(Path(source.place.place), dt.datetime.now(dt.UTC))
    return last_copy(source.place, home())


def _holds(copy: Copy | None) -> str:
    if copy is None:
        return "not read yet; the next command reads it"
    try:
        return _holdings(load_whole(copy.folder))
    except ReportedError as error:
        return f"cannot be read: {error.message}"


def _holdings(catalog: Catalog) -> str:
    models = f"{count(len(catalog.cards), 'model')} ({len(catalog.locks)} locked)"
    policies = "1 policy" if len(catalog.policies) == 1 else f"{len(catalog.policies)} policies"
    return ", ".join(
        (models, count(len(catalog.tasks), "task"), count(len(catalog.protocols), "protocol"), policies)
    )


def _copy_facts(copy: Copy | None) -> list[tuple[str, str]]:
    if copy is None or home().cache not in copy.folder.parents:
        return []
    read = f"{ago(dt.datetime.now(dt.UTC) - copy.read_at)} ({copy.read_at:%Y-%m-%d %H:%M} UTC)"
    commit = [("commit", copy.commit)] if copy.commit else []
    return [*commit, ("read", read), ("folder", str(copy.folder))]


def _place_value(place: CatalogPlace) -> dict[str, Any]:
    return {"kind": place.kind, "place": parse_address(place.place).shown, "ref": place.ref}


def _value(place: CatalogPlace, copy: Copy | None) -> dict[str, Any]:
    read = {
        "folder": str(copy.folder) if copy else None,
        "commit": copy.commit if copy else None,
        "read_at": copy.read_at.isoformat(timespec="seconds") if copy else None,
    }
    return {**_place_value(place), **read}


def _start(folder: Path, name: str | None, output: Output) -> None:
    from hub.new_catalog import new_catalog

    written = new_catalog(folder, name or "your-organization")
    facts = [
        ("catalog/", "a model, a task with its data, three protocols, a policy: examples that work"),
        ("schemas/, .vscode/", "keys are completed and checked as one types"),
        (".github/workflows/", "check, evaluate on a GPU runner, comment the report, promote on merge"),
        ("CODEOWNERS, keys/", "who may approve what; whose signature counts"),
        ("README.md", "the five steps from here"),
    ]
    output.data({"folder": str(folder), "files": list(written)}, rows_of(facts))
    output.essential(str(folder))
    if name is None:
        output.note(
            "owners are teams of your-organization: give --name, or replace it in CODEOWNERS and README.md"
        )
    output.note(
        f"next: cd {folder}; hub catalog check; git init -b main; git add -A; git commit -m 'A catalog'"
    )
    output.note("then push it, and everybody once: hub init ADDRESS")
