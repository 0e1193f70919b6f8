"""From what a person chose to a prepared plan: folders taken in, the log read, names resolved, remarks told.

In: a `Choice`. Out: a `Prepared` plan. What should be known before anything is spent is told to a `Teller`.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace

from evaluators.data.task_data import TaskData
from evaluators.errors import EnvironmentProblem, UsageProblem
from hub.catalog import Catalog
from hub.choice import Choice
from hub.home import Home
from hub.leak_gate import LeakLimit
from hub.log_cache import known_history, remember
from hub.preparation import Asked, Prepared, prepare
from hub.promotion_log import utc
from hub.registry.address import registry_address
from hub.teller import Teller
from hub.unproposed import Taken, take_folders


def with_folders(choice: Choice, catalog: Catalog, home: Home, teller: Teller) -> tuple[Choice, Taken]:
    """Return the choice with folders of checkpoints taken in as candidates."""
    today = dt.datetime.now(dt.UTC).date()
    with teller.transfers("reading") as tell:
        taken = take_folders(choice.models, catalog, home, tell, today=today)
    return replace(choice, models=taken.models), taken


def prepare_choice(
    choice: Choice, catalog: Catalog, home: Home, teller: Teller, *, leaks: LeakLimit | None = None
) -> Prepared:
    """Resolve, fetch and verify what a choice names, and plan it; `leaks`: how many are allowed, None: any number."""
    address = registry_address(os.environ, home)
    if choice.final:
        _refresh(address, home, teller)
    history, read_at = known_history(home, address)
    wanted = replace(asked(choice, catalog), leaks=leaks or LeakLimit(allowed=choice.allow_leaks))
    with teller.transfers("fetching") as tell:
        prepared = prepare(wanted, catalog, history, home, tell)
    met = sorted(row.candidate.name for row in prepared.plan.request.candidates if row.role == "incumbent")
    if met:
        teller.note(f"beside what is approved now ({', '.join(met)}), as read from the registry on {read_at}")
    for note in prepared.notes:
        teller.note(note)
    for name in prepared.plan.request.personal_tasks:
        teller.note(_personal(prepared.data[name]))
    return prepared


def _personal(data: TaskData) -> str:
    """Say what a person's own data were taken for."""
    sizes = ", ".join(f"{name} {size:,}" for name, size in data.sizes.items())
    copies = ", ".join(
        f"{data.duplicates[kind]:,} {kind}" for kind in ("exact", "normalised") if data.duplicates.get(kind)
    )
    return (
        f"your data, as {data.task}: {len(data.labels):,} classes; {sizes}; copies between the splits: "
        f"{copies or 'none'}. A personal task: it can promote nothing (hub task new makes a reviewed one)"
    )


def _refresh(address: str, home: Home, teller: Teller) -> None:
    """Read the promotion log of a server: what is decided on a locked test must have met what is approved now."""
    if not address.startswith(("http://", "https://")):
        return  # a local store is written by this machine, which remembers what it wrote
    from hub.registry.mlflow_log import LogReader
    from hub.registry.open import open_reader

    try:
        entries = LogReader(open_reader(os.environ, home)).entries()
    except EnvironmentProblem as error:
        teller.warn(
            f"what is approved now could not be read, so nothing is compared with it: {error.message}"
        )
    else:
        remember(home, address, entries, now=utc(dt.datetime.now(dt.UTC)))


def asked(choice: Choice, catalog: Catalog) -> Asked:
    """Return what a choice asks for, its models by name.

    Raises:
        UsageProblem: If no model is named.
    """
    models = choice.models
    if choice.every:
        # Of models that read something else than the tasks named, none is meant.
        read = {catalog.task(name).modality for name in choice.tasks}
        read |= {choice.own.modality} if choice.own else set()
        read = read or {"text", "image"}
        models = tuple(
            name
            for name, card in catalog.cards.items()
            if name in catalog.locks and card.lifecycle.state == "active" and card.modality in read
        )
    if not models:
        raise UsageProblem("no model is named", hint="hub evaluate MODEL --task TASK; models: hub list")
    return Asked(models, choice.tasks, choice.protocol, choice.strategies, choice.final, choice.own)
