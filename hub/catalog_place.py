"""Which catalog this machine uses: what `hub init` was told, kept as one small document under HUB_HOME.

In: a place as a person types it. Out: a frozen `CatalogPlace`, of one of three kinds: a folder, a git repository, the
catalog that was published in a registry. Nothing is fetched here; bringing a place onto this machine is
`hub.catalog_copy`. An address may carry a password, so it is shown and logged only through `hub.address`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from evaluators.document import Document
from evaluators.errors import InvalidDocument, UsageProblem
from hub.address import is_torn, parse_address
from hub.catalog import FOLDERS, catalog_in
from hub.home import Home
from hub.registry.address import registry_address
from hub.staging import place_file, staged_file

KINDS = "a folder, a git address (https://, ssh://, git@host:path), or mlflow for what `hub sync` published"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
#: git@host:path, as ssh knows it. No part may begin with a dash, which a program could take for an option.
_SCP = re.compile(r"(?:\w[\w.+-]*@)?\w[\w.-]*:[^-:\s].*")
_REF = re.compile(r"\w(?:[\w./+-]*[\w+-])?")
#: A password before an @, in the form that has no place for one.
_SCP_PASSWORD = re.compile(r"[^/@:]+:[^/]+@[^/@]+:")


class CatalogPlace(Document):
    """A catalog, by where it lies."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    kind: Literal["folder", "git", "registry"]
    place: str
    """An absolute folder, a git address, or the address of a registry."""
    ref: str | None = None
    """Branch or tag of a git repository; None: the one that it names as its own."""

    @property
    def shown(self) -> str:
        """The place for people, without a password."""
        words = {"folder": "folder", "git": "git", "registry": "published at"}
        branch = f", branch {self.ref}" if self.ref else ""
        return f"{words[self.kind]} {parse_address(self.place).shown}{branch}"


def folder_place(folder: Path) -> CatalogPlace:
    """Return the place of a catalog on this machine."""
    return CatalogPlace(kind="folder", place=str(folder.absolute()))


def parse_place(
    text: str, ref: str | None, *, environment: Mapping[str, str], home: Home, start: Path
) -> CatalogPlace:
    """Return the place that a person means.

    Args:
        text: A folder, a git address, `mlflow`, or the address of an MLflow server. A web address with a path is git's,
            unless it is the configured server's.
        ref: Branch or tag, for git alone.
        environment: Names the configured server.
        home: Holds the registry that is used where none is configured.
        start: Relative folders begin here.

    Raises:
        UsageProblem: If it is no place of a kind that is known, or a folder that is no catalog.
    """
    if not text.strip() or text.startswith("-") or any(ord(char) < 32 for char in text):
        raise UsageProblem(f"{text!r} is no place of a catalog", hint=f"name {KINDS}")
    if ref is not None and (not _REF.fullmatch(ref) or ".." in ref):
        raise UsageProblem(f"{ref!r} cannot be a branch or a tag", hint="for example --ref main")
    found = _address(text, ref, registry_address(environment, home)) or _on_disk(text, ref, start)
    if ref is not None and found.kind != "git":
        raise UsageProblem(
            f"--ref is a branch of a git repository, this is a {found.kind}", hint="leave it out"
        )
    return found


def read_choice(home: Home) -> CatalogPlace | None:
    """Return what `hub init` chose, or None if it never ran.

    Raises:
        InvalidDocument: If the document cannot be read.
    """
    path = choice_path(home)
    try:
        return CatalogPlace.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise InvalidDocument(
            f"{path} does not say which catalog is meant", hint="choose again: hub init PLACE"
        ) from error


def write_choice(place: CatalogPlace, home: Home) -> Path:
    """Keep a choice, in one step; for its owner's eyes, because an address may hold a password.

    Raises:
        EnvironmentProblem: If HUB_HOME cannot be written.
    """
    path = choice_path(home.ready())
    try:
        with staged_file(path.parent) as stream:
            stream.write(place.model_dump_json(by_alias=True, indent=1).encode("utf-8"))
            place_file(stream, path, mode=0o600)
    except OSError as error:
        raise home.unwritable(error) from error
    return path


def choice_path(home: Home) -> Path:
    """Return where the choice is kept."""
    return home.root / "catalog.json"


def _address(text: str, ref: str | None, configured: str) -> CatalogPlace | None:
    """Return the place that an address means; None if it is none."""
    if text == "mlflow":
        return CatalogPlace(kind="registry", place=configured)
    scheme = _SCHEME.match(text)
    if scheme is None:
        if _HELPER.match(text):
            raise UsageProblem(
                f"{parse_address(text).shown}: git's remote helpers are not used here", hint=f"name {KINDS}"
            )
        if _SCP_PASSWORD.match(text):
            raise UsageProblem(
                "an address of the form git@host:path has no place for a password",
                hint="ssh takes a key",
            )
        return CatalogPlace(kind="git", place=text, ref=ref) if _is_scp(text) else None
    try:
        torn = is_torn(urlsplit(text))
    except ValueError as error:
        raise UsageProblem(f"that is no address ({error})", hint=f"name {KINDS}") from error
    if torn:
        raise UsageProblem(
            f"{parse_address(text).shown} stood behind a password that is not encoded",
            hint="in an address / is %2F, ? is %3F, # is %23; or leave it out and use a credential helper",
        )
    name = scheme.group(1).lower()
    if name in {"git+https", "git+ssh", "git+file"}:
        return CatalogPlace(kind="git", place=text.removeprefix("git+"), ref=ref)
    if name in {"ssh", "file"}:
        return CatalogPlace(kind="git", place=text, ref=ref)
    if name in {"http", "https"}:
        kind: Literal["git", "registry"] = "git" if ref or _is_git(text, configured) else "registry"
        return CatalogPlace(kind=kind, place=text, ref=ref)
    raise UsageProblem(f"no catalog can be read from {parse_address(text).shown}", hint=f"name {KINDS}")


def _is_git(text: str, configured: str) -> bool:
    """Whether a web address is a repository's: it has a path, and is not the server that is configured."""
    return bool(urlsplit(text).path.strip("/")) and text.rstrip("/") != configured.rstrip("/")


def _is_scp(text: str) -> bool:
    return _SCP.fullmatch(text) is not None and "/" not in text.partition(":")[0]


def _on_disk(text: str, ref: str | None, start: Path) -> CatalogPlace:
    given = start / Path(text).expanduser()
    if not given.is_dir():
        raise UsageProblem(f"there is no folder {given}", hint=f"name {KINDS}")
    folder = catalog_in(given)
    is_bare = (given / "HEAD").is_file() and (given / "objects").is_dir()
    if is_bare or (ref is not None and (given / ".git").exists()):
        return CatalogPlace(kind="git", place=str(given.absolute()), ref=ref)
    if folder is None:
        missing = ", ".join(f"{name}/" for name in FOLDERS if not (given / name).is_dir())
        raise UsageProblem(
            f"{given} is no catalog, and holds none in catalog/: it has no {missing}",
            hint=f"start one of your own: hub init --new {text}-catalog",
        )
    return folder_place(folder)
