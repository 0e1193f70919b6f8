"""A checkpoint in a folder that nobody proposed, as a candidate: measured like any other, and never promoted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hub.card import Lifecycle
from hub.catalog import Catalog
from hub.home import Home
from hub.locking import lock_card
from hub.progress import Progress
from hub.propose import id_of, propose

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
        models: Ids of cards, and folders.
        catalog: Where the cards are.
        home: Where the folders' bytes are kept from then on.
        progress: Told about bytes as they are read.
        today: Since when a folder counts as active.

    Raises:
        InvalidDocument: If a folder holds no base model that may be loaded here.
    """
    names: list[str] = []
    active, proposed, locks = dict(catalog.cards), dict(catalog.cards), dict(catalog.locks)
    for name in models:
        if name in catalog.cards or not Path(name).is_dir():
            names.append(name)
            continue
        own = f"{PREFIX}{id_of(name)}"[:63]
        card = propose(name, own, catalog).card
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
