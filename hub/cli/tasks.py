"""`hub task`: from a person's own data to a task that the organization reviews."""

from __future__ import annotations

import os
from pathlib import Path

import click

from evaluators.errors import UsageProblem
from hub.cli.options import catalog_option, home, own_data, own_data_options
from hub.cli.output import Output


@click.group()
def task() -> None:
    """Start a task of the catalog from your own data."""


@task.command(epilog="\b\nhub task new ticket-routing --data tickets.csv --text body --label queue")
@click.argument("name")
@own_data_options
@catalog_option
def new(
    name: str,
    data: str | None,
    text: str | None,
    label: str | None,
    images: str | None,
    catalog_folder: Path | None,
) -> None:
    """Write catalog/tasks/NAME.yaml from your data, with TODO where a person must answer.

    The file is filled with what can be known: digest, size, format, columns, splits. A reviewed task can promote
    models; your own data on the command line cannot.
    """
    from evaluators.data import load_task
    from evaluators.names import is_safe_name
    from evaluators.remarks import remarks_on
    from hub.catalog import find_catalog
    from hub.own_data import bring
    from hub.task_draft import draft_task, mirror_for

    output = Output("human")
    own = own_data(data, images, text, label)
    if own is None:
        raise UsageProblem(
            "no data are named", hint=f"hub task new {name} --data FILE --text COLUMN --label COLUMN"
        )
    if not is_safe_name(name):
        raise UsageProblem(
            f"{name!r} cannot be a task's id", hint="lower-case letters, digits, '.', '_' and '-'"
        )
    folder = find_catalog(catalog_folder, os.environ, Path.cwd())
    target = folder / "tasks" / f"{name}.yaml"
    if target.exists():
        raise UsageProblem(f"{target} exists; it was left as it is", hint="choose another name")
    brought = bring(own, home())
    loaded = load_task(brought.task, {"data": brought.path})
    mirror = mirror_for(own.source, brought.path, folder, os.environ)
    written = draft_task(name, brought.task, loaded, mirror or f"data:TODO/{brought.path.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(written, encoding="utf-8")
    output.say(f"written: {target}")
    for remark in remarks_on(loaded):
        output.note(remark)
    if mirror is None:
        output.note(
            f"{brought.path} is not where others find it: put it under catalog/data/, HUB_DATA or at a URL, and name "
            "that place in `mirrors`"
        )
    output.note(f"answer every TODO, then: hub catalog check, and hub plan MODEL --task {name}")
