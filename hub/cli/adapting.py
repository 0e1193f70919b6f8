"""`hub adapt`: the strategy that won, trained on all of your labels, as a folder."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evaluators.errors import UsageProblem
from evaluators.strategy import STRATEGIES, strategy
from evaluators.wording import score, title
from hub.cli.options import catalog_option, format_option, home, open_catalog, own_data, own_data_options
from hub.cli.output import Output, rows_of
from hub.log_cache import known_history
from hub.promotion_log import latest, utc
from hub.registry.address import registry_address

if TYPE_CHECKING:
    from evaluators.data import TaskData
    from evaluators.engine.job import Progress
    from evaluators.samples import LabelledSet
    from evaluators.task import Task
    from hub.adapted import Adapted

AUTO = "auto"


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
@catalog_option
@format_option
def adapt(
    model: str,
    data: str | None,
    text: str | None,
    label: str | None,
    images: str | None,
    task_name: str | None,
    wanted: str,
    into: Path,
    seed: int,
    device: str,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Adapt MODEL to your labels and write a folder: base, what was trained, model card and lineage.

    The training is measured on labels that it does not see, then repeated on all of them. `auto` takes the lightest
    strategy that is as good as the best, from evidence about these data, or from a quick screening. A task's locked
    test stays closed; your own data are used whole.
    """
    from evaluators.compute import choose_device
    from evaluators.data import load_task
    from evaluators.engine.adaptation import Adaptation
    from hub.adapting import AdaptRequest, refuse_foreign
    from hub.adapting import adapt as make
    from hub.blobs import BlobStore
    from hub.cli.evaluating import Choice
    from hub.cli.recommending import advice_on
    from hub.evidence_at_hand import SCREEN
    from hub.fetch import fetch
    from hub.own_data import bring
    from hub.preparation import located

    place, catalog = home().ready(), open_catalog(catalog_folder)
    card = catalog.card(model)
    own = own_data(data, images, text, label)
    if (own is None) == (task_name is None):
        raise UsageProblem(
            "name your data, or a task", hint="--data FILE --text COLUMN --label COLUMN, or --task TASK"
        )
    if wanted != AUTO and strategy(wanted).is_baseline:
        transfers = ", ".join(row.id for row in STRATEGIES if not row.is_baseline)
        raise UsageProblem(
            f"{wanted} is a floor to compare with, and adapts no model", hint=f"one of: {transfers}"
        )
    refuse_foreign(into)
    if own is not None:
        brought = bring(own, place)
        task = brought.task
        files: Mapping[str, Path] = {"data": brought.path}
    else:
        task = catalog.task(task_name or "")
        files = located(task, catalog, place)
    loaded = load_task(task, files)
    if card.modality != task.modality:
        raise UsageProblem(
            f"{model} reads {card.modality}, the data are {task.modality}", hint="hub list --task ..."
        )
    with output.transfers("fetching") as tell:
        candidate, folder = fetch(card, catalog, place, tell)
    if wanted == AUTO:
        tasks = (task_name,) if task_name else ()
        screen = Choice((model,), False, tasks, SCREEN, (), False, own, device, os.environ.get("HUB_RESULTS"))
        advice = advice_on(screen, catalog, output, only=model)
        chosen = strategy(advice.chosen.strategy)
        output.note(f"strategy: {advice.sentence}")
    else:
        chosen = strategy(wanted)
    adaptation = Adaptation(
        candidate,
        folder,
        chosen,
        chosen.defaults_for(task.modality),
        len(loaded.labels),
        choose_device(device),
    )
    record = latest(known_history(place, registry_address(os.environ, place))[0], model)
    standing = record if record and record.model_digest == candidate.digest else None
    if standing is None:
        output.warn(f"{model} is not approved for any task, as far as is known here")
    now = dt.datetime.now(dt.UTC)
    everything = _everything(loaded, task, personal=own is not None, now=now)
    request = AdaptRequest(
        adaptation, standing.digest if standing else None, task, loaded, everything, seed, into
    )
    with output.progress() as progress:

        def doing(what: str) -> Progress:
            bar = progress.add_task(what, total=None)
            return lambda done, total: progress.update(bar, completed=done, total=total)

        made = make(request, BlobStore(place), doing, now=now)
    _tell(made, into, output)


def _everything(loaded: TaskData, task: Task, *, personal: bool, now: dt.datetime) -> LabelledSet:
    """Return all labels that may be trained on: of a person's own data also those of the test, which is then none."""
    from evaluators.canonical import digest_of
    from evaluators.test_access import TestAccessLog
    from hub.adapting import joined

    if not personal:
        return loaded.development
    place = f"{os.environ.get('HUB_RESULTS') or home().results}/test-access"
    cell = digest_of({"adapt": task.digest})
    access = TestAccessLog(place).record(task, [cell], plan_digest=cell, now=utc(now), who=getpass.getuser())
    return joined(loaded.development, loaded.open("test", access))


def _tell(made: Adapted, into: Path, output: Output) -> None:
    estimate = made.score.estimate
    output.data(
        made.model_dump(mode="json"),
        rows_of(
            [
                ("adapted", f"{into}: {title(made.strategy)} on {made.base.name}, {len(made.labels)} labels"),
                (
                    "held out",
                    f"{score(estimate)} accuracy on {estimate.n} samples, trained on {made.score.trained_on}",
                ),
                ("delivered", f"trained on all {made.trained_on} labels"),
                ("lineage", made.lineage),
            ]
        ),
    )
    output.essential(str(into))
    output.note(f'use it: hub.load_adapted("{into}").predict([...]); its card: {into}/README.md')
