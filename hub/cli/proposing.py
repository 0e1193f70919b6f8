"""`hub propose`: the first steps of a pull request that adds a model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.options import catalog_option, format_option, home, open_checkout
from hub.cli.output import Output, Table, rows_of

if TYPE_CHECKING:
    from hub.card import Card
    from hub.lock import Lock
    from hub.propose import Proposal


@click.command(
    epilog="\b\nhub propose sentence-transformers/all-MiniLM-L12-v2\nhub propose ./checkpoint --id our-encoder-v1\n"
    "hub propose runs:/RUN_ID/model"
)
@click.argument("place")
@click.option("--id", "name", help="Id of the card. Default: made of the place's name.")
@click.option("--dry-run", is_flag=True, help="Print the card and write nothing; weights are not read.")
@catalog_option
@format_option
def propose(place: str, name: str | None, dry_run: bool, catalog_folder: Path | None, output: Output) -> None:
    """Draft the card of the model at PLACE, and lock its bytes.

    PLACE is a folder, a Hub repository, or a model of your MLflow: runs:/RUN_ID/PATH, models:/NAME/VERSION or
    models:/m-ID. Facts come from its configuration, the Hub's API, the run and the weights' headers; what only a person
    can say is a TODO. Nothing is admitted that could run code: no pickle, no remote code.
    """
    from hub.locking import lock_card
    from hub.proposal_files import place_proposal
    from hub.proposal_steps import steps_of, todos_of
    from hub.propose import propose as draft

    catalog = open_checkout(catalog_folder)
    proposal = draft(place, name, catalog)
    card, told = proposal.card, list(proposal.notes)
    if dry_run:
        _tell_draft(proposal, output)
        return
    with output.transfers("reading") as tell:
        locked = lock_card(card, catalog, home().ready(), progress=tell, note=told.append)
    target = place_proposal(catalog.folder, card.id, proposal.text, locked)
    todos, steps = todos_of(proposal.text), steps_of(card.id, target)
    value = {
        "card": str(target),
        "lock": str(target.with_name(f"{card.id}.lock.json")),
        "digest": locked.digest,
        "id": card.id,
        "todos": [asdict(todo) for todo in todos],
        "steps": list(steps),
        "notes": told,
    }
    output.data(value, rows_of(_facts(card, locked, target)))
    output.essential(card.id)
    for sentence in told:
        output.note(sentence)
    if output.format == "human":
        output.show(
            Table(
                ("line", "field", "to answer in the card"),
                tuple((str(todo.line), todo.field, todo.question or "?") for todo in todos),
                right=frozenset({"line"}),
                wrap=frozenset({"to answer in the card"}),
            )
        )
    output.say("Answer them, set lifecycle to active with `since` and `review_by`, then:")
    for step in ("hub catalog check", *steps):
        output.say(f"  {step}")
    if not steps:
        output.note("the catalog is in no git checkout: copy both files into the one that is reviewed")
    output.say(f"To measure it:  hub evaluate {card.id} --task TASK")


def _tell_draft(proposal: Proposal, output: Output) -> None:
    from hub.proposal_steps import todos_of

    todos = [asdict(todo) for todo in todos_of(proposal.text)]
    output.data({"id": proposal.card.id, "text": proposal.text, "todos": todos, "notes": proposal.notes})
    if output.format == "human":
        click.echo(proposal.text, nl=False)
    output.essential(proposal.card.id)
    for sentence in proposal.notes:
        output.note(sentence)
    output.note("nothing was written, and no weights were read")


def _facts(card: Card, locked: Lock, target: Path) -> list[tuple[str, str]]:
    facts = [
        ("card", str(target)),
        (
            "model",
            f"{locked.structure.architecture}, {locked.structure.parameters:,} parameters, {card.library}",
        ),
        ("bytes", f"{locked.size / 1e6:.1f} MB in {len(locked.files)} files, digest {locked.digest[:12]}"),
        ("licence", f"{card.licence.spdx} ({card.licence.use})"),
    ]
    lineage = card.lineage
    if lineage is not None and lineage.base:
        facts.append(("made from", f"{lineage.base} ({lineage.relation or 'as its run says'})"))
    if lineage is not None and lineage.run:
        when = f", {lineage.started}" if lineage.started else ""
        facts.append(("run", f"{lineage.run[:12]} of {lineage.experiment}, {lineage.user or '?'}{when}"))
    return facts
