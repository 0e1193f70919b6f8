"""The part of `hub promote` that is about adapted models: `--adapted DIR`."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

from hub.catalog import Catalog
from hub.cli.options import home
from hub.cli.output import Output, Table
from hub.cli.telling import tell_decision
from hub.log_cache import remember
from hub.promotion_log import Record, utc
from hub.registry.address import registry_address
from hub.signing import open_keyring, open_signer

if TYPE_CHECKING:
    from hub.adapted.record import AskedToPromote


def promote_an_adapted(asked: AskedToPromote, catalog: Catalog, output: Output) -> None:
    """Measure, judge and promote an adapted model's folder, and say what came of it."""
    from hub.adapted.promotion import Person, Telling, promote_folder
    from hub.adapted.record import refusal
    from hub.registry.mlflow_log import RegistryLog
    from hub.registry.open import open_registry

    place = home().ready()
    registry = open_registry(os.environ, place)
    person = Person(open_signer(place.keys), open_keyring(place.keys))
    told: list[str] = []
    with output.status() as doing:

        def say(sentence: str) -> None:
            told.append(sentence)
            doing(sentence)

        outcome = promote_folder(asked, catalog, registry, place, person=person, telling=Telling(doing, say))
    if outcome.decision is not None:
        tell_decision(outcome.decision, output)
    if outcome.record is None:
        assert outcome.decision is not None
        output.data(outcome.decision.model_dump(mode="json"))
        output.note(f"evidence: {outcome.evidence}")
        raise refusal(outcome.decision)
    for sentence in told:
        output.note(sentence)
    entries = RegistryLog(registry).entries()
    remember(place, registry_address(os.environ, place), entries, now=utc(dt.datetime.now(dt.UTC)))
    output.data(outcome.record.model_dump(mode="json"), approved_table(outcome.record))
    output.essential(f"{outcome.record.model}:{outcome.record.version}")
    if outcome.evidence is not None:
        output.note(f"evidence: {outcome.evidence}")
    output.note(
        f'next: hub pull {outcome.record.model}   in a project; then hub.load("{outcome.record.model}")'
    )


def approved_table(record: Record) -> Table:
    """Return what a record approves."""
    rows = tuple(
        (task.task, task.strategy, "\n".join([task.score, *(waiver.words for waiver in task.waivers)]))
        for task in record.tasks
    )
    title = f"{record.model} version {record.version} is {record.alias} (record {record.sequence}, {record.created})"
    return Table(("task", "strategy", "score"), rows, title=title, wrap=frozenset({"score"}))
