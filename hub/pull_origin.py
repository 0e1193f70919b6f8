"""Where a pull on this machine looks, and whom it believes: registry, log, keys, store, and card states.

In: the environment and HUB_HOME. Out: an `Origin`. The log is kept as it was read, so that a log whose end was
removed is noticed before any byte.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from evaluators.errors import EnvironmentProblem, InvalidDocument, UsageProblem
from hub.blobs import BlobStore
from hub.catalog_search import open_catalog, refresh_published
from hub.deliver import Origin
from hub.home import Home
from hub.log_cache import remember
from hub.promotion_log import utc
from hub.registry.address import registry_address
from hub.registry.mlflow_log import LogReader
from hub.registry.open import open_reader
from hub.signing import open_keyring
from hub.teller import Teller


def open_origin(home: Home, start: Path, teller: Teller) -> Origin:
    """Open what a pull needs.

    Args:
        home: HUB_HOME.
        start: Where a catalog is looked for.
        teller: Who is told what cannot be checked.

    Raises:
        EnvironmentProblem: If the registry cannot be opened.
        IntegrityError: If the log is not what this machine has seen before.
    """
    home.ready()
    reader = open_reader(os.environ, home)
    log = LogReader(reader)
    if _keep_log(home, log, teller):
        refresh_published(reader, os.environ, home, start, tell=teller.warn)
    keys, store = open_keyring(home.keys), BlobStore(home)
    try:
        catalog = open_catalog(None, os.environ, home, start, tell=teller.warn)
    except UsageProblem:
        if os.environ.get("HUB_CATALOG"):
            raise
        # A project has no catalog at hand: records and revocations still hold, only card states are not checked.
        return Origin(reader, log, keys, store)
    except (EnvironmentProblem, InvalidDocument) as error:
        teller.warn(f"whether a card was deprecated or retired is not checked: {error.message}")
        return Origin(reader, log, keys, store)
    lifecycles = {name: card.lifecycle for name, card in catalog.cards.items()}
    rules = catalog.policies.get("default")
    return Origin(reader, log, keys, store, lifecycles, rules.alias if rules else "approved")


def _keep_log(home: Home, log: LogReader, teller: Teller) -> bool:
    """Keep what the log says now, and whether it could be read; an offline restore brings its bytes without it."""
    now = utc(dt.datetime.now(dt.UTC))
    try:
        remember(home, registry_address(os.environ, home), log.entries(), now=now)
    except EnvironmentProblem as error:
        teller.warn(f"the promotion log could not be read: {error.message}")
        return False
    return True
