"""`hub propose`: the first steps of a pull request that adds a model."""

from __future__ import annotations

from pathlib import Path

import click

from evaluators.errors import EnvironmentProblem
from hub.cli.options import catalog_option, format_option, home, open_checkout
from hub.cli.output import Output, rows_of


@click.command(
    epilog="\b\nhub propose sentence-transformers/all-MiniLM-L12-v2\nhub propose ./checkpoint --id our-encoder-v1"
)
@click.argument("place")
@click.option("--id", "name", help="Id of the card. Default: made of the place's name.")
@catalog_option
@format_option
def propose(place: str, name: str | None, catalog_folder: Path | None, output: Output) -> None:
    """Draft the card of the model at PLACE (a folder, or a Hub repository) and lock its bytes.

    Facts come from its configuration; what only a person can say is a TODO. Nothing is admitted that could run code:
    no pickle, no remote code.
    """
    from hub.lock import write_lock
    from hub.locking import lock_card
    from hub.propose import propose as draft

    catalog = open_checkout(catalog_folder)
    proposal = draft(place, name, catalog)
    card, told = proposal.card, list[str]()
    with output.transfers("reading") as tell:
        locked = lock_card(card, catalog, home().ready(), progress=tell, note=told.append)
    target = catalog.folder / "models" / f"{card.id}.yaml"
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(proposal.text)
    except OSError as error:
        raise EnvironmentProblem(
            f"{target} cannot be written ({error.strerror})", hint="propose in a checkout"
        ) from error
    write_lock(target.with_name(f"{card.id}.lock.json"), locked)
    facts = [
        ("card", str(target)),
        (
            "model",
            f"{locked.structure.architecture}, {locked.structure.parameters:,} parameters, {card.library}",
        ),
        ("bytes", f"{locked.size / 1e6:.1f} MB in {len(locked.files)} files, digest {locked.digest[:12]}"),
        ("licence", f"{card.licence.spdx} ({card.licence.use})"),
    ]
    output.data({"card": str(target), "digest": locked.digest, "id": card.id}, rows_of(facts))
    output.essential(card.id)
    for sentence in told:
        output.note(sentence)
    output.note(
        "next: answer every TODO in the card; set lifecycle to active, with `since` and `review_by`; "
        "hub catalog check; commit both files on a branch and open a pull request"
    )
    output.note(f"then: hub evaluate {card.id} --task TASK")
