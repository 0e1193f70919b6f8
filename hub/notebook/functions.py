"""The functions that `import hub` offers: what the commands do, with values in and results out.

They read the same environment as the commands (HUB_HOME, HUB_CATALOG, MLFLOW_TRACKING_URI ...), and errors are those of
the commands: a sentence, and the next step.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluators.advice.limits import Limits
from hub.adapted.listing import adapted_rows
from hub.adapted.preparation import AUTO, AdaptChoice, adapt_to
from hub.catalog import Catalog
from hub.catalog_search import open_catalog
from hub.choice import Choice
from hub.evaluating import evaluate as measure_and_judge
from hub.home import Home, home_from
from hub.listing import facts_of, listing, modality_of
from hub.log_cache import known_history
from hub.notebook.adapted import AdaptedHere
from hub.notebook.evaluated import Evaluated
from hub.notebook.frames import own_data_of
from hub.notebook.listed import Described, Models
from hub.notebook.pulled import PulledModels
from hub.notebook.recommended import Recommendation
from hub.pull_origin import open_origin
from hub.pulling import PullRequest, restore
from hub.pulling import pull as bring
from hub.recommending import recommend as answer
from hub.recommending import screening
from hub.reference import parse_reference
from hub.registry.address import registry_address
from hub.resolve import doubt
from hub.selection import Selection, parse_count
from hub.teller import Teller
from hub.until_decided import evaluate_until_decided

Names = str | Sequence[str] | None
Place = str | Path | None


def list_models(
    *,
    task: str | None = None,
    use: str | None = None,
    max_params: str | int | None = None,
    everything: bool = False,
    catalog: Place = None,
) -> Models:
    """Return the models of the catalog, approved ones first.

    Args:
        task: Only for this: `text-classification`, `image-classification`, or a task's id.
        use: Only what the licence allows to be used so: `any`, `commercial`, `research`.
        max_params: At most so many parameters: `"100M"`, `"1.5B"`, or a number.
        everything: Also proposed models.
        catalog: Folder of the catalog; None: as the commands find it.
    """
    opened, home = _catalog(catalog), _home()
    history, read_at = known_history(home, registry_address(os.environ, home))
    most = parse_count(str(max_params)) if max_params is not None else None
    selection = Selection(modality_of(task, opened), use, most)
    found = listing(opened, history, selection, everything=everything)
    adapted = adapted_rows(history, opened, selection, task if task in opened.tasks else None)
    unread = () if history.records else (f"no approvals known here (log read: {read_at})",)
    return Models(found, tuple(adapted), (*doubt(history), *unread))


def show(name: str, *, catalog: Place = None) -> Described:
    """Return one model, task, strategy, protocol or policy by its name."""
    home = _home()
    history, _ = known_history(home, registry_address(os.environ, home))
    return Described(facts_of(name, _catalog(catalog), history))


def evaluate(
    *models: str | Path,
    task: Names = None,
    data: Any = None,
    text: str | None = None,
    image: str | None = None,
    label: str | None = None,
    group: str | None = None,
    images: Place = None,
    protocol: str = "quick",
    strategies: Names = None,
    final: bool = False,
    policy: str = "default",
    device: str = "any",
    results: str | None = None,
    budget: float | None = None,
    until_decided: bool = False,
    log: bool = True,
    catalog: Place = None,
) -> Evaluated:
    """Measure models on tasks, or on your own data, and say what the gate says.

    Args:
        models: Ids of cards, or folders with checkpoints.
        task: Tasks of the catalog; None: your data, or every task that fits and is here.
        data: Your own table: a path or URL, a DataFrame, a `datasets.Dataset`, a dict of lists.
        text: Its column of texts.
        image: Its column of images, if it is in memory.
        label: Its column of labels.
        group: Its column of what rows share where they are not independent, such as a customer.
        images: A folder or tar of images with a folder for each label, instead of `data`.
        protocol: How to measure.
        strategies: Only these beside the baselines.
        final: Open the locked tests; counted in the test-access log.
        policy: Rules that judge the evidence.
        device: `any`, `cpu` or `cuda`.
        results: Folder or URL of the result store; None: HUB_RESULTS, or under HUB_HOME.
        budget: Seconds that computing may take: heavier strategies and further looks that do not fit are left.
        until_decided: Add runs while a rule is undecided, at most four looks; all are judged more strictly.
        log: Log the evaluation to MLflow.
        catalog: Folder of the catalog; None: as the commands find it.
    """
    home = _home()
    choice = Choice(
        tuple(str(model) for model in models),
        tasks=_names(task),
        protocol=protocol,
        strategies=_names(strategies),
        final=final,
        own=own_data_of(data, text=text, image=image, label=label, group=group, images=images, home=home),
        device=device,
        results=results,
        budget=budget,
    )
    measure = evaluate_until_decided if until_decided else measure_and_judge
    return Evaluated(measure(choice, _catalog(catalog), policy, home, Teller(), log=log))


def recommend(
    *models: str,
    task: str | None = None,
    data: Any = None,
    text: str | None = None,
    image: str | None = None,
    label: str | None = None,
    group: str | None = None,
    images: Place = None,
    labels: int | None = None,
    budget: float | None = None,
    latency: float | None = None,
    device: str = "any",
    results: str | None = None,
    catalog: Place = None,
) -> Recommendation:
    """Say in one sentence which model, adapted how, for your data or a task; other arguments as of `evaluate`.

    Args:
        models: Only these; none: all that are approved.
        task: A task of the catalog, instead of data.
        data: Your own table.
        text: Its column of texts.
        image: Its column of images.
        label: Its column of labels.
        group: Its column of what rows share where they are not independent, such as a customer.
        images: A folder or tar of images.
        labels: How many labels you have: what was measured with more is left out.
        budget: Seconds that one training may take.
        latency: Seconds that the answer for one input may take.
        device: `any`, `cpu` or `cuda`.
        results: Folder or URL of the result store.
        catalog: Folder of the catalog.
    """
    home = _home()
    own = own_data_of(data, text=text, image=image, label=label, group=group, images=images, home=home)
    choice = screening(models, own, task, device=device, results=results)
    limits = Limits(labels, budget, latency)
    return Recommendation(answer(choice, _catalog(catalog), home, Teller(), limits))


def adapt(
    model: str,
    into: str | Path,
    *,
    task: str | None = None,
    data: Any = None,
    text: str | None = None,
    image: str | None = None,
    label: str | None = None,
    group: str | None = None,
    images: Place = None,
    strategy: str = AUTO,
    seed: int = 0,
    device: str = "any",
    results: str | None = None,
    log: bool = True,
    catalog: Place = None,
) -> AdaptedHere:
    """Adapt a model to all of your labels, and write a folder; data as of `evaluate`.

    Args:
        model: Id of a card.
        into: The folder to write: base, what was trained, model card and lineage.
        task: A task of the catalog, instead of your own data.
        data: Your own table; see `evaluate`, also for `text`, `image`, `label` and `images`.
        text: Its column of texts.
        image: Its column of images.
        label: Its column of labels.
        group: Its column of what rows share where they are not independent, such as a customer.
        images: A folder or tar of images.
        strategy: How; `auto`: the lightest one that is enough.
        seed: Of initialisation and order.
        device: `any`, `cpu` or `cuda`.
        results: Folder or URL of the result store; None: HUB_RESULTS, or under HUB_HOME.
        log: Log the model to MLflow.
        catalog: Folder of the catalog; None: as the commands find it.
    """
    home = _home()
    own = own_data_of(data, text=text, image=image, label=label, group=group, images=images, home=home)
    choice = AdaptChoice(model, Path(into), own, task, strategy, seed, device, results)
    return AdaptedHere(adapt_to(choice, _catalog(catalog), home, Teller(), log=log), Path(into))


def pull(
    reference: str | None = None, *, into: Place = None, frozen: bool = False, project: Place = None
) -> PulledModels:
    """Bring an approved model into a project, verified, and pin it in hub.lock.

    Args:
        reference: NAME, NAME@alias or NAME:version; None: everything that hub.lock pins.
        into: Folder for the model; None: models/NAME.
        frozen: Change nothing in hub.lock: bring exactly what it pins.
        project: Folder of the project; None: the current one.
    """
    from evaluators.errors import UsageProblem

    if reference is None and into is not None:
        raise UsageProblem("into needs a model", hint='hub.pull("NAME", into=...)')
    wanted = parse_reference(reference) if reference else None
    folder, teller = Path.cwd() if project is None else Path(project), Teller()
    origin = open_origin(_home(), folder, teller)
    with teller.transfers("verifying") as tell:
        if wanted is None:
            return PulledModels(restore(folder, origin, progress=tell))
        request = PullRequest(wanted, folder, into=Path(into) if into else None, frozen=frozen)
        return PulledModels((bring(request, origin, progress=tell),))


def _home() -> Home:
    return home_from(os.environ)


def _catalog(folder: Place) -> Catalog:
    return open_catalog(Path(folder) if folder else None, os.environ, _home(), Path.cwd(), tell=Teller().warn)


def _names(names: Names) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)
