"""`hub list` and `hub show`: what there is, read from the catalog and the promotion log as last read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from evaluators.candidate import Modality
from evaluators.errors import UsageProblem
from evaluators.names import nearest, unknown_name
from evaluators.wording import count
from hub.card import Card
from hub.catalog import Catalog
from hub.cli.options import catalog_option, format_option, home, open_catalog
from hub.cli.output import Output, Table, rows_of
from hub.log_cache import known_history
from hub.promotion_log import History, Record, latest
from hub.registry.address import registry_address
from hub.resolve import doubt
from hub.selection import KINDS, USES, Selection, parse_count


@click.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also proposed models, which are not measured yet.")
@click.option(
    "--task", "kind", help="Only for this: text-classification, image-classification, or a task's id."
)
@click.option("--use", type=click.Choice(list(USES)), help="Only what its licence allows to be used so.")
@click.option("--max-params", help="At most so many parameters: 100M, 1.5B.")
@catalog_option
@format_option
def list_models(
    everything: bool,
    kind: str | None,
    use: str | None,
    max_params: str | None,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """List the models of the catalog, and what each is approved for.

    Approved models first. A model is approved for a task by a signed record of the promotion log; proposed models are
    candidates for `hub evaluate` once their bytes are locked.
    """
    catalog = open_catalog(catalog_folder)
    history, read_at = known_history(home(), registry_address(os.environ, home()))
    selection = Selection(_modality(kind, catalog), use, parse_count(max_params) if max_params else None)
    chosen = [name for name, card in catalog.cards.items() if selection.fits(card, catalog.locks.get(name))]
    rows = sorted((_row(catalog, history, name) for name in chosen), key=lambda row: row["order"])
    shown = rows if everything else [row for row in rows if row["state"] != "proposed" or row["approved_for"]]
    hidden = len(rows) - len(shown)
    table = Table(
        ("model", "status", "approved for", "params", "licence"),
        tuple((r["model"], r["status"], r["best"], r["parameters_short"], r["licence"]) for r in shown),
        right=frozenset({"params"}),
        wrap=frozenset({"approved for"}),
    )
    output.data([{k: v for k, v in row.items() if k not in {"order", "best"}} for row in shown], table)
    for row in shown:
        output.essential(str(row["model"]))
    if len(chosen) < len(catalog.cards):
        output.note(f"{len(chosen)} of {count(len(catalog.cards), 'model')} are what you ask for")
    if hidden:
        output.note(f"{count(hidden, 'proposed model')} of them not shown: add --all")
    for warning in doubt(history):
        output.warn(warning)
    if not history.records:
        output.note(
            f"no approvals known here (log read: {read_at}); `hub history --refresh` reads the registry"
        )


def _modality(kind: str | None, catalog: Catalog) -> Modality | None:
    """Return what a kind of task, or a task of the catalog, reads."""
    if kind is None:
        return None
    if kind in KINDS:
        return KINDS[kind]
    if kind in catalog.tasks:
        return catalog.tasks[kind].modality
    raise unknown_name("task", kind, (*KINDS, *catalog.tasks))


@click.command()
@click.argument("name")
@catalog_option
@format_option
def show(name: str, catalog_folder: Path | None, output: Output) -> None:
    """Show one model, task, strategy, protocol or policy by its NAME."""
    from evaluators.strategy import STRATEGIES

    catalog = open_catalog(catalog_folder)
    strategies = {row.id: row for row in STRATEGIES}
    if name in catalog.cards:
        _show_model(catalog, name, output)
    elif name in strategies:
        row = strategies[name]
        facts = [
            ("strategy", f"{row.title} ({row.tier.value})"), ("trains", row.trains), ("wins", row.wins),
            ("defaults", ", ".join(f"{k}={v}" for k, v in row.defaults.items()) or "none"),
            *[
                (f"for {modality}s", ", ".join(f"{k}={v}" for k, v in settings.items()))
                for modality, settings in row.defaults_by_modality.items()
            ], ("source", row.source),
        ]  # fmt: skip
        output.data(dict(facts), rows_of(facts))
    else:
        document = catalog.tasks.get(name) or catalog.protocols.get(name) or catalog.policies.get(name)
        if document is None:
            known = [*catalog.cards, *catalog.tasks, *strategies, *catalog.protocols, *catalog.policies]
            close = nearest(name, known)
            raise UsageProblem(
                f"nothing is called {name!r}",
                hint=f"did you mean {' or '.join(close)}?" if close else "see `hub list --all`",
            )
        value = document.model_dump(mode="json", by_alias=True)
        output.data(
            value, rows_of([(key, _plain(item)) for key, item in value.items() if item not in (None, [], {})])
        )


def _show_model(catalog: Catalog, name: str, output: Output) -> None:
    card, lock = catalog.card(name), catalog.locks.get(name)
    history, _ = known_history(home(), registry_address(os.environ, home()))
    record = latest(history, name)
    parameters = lock.structure.parameters if lock else card.parameters
    facts = [
        ("model", f"{card.id}: {card.title}"),
        ("summary", card.summary),
        ("status", _status(card.lifecycle.state, record, locked=lock is not None)),
        *[("approved for", f"{t.task}: {t.strategy}, {t.score}") for t in (record.tasks if record else ())],
        ("parameters", f"{parameters:,}" if parameters else "not locked yet"),
        ("licence", f"{card.licence.spdx} ({card.licence.use})"),
        ("pre-training", f"{card.pretraining.text} ({card.pretraining.source})"),
        *_lineage(card),
        ("intended use", card.intended_use),
        *[("limit", text) for text in card.limits],
        *[("saw", f"{item.task}: {item.reason}") for item in card.contamination],
        ("owner", card.owner),
        ("digest", lock.digest if lock else f"not locked: hub catalog lock {name}"),
        ("next", f"hub pull {name}" if record else f"hub evaluate {name} --task TASK"),
    ]
    value: dict[str, Any] = {
        "card": card.model_dump(mode="json", by_alias=True),
        "lock": lock.model_dump(mode="json", by_alias=True) if lock else None,
        "digest": lock.digest if lock else None,
        "record": record.model_dump(mode="json") if record else None,
    }
    output.data(value, rows_of(facts))
    for warning in doubt(history):
        output.warn(warning)


def _lineage(card: Card) -> list[tuple[str, str]]:
    """Return what the card says of the model's making; not what was checked."""
    lineage = card.lineage
    if lineage is None:
        return []
    facts = (
        [("made from", f"{lineage.base} ({lineage.relation or 'as its run says'})")] if lineage.base else []
    )
    if lineage.run:
        where = f" on {lineage.server}" if lineage.server else ""
        facts.append(
            ("made by", f"run {lineage.run} of {lineage.experiment}, {lineage.user or 'nobody named'}{where}")
        )
    if lineage.commit:
        facts.append(("code", f"commit {lineage.commit}"))
    return facts


def _row(catalog: Catalog, history: History, name: str) -> dict[str, Any]:
    card, lock, record = catalog.cards[name], catalog.locks.get(name), latest(history, name)
    parameters = lock.structure.parameters if lock else card.parameters
    status = _status(card.lifecycle.state, record, locked=lock is not None)
    return {
        "model": name,
        "status": status,
        "state": card.lifecycle.state,
        "approved_for": [task.model_dump(mode="json") for task in record.tasks] if record else [],
        "best": ", ".join(f"{t.task} ({t.strategy} {100 * t.value:.1f})" for t in record.tasks)
        if record
        else "",
        "modality": card.modality,
        "parameters": parameters,
        "parameters_short": _short_count(parameters),
        "licence": card.licence.spdx,
        "order": (status != "approved", card.lifecycle.state == "proposed", name),
    }


def _status(state: str, record: Record | None, *, locked: bool) -> str:
    if state in {"deprecated", "retired"}:
        return state
    if record is not None:
        return "approved"
    return "candidate" if state == "active" and locked else "proposed"


def _short_count(value: int | None) -> str:
    if value is None:
        return "?"
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.1f}{unit}"
    return str(value)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return str(value)
