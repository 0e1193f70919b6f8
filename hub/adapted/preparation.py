"""From names to an adaptation: the base fetched and verified, the data read, the strategy chosen.

In: an `AdaptChoice` and a catalog. Out: an `AdaptRequest`, which `hub.adapted.training.adapt` carries out.
"""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.candidate import Candidate
from evaluators.canonical import digest_of
from evaluators.data.remarks import remarks_on
from evaluators.data.samples import LabelledSet
from evaluators.data.task_data import TaskData, load_task
from evaluators.errors import UsageProblem
from evaluators.fitness import unfit
from evaluators.personal_task import OwnData
from evaluators.running.device import choose_device
from evaluators.strategy import STRATEGIES, Strategy, strategy
from evaluators.task import Task
from evaluators.wording import title
from hub.adapted.lineage import Adapted
from hub.adapted.mlflow_run import log_adapted_to_mlflow
from hub.adapted.training import AdaptRequest, adapt, refuse_foreign
from hub.blobs import BlobStore
from hub.catalog import Catalog
from hub.fetch import fetch
from hub.home import Home
from hub.log_cache import known_history
from hub.next_step import measure_more
from hub.own_data import bring
from hub.preparation import located
from hub.promotion_log import latest, utc
from hub.recommending import advice_on, screening, unmeasured
from hub.registry.address import registry_address
from hub.results_place import access_log, results_at
from hub.teller import Teller

AUTO = "auto"


@dataclass(frozen=True)
class AdaptChoice:
    """What a person chose to adapt to what.

    Attributes:
        model: Id of the base's card.
        into: The folder to write.
        own: A person's own data; None if a task is named.
        task: A task of the catalog; None if data are named.
        strategy: How; `auto`: the lightest one that is enough.
        seed: Of initialisation and order.
        device: `any`, `cpu` or `cuda`.
        results: Folder or URL of the result store; None: HUB_RESULTS, or under HUB_HOME.
    """

    model: str
    into: Path
    own: OwnData | None = None
    task: str | None = None
    strategy: str = AUTO
    seed: int = 0
    device: str = "any"
    results: str | None = None


def adapt_to(choice: AdaptChoice, catalog: Catalog, home: Home, teller: Teller, *, log: bool) -> Adapted:
    """Adapt a base to somebody's labels, write the folder and log it; errors as of `prepare_adaptation`."""
    now = dt.datetime.now(dt.UTC)
    request = prepare_adaptation(choice, catalog, home, teller, now=now)
    with teller.progress() as progress:

        def doing(what: str) -> Callable[[int, int], None]:
            bar = progress.add_task(what, total=None)
            return lambda done, total: progress.update(bar, completed=done, total=total)

        made = adapt(request, BlobStore(home), doing, now=now)
    if log:
        with teller.status() as saying:
            saying("logging to MLflow")
            sentence, warning = log_adapted_to_mlflow(choice.into, home)
        (teller.warn if warning else teller.note)(sentence)
    return made


