"""A checkpoint that nobody proposed (a folder, a run of MLflow) as a candidate: measured, and never promoted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.errors import UsageProblem
from hub.card import Card, Lifecycle
from hub.catalog import Catalog
from hub.home import Home
from hub.locking import lock_card
from hub.progress import Progress
from hub.propose import id_of, propose
from hub.run_place import names_a_run

#: What the names of such candidates begin with; a card's id may, too, and then the card is meant.
PREFIX = "folder-"


@dataclass(frozen=True, eq=False)
class Taken:
    """A catalog with what was named by a folder.

    Attributes:
        models: Names of all candidates, in the order they were named.
        measuring: For the evaluation, in which everything counts as active.
        judging: For the gate, to which a folder's card is a proposal.
    """

    models: tuple[str, ...]
    measuring: Catalog
    judging: Catalog


def take_folders(
    models: Sequence[str], catalog: Catalog, home: Home, progress: Progress, *, today: dt.date
) -> Taken:
    """Read, check and admit every model that is named by its folder.

    Args:
        models: Ids of cards, folders, and places of MLflow.
        catalog: Where the cards are.
        home: Where the folders' bytes are kept from then on.
        progress: Told about bytes as they are read.
        today: Since when a folder counts as active.

    Raises:
        UsageProblem: If a path leads nowhere.
        InvalidDocument: If a folder holds no base model that may be loaded here.
    """
    names: list[str] = []
    active, proposed, locks = dict(catalog.cards), dict(catalog.cards), dict(catalog.locks)
    for name in models:
        if name in catalog.cards or not (Path(name).is_dir() or names_a_run(name)):
            names.append(_card_name(name, catalog))
            continue
        card = _drafted(name, catalog)
        own = card.id
        locks[own] = lock_card(card, catalog, home, progress=progress)
        proposed[own] = card
        active[own] = card.model_copy(update={"lifecycle": Lifecycle(state="active", since=today)})
        names.append(own)
    if tuple(names) == tuple(models):
        return Taken(tuple(models), catalog, catalog)
    return Taken(
        tuple(names),
        replace(catalog, cards=active, locks=locks),
        replace(catalog, cards=proposed, locks=locks),
    )


def _card_name(name: str, catalog: Catalog) -> str:
    """Return a name that is not a folder's, unless it can only have meant a folder or a task."""
    if name not in catalog.cards and name in catalog.tasks:
        raise UsageProblem(f"{name} is a task, not a model", hint=f"--task {name}")
    if name in catalog.cards or not (set("/\\") & set(name)):
        return name
    if Path(name).exists():
        raise UsageProblem(
            f"{name} is a file, and a model is a folder", hint=f"name its folder: {Path(name).parent}"
        )
    raise UsageProblem(
        f"there is no folder {name}",
        hint=f"is it a repository of the Hub? it is proposed first: hub propose {name}",
    )


def _drafted(place: str, catalog: Catalog) -> Card:
    """Return the draft under a name that says where it came from."""
    if not names_a_run(place):
        return propose(place, f"{PREFIX}{id_of(place)}"[:63], catalog).card
    card = propose(place, None, catalog).card
    return card.model_copy(update={"id": f"{PREFIX}{card.id}"[:63]})
