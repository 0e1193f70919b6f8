"""`hub task`: from a person's own data to a task that the organization reviews."""

from __future__ import annotations

import os
from pathlib import Path

import click

from evaluators.errors import EnvironmentProblem, UsageProblem
from hub.cli.options import catalog_option, find_checkout, format_option, home
from hub.cli.output import Output, rows_of
from hub.staging import place_file, staged_file


@click.group()
def task() -> None:
    """Start a task of the catalog from your own data."""


@task.command(
    epilog="\b\nhub task new --from tickets.csv --text body --label queue\nhub task new road-signs --from photos/"
)
@click.argument("name", required=False)
@click.option(
    "--from",
    "--data",
    "--images",
    "source",
    required=True,
    help="Your data: a table (CSV, JSONL, Parquet; path or URL), or a folder or tar of images by label.",
)
@click.option("--text", help="Its column of texts.")
@click.option("--label", help="Its column of labels.")
@click.option("--group", help="Its column of what rows share, such as a customer or a document.")
@catalog_option
@format_option
def new(
    name: str | None,
    source: str,
    text: str | None,
    label: str | None,
    group: str | None,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Write catalog/tasks/NAME.yaml from your data, with TODO where a person must answer.

    The file is filled with what can be known: sha256, size, format, columns, splits. NAME is that of the data if it is
    left out. A reviewed task can promote models; your own data on the command line cannot.
    """
    from evaluators.data.remarks import remarks_on
    from evaluators.data.task_data import load_task
    from evaluators.names import is_safe_name
    from evaluators.personal_task import OwnData
    from hub.catalog_rules import TODO
    from hub.own_data import bring
    from hub.propose import id_of
    from hub.task_draft import draft_task, mirror_for

    own = OwnData(source, text, label, group)
    name = name or id_of(own.name)
    if not is_safe_name(name):
        raise UsageProblem(
            f"{name!r} cannot be a task's id", hint="lower-case letters, digits, '.', '_' and '-'"
        )
    folder = find_checkout(catalog_folder)
    target = folder / "tasks" / f"{name}.yaml"
    if target.exists():
        raise UsageProblem(f"{target} exists; it was left as it is", hint="choose another name")
    brought = bring(own, home())
    loaded = load_task(brought.task, {"data": brought.path})
    mirror = mirror_for(own.source, brought.path, folder, os.environ)
    written = draft_task(name, brought.task, loaded, mirror or f"data:TODO/{brought.path.name}")
    try:
        with staged_file(target.parent) as stream:
            stream.write(written.encode("utf-8"))
            place_file(stream, target, mode=0o644)
    except OSError as error:
        raise EnvironmentProblem(
            f"{target} cannot be written ({error.strerror})", hint="draft it in a checkout of the catalog"
        ) from error
    sizes = ", ".join(f"{split} {size:,}" for split, size in loaded.sizes.items())
    facts = [
        ("written", str(target)),
        ("labels", f"{len(loaded.labels)}, the largest {100 * loaded.majority_share:.0f} % of the samples"),
        ("splits", sizes),
        ("open", f"{written.count(TODO)} TODO"),
    ]
    output.data({"task": name, "path": str(target), "todo": written.count(TODO)}, rows_of(facts))
    output.essential(name)
    for remark in remarks_on(loaded):
        output.note(remark)
    if mirror is None:
        output.note(
            f"{brought.path} is not where others find it: put it under catalog/data/, HUB_DATA or at a URL, and name "
            "that place in `mirrors`"
        )
    output.note(f"answer every TODO, then: hub catalog check, and hub plan MODEL --task {name}")
