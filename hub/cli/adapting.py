"""`hub adapt`: the strategy that won, trained on all of your labels, as a folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from evaluators.wording import learns, metric_title, score, taught, title
from hub.adapted.history import base_approval
from hub.adapted.lineage import Adapted
from hub.adapted.preparation import AUTO, AdaptChoice, adapt_to
from hub.adapted.recipe import RECIPE
from hub.cli.options import (
    catalog_option,
    format_option,
    home,
    open_catalog,
    own_data,
    own_data_options,
    results_option,
)
from hub.cli.output import Output, rows_of
from hub.log_cache import known_history
from hub.registry.address import registry_address


@click.command(
    epilog="\b\nhub adapt all-minilm-l6-v2 --data tickets.csv --text body --label queue --into queue-router"
)
@click.argument("model")
@own_data_options
@click.option("--task", "task_name", help="A task of the catalog, instead of your own data.")
@click.option(
    "--strategy", "wanted", default=AUTO, show_default=True, help="How; auto: the lightest that is enough."
)
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write."
)
@click.option("--seed", default=0, show_default=True, help="Of initialisation and order.")
@click.option("--device", type=click.Choice(["any", "cpu", "cuda"]), default="any", help="Where to compute.")
@results_option
@click.option("--no-log", is_flag=True, help="Do not log the model to MLflow.")
@catalog_option
@format_option
def adapt(
    model: str,
    data: str | None,
    text: str | None,
    label: str | None,
    group: str | None,
    images: str | None,
    task_name: str | None,
    wanted: str,
    into: Path,
    seed: int,
    device: str,
    results: str | None,
    no_log: bool,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Adapt MODEL to your labels and write a folder: the model, what was trained, how good it is, where it comes from.

    The training is measured on labels that it does not see, then repeated on all of them. `auto` takes the lightest
    strategy that is as good as the best, by reports about these data and a quick screening of frozen ones. Where a
    heavier one led with fewer labels, it is measured with as many first; where none was ever measured, the command that
    does so is printed. A task's test stays closed; your own data are used whole.
    """
    own = own_data(data, images, text, label, group)
    choice = AdaptChoice(model, into, own, task_name, wanted, seed, device, results)
    made = adapt_to(choice, open_catalog(catalog_folder), home(), output, log=not no_log)
    _tell(made, into, output)
    if task_name is not None:
        output.note(_next_step(made, into))


def _tell(made: Adapted, into: Path, output: Output) -> None:
    estimate = made.score.estimate
    output.data(
        made.model_dump(mode="json"),
        rows_of(
            [
                ("adapted", f"{into}: {title(made.strategy)} on {made.base.name}, {len(made.labels)} labels"),
                (
                    "held out",
                    f"{score(estimate)} {metric_title(made.score.metric)} on {estimate.n} samples, "
                    f"{taught(made.strategy, str(made.score.trained_on))}",
                ),
                ("delivered", taught(made.strategy, f"all {made.trained_on} labels")),
                ("lineage", made.lineage),
            ]
        ),
    )
    output.essential(str(into))
    if made.caveat:
        output.note(made.caveat)
    output.note(f'use it: hub.load_adapted("{into}").predict([...]); its card: {into}/README.md')
    if (into / RECIPE).is_file():
        again = "train it again" if learns(made.strategy) == "weights" else "make it again"
        output.note(f"{again} without the hub: python {into / RECIPE} DATA")


def _next_step(made: Adapted, into: Path) -> str:
    """Return what comes before an approval for its task, as far as the log is known here."""
    history, _ = known_history(home(), registry_address(os.environ, home()))
    if base_approval(history, made.base.name, made.base.digest, made.task) is None:
        return (
            f"to approve it, its base first: hub evaluate {made.base.name} --task {made.task} --final, "
            f"then hub promote {made.base.name}"
        )
    return f'to approve it: hub promote --adapted {into} --reason "..."'