def prepare_adaptation(
    choice: AdaptChoice, catalog: Catalog, home: Home, teller: Teller, *, now: dt.datetime
) -> AdaptRequest:
    """Resolve what a choice names; nothing is trained but what finds the strategy.

    Raises:
        UsageProblem: For an unknown name, a floor as strategy, data of another modality.
        Conflict: If something else stands where the folder shall be.
        ReportedError: For bytes or data that cannot be used.
    """
    from evaluators.engine.adaptation import Adaptation  # torch: only when something is adapted

    home.ready()
    card = catalog.card(choice.model)
    if (choice.own is None) == (choice.task is None):
        raise UsageProblem(
            "name your data, or a task", hint="--data FILE --text COLUMN --label COLUMN, or --task TASK"
        )
    _refuse_floor(choice.strategy)
    refuse_foreign(choice.into)
    task, files = _task(choice, catalog, home)
    loaded = load_task(task, files)
    if card.modality != task.modality:
        raise UsageProblem(
            f"{choice.model} reads {card.modality}, the data are {task.modality}",
            hint="hub list --task ...",
        )
    with teller.transfers("fetching") as tell:
        candidate, folder = fetch(card, catalog, home, tell)
    for remark in remarks_on(loaded, [candidate]):
        teller.note(remark)
    chosen = _strategy(choice, catalog, home, teller)
    _refuse_unfit(chosen, candidate)
    if int(chosen.defaults.get("examples", 0)):
        teller.warn(
            "the examples of the prompt will lie in the folder word for word: share it as you would the data"
        )
    adaptation = Adaptation(
        candidate,
        folder,
        chosen,
        chosen.defaults_for(task.modality),
        loaded.labels,
        choose_device(choice.device),
    )
    record = latest(known_history(home, registry_address(os.environ, home))[0], choice.model)
    standing = record if record and record.model_digest == candidate.digest else None
    if standing is None:
        teller.warn(f"{choice.model} is not approved for any task, as far as is known here")
    return AdaptRequest(
        adaptation,
        standing.digest if standing else None,
        task,
        loaded,
        _everything(choice, loaded, task, home, now=now),
        choice.seed,
        choice.into,
        chosen_by_auto=choice.strategy == AUTO,
    )


def _refuse_unfit(row: Strategy, candidate: Candidate) -> None:
    reason = unfit(row, candidate)
    if candidate.modality not in row.modalities:
        reason = f"{row.title} is not for {candidate.modality}"
    if reason:
        raise UsageProblem(
            reason, hint="hub show STRATEGY says what a strategy needs; --strategy auto chooses one"
        )


def _refuse_floor(name: str) -> None:
    if name != AUTO and strategy(name).is_baseline:
        transfers = ", ".join(row.id for row in STRATEGIES if not row.is_baseline)
        raise UsageProblem(
            f"{name} is a floor to compare with, and adapts no model", hint=f"one of: {transfers}"
        )


def _task(choice: AdaptChoice, catalog: Catalog, home: Home) -> tuple[Task, Mapping[str, Path]]:
    """Return the task, and where its files lie."""
    if choice.own is not None:
        brought = bring(choice.own, home)
        return brought.task, {"data": brought.path}
    task = catalog.task(choice.task or "")
    return task, located(task, catalog, home)


def _strategy(choice: AdaptChoice, catalog: Catalog, home: Home, teller: Teller) -> Strategy:
    """Return the strategy that was named, or the lightest one that is enough."""
    if choice.strategy != AUTO:
        return strategy(choice.strategy)
    wanted = screening((choice.model,), choice.own, choice.task, device=choice.device, results=choice.results)
    advice = advice_on(wanted, catalog, home, teller, only=choice.model)
    missing = unmeasured(advice)
    if advice.undecided and missing is not None:
        teller.note(advice.sentence)
        names = ", ".join(title(name) for name in missing.strategies)
        teller.note(f"measuring {names} with as many, to settle it (--strategy NAME skips this)")
        more = replace(wanted, strategies=missing.strategies)
        advice = advice_on(more, catalog, home, teller, only=choice.model)
        missing = unmeasured(advice)
    teller.note(f"strategy: {advice.sentence}")
    if missing is not None:
        teller.note(f"heavier strategies: {missing.why}, and then `auto` takes the lightest that is enough")
        teller.command(measure_more(wanted, missing.models, missing.strategies))
    return strategy(advice.chosen.strategy)


def _everything(
    choice: AdaptChoice, loaded: TaskData, task: Task, home: Home, *, now: dt.datetime
) -> LabelledSet:
    """Return all labels that may be trained on: of a person's own data also those of the test, which is then none."""
    if choice.own is None:
        return loaded.development
    cell = digest_of({"adapt": task.digest})
    log = access_log(results_at(choice.results, home))
    access = log.record(task, [cell], plan_digest=cell, now=utc(now), who=getpass.getuser())
    return loaded.development.followed_by(loaded.open("test", access), name="everything")
