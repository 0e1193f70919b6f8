"""The catalog folder as one value: cards and their locks, tasks, protocols, policies.

In: a folder of reviewed files. Out: a frozen `Catalog`. Cards and locks are read at once, because every command needs
them; tasks, protocols and policies when they are first asked for, so that a listing stays fast. Reading is strict: one
file that is not valid is an error, not a gap. Whether the files fit each other is `hub.catalog_check`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from evaluators.document import Document, read_document
from evaluators.errors import InvalidDocument, UsageProblem
from evaluators.names import is_safe_name, unknown_name
from hub.card import Card
from hub.lock import Lock, read_lock

if TYPE_CHECKING:
    from evaluators.protocol import Protocol
    from evaluators.task import Task
    from hub.policy import Policy

LOCK_SUFFIX = ".lock.json"
#: What a catalog consists of; only the first must be there.
FOLDERS = ("models", "tasks", "protocols", "policies")

DocumentT = TypeVar("DocumentT", bound=Document)
ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Catalog:
    """Everything that git says we want.

    Attributes:
        folder: Where it was read from; relative directories of cards and tasks start here.
        cards: Cards by id.
        locks: Locks by the id of their card; a card without one is only a proposal.
    """

    folder: Path
    cards: Mapping[str, Card]
    locks: Mapping[str, Lock]

    @functools.cached_property
    def tasks(self) -> Mapping[str, Task]:
        """Tasks by id."""
        from evaluators.task import Task

        return _read_folder(self.folder / "tasks", Task)

    @functools.cached_property
    def protocols(self) -> Mapping[str, Protocol]:
        """Protocols by id."""
        from evaluators.protocol import Protocol

        return _read_folder(self.folder / "protocols", Protocol)

    @functools.cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Policies by id."""
        from hub.policy import Policy

        return _read_folder(self.folder / "policies", Policy)

    def card(self, name: str) -> Card:
        """Return one card.

        Raises:
            UsageProblem: If there is none, with the nearest names.
        """
        return _named(self.cards, "model", name)

    def task(self, name: str) -> Task:
        """Return one task; see `card`."""
        return _named(self.tasks, "task", name)

    def protocol(self, name: str) -> Protocol:
        """Return one protocol; see `card`."""
        return _named(self.protocols, "protocol", name)

    def policy(self, name: str) -> Policy:
        """Return one policy; see `card`."""
        return _named(self.policies, "policy", name)


def load_catalog(folder: Path) -> Catalog:
    """Read a catalog.

    Raises:
        InvalidDocument: If a card or lock is not valid; every invalid one is named.
        UsageProblem: If the folder is no catalog.
    """
    models = folder / "models"
    if not models.is_dir():
        raise _no_catalog(f"{folder} has no folder models/")
    cards = _read_folder(models, Card)
    locks = _read_all(sorted(models.glob(f"*{LOCK_SUFFIX}")), lambda path: (lock_id(path), read_lock(path)))
    return Catalog(folder=folder, cards=cards, locks=locks)


def load_whole(folder: Path) -> Catalog:
    """Read a catalog with all its documents, so that one that is not valid is noticed now; errors as `load_catalog`."""
    catalog = load_catalog(folder)
    for _ in (catalog.tasks, catalog.protocols, catalog.policies):
        pass
    return catalog


def find_catalog(option: Path | str | None, environment: Mapping[str, str], cwd: Path) -> Path:
    """Return the folder of the catalog: what the option says, else HUB_CATALOG, else the nearest one above `cwd`.

    Args:
        option: `--catalog`, or None.
        environment: Where HUB_CATALOG is looked up.
        cwd: Where the search starts; a project is found from anywhere inside it.

    Raises:
        UsageProblem: If there is none.
    """
    for name, value in (("--catalog", option), ("HUB_CATALOG", environment.get("HUB_CATALOG"))):
        if value:
            given = cwd / Path(value).expanduser()
            folder = catalog_in(given)
            if folder is None:
                raise _no_catalog(f"{name} names {given}, which has no folder models/")
            return folder
    nearest = nearest_catalog(cwd)
    if nearest is None:
        raise no_catalog_above(cwd)
    return nearest


def catalog_in(folder: Path) -> Path | None:
    """Return the catalog that a folder is, or holds as `catalog/`; None if there is none."""
    return next((found for found in (folder, folder / "catalog") if (found / "models").is_dir()), None)


def nearest_catalog(start: Path) -> Path | None:
    """Return the nearest catalog above a folder, or None."""
    for parent in (start, *start.parents):
        if (parent / "catalog" / "models").is_dir():
            return parent / "catalog"
        if parent.name == "catalog" and (parent / "models").is_dir():
            return parent
    return None


def no_catalog_above(start: Path) -> UsageProblem:
    """Return the error for a folder that no catalog stands above."""
    return _no_catalog(f"no folder above {start} holds catalog/models")


def document_paths(folder: Path) -> tuple[Path, ...]:
    """Return the YAML files of one folder of a catalog, sorted."""
    return tuple(sorted(folder.glob("*.yaml")))


def lock_id(path: Path) -> str:
    """Return the id of the card that a lock file belongs to."""
    return path.name.removesuffix(LOCK_SUFFIX)


def read_named(path: Path, model: type[DocumentT]) -> tuple[str, DocumentT]:
    """Read one document of a catalog: its id is the name of its file.

    Raises:
        InvalidDocument: If it is not valid, or is named otherwise.
    """
    document = read_document(path, model)
    name = str(getattr(document, "id", ""))
    if name != path.stem:
        raise InvalidDocument(
            f"{path}: its id is {name!r}, but its file is called {path.name}",
            hint=f"rename the file to {name}.yaml" if is_safe_name(name) else "give both one name",
        )
    return name, document


def _read_folder(folder: Path, model: type[DocumentT]) -> Mapping[str, DocumentT]:
    return _read_all(document_paths(folder), lambda path: read_named(path, model))


def _read_all(
    paths: tuple[Path, ...] | list[Path], read: Callable[[Path], tuple[str, ValueT]]
) -> Mapping[str, ValueT]:
    """Read every file, or name every one that is not valid."""
    found: dict[str, ValueT] = {}
    problems: list[InvalidDocument] = []
    for path in paths:
        try:
            name, value = read(path)
            found[name] = value
        except InvalidDocument as problem:
            problems.append(problem)
    if problems:
        hint = next((problem.hint for problem in problems if problem.hint), None)
        raise InvalidDocument("\n".join(problem.message for problem in problems), hint=hint)
    return MappingProxyType(found)


def _named(values: Mapping[str, ValueT], what: str, name: str) -> ValueT:
    try:
        return values[name]
    except KeyError:
        raise unknown_name(what, name, values) from None


def _no_catalog(message: str) -> UsageProblem:
    return UsageProblem(
        message,
        hint="choose a catalog once with `hub init PLACE`, or name its folder with --catalog or HUB_CATALOG",
    )
