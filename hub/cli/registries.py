"""`hub sync` and `hub server`: the registry as people see it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import click

from hub.cli.options import catalog_option, format_option, home, open_checkout
from hub.cli.output import Output, Table
from hub.log_cache import remember
from hub.promotion_log import utc
from hub.registry.address import registry_address
from hub.signing import open_keyring, open_signer


@click.command()
@click.option("--plan", "plan_only", is_flag=True, help="Say what would be written, and write nothing.")
@catalog_option
@format_option
def sync(plan_only: bool, catalog_folder: Path | None, output: Output) -> None:
    """Make MLflow show what is approved, and nothing else.

    Touches only what carries the hub's own tag. A description, tag or alias that was changed by hand is put right; a
    second sync writes nothing. The catalog is published for clients that have no checkout of it.
    """
    from hub.registry.mlflow_log import LogReader
    from hub.registry.open import open_registry
    from hub.sync import sync as bring_in_step

    place, catalog = home().ready(), open_checkout(catalog_folder)
    registry = open_registry(os.environ, place)
    signer = open_signer(place.keys)
    keys = open_keyring(place.keys)
    with output.status() as tell:
        synced = bring_in_step(catalog, registry, keys=keys, signer=signer, plan_only=plan_only, tell=tell)
    remember(
        place,
        registry_address(os.environ, place),
        LogReader(registry).entries(),
        now=utc(dt.datetime.now(dt.UTC)),
    )
    changes = [change.sentence for change in synced.changes]
    if synced.published:
        changes.append("the catalog: publish it for clients without a checkout")
    value = {"changes": changes, "problems": list(synced.problems), "applied": synced.applied}
    heading = "written" if synced.applied else "would be written"
    output.data(
        value,
        *([Table((heading,), tuple((c,) for c in changes), wrap=frozenset({heading}))] if changes else []),
    )
    for problem in synced.problems:
        output.warn(problem)
    if synced.in_step:
        said = "nothing to write, but not all agrees" if synced.problems else "shows the catalog and the log"
        output.say(f"{registry.uri}: {said}; nothing was written")
    output.essential(str(len(changes)))


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@format_option
def server(port: int, host: str, output: Output) -> None:
    """Start the MLflow UI on this hub's store; Ctrl-C ends it."""
    from hub.server.serve import serve

    with serve(home(), port, host) as serving:
        output.data({"url": serving.url, "log": str(serving.log)}, Table(("open",), ((serving.models,),)))
        output.essential(serving.url)
        output.note("Ctrl-C ends it; projects use it with MLFLOW_TRACKING_URI=" + serving.url)
        raise SystemExit(serving.wait())
