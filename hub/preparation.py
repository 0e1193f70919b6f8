"""From names to a plan: resolve, fetch and verify, find the data, add what is approved now, plan.

In: names and a catalog. Out: a `Prepared` plan, with the folders and files of this machine that it needs. Everything is
verified here; nothing is computed. From a plan document it is `plan_inputs.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from evaluators.data.locations import DataRoots, locate
from evaluators.data.remarks import remarks_on
from evaluators.data.task_data import TaskData, load_task
from evaluators.errors import EnvironmentProblem, UsageProblem
from evaluators.looks import Looks
from evaluators.personal_task import OwnData
from evaluators.plan import Plan, PlannedCandidate, Request
from evaluators.planning import make_plan
from evaluators.strategy import strategy
from evaluators.task import Task
from hub.catalog import Catalog
from hub.fetch import fetch
from hub.home import Home
from hub.leak_gate import LeakLimit, check_leaks, over_by_name
from hub.own_data import bring
from hub.promotion_log import ApprovedTask, History, Record, incumbent

Progress = Callable[[str, int, int], None]
"""Called with (what, bytes done, bytes in all)."""

_Approvals = dict[str, tuple[Record, ApprovedTask]]


@dataclass(frozen=True)
class Asked:
    """What a person asked to evaluate.

    Attributes:
        models: Ids of cards.
        tasks: Ids of tasks; empty: every task of the models' modality that can be found on this machine.
        protocol: Id of the protocol.
        strategies: Only these beside the baselines; empty: all of the protocol.
        final: Open the locked tests.
        own: A person's own data, measured beside `tasks`; with them no task need be named.
        leaks: How many copies a test may hold of its training data.
    """

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    protocol: str
    strategies: tuple[str, ...] = ()
    final: bool = False
    own: OwnData | None = None
    leaks: LeakLimit = field(default_factory=LeakLimit)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A plan with everything on this machine that it needs, verified."""

    plan: Plan
    data: Mapping[str, TaskData]
    files: Mapping[str, Mapping[str, Path]]
    folders: Mapping[str, Path]
    notes: tuple[str, ...] = ()


def prepare(asked: Asked, catalog: Catalog, history: History, home: Home, progress: Progress) -> Prepared:
    """Resolve the names, fetch and verify models and data, and plan.

    Raises:
        ReportedError: For an unknown name, bytes that are not what the catalog pins, data that cannot be read.
    """
    # Every name is resolved before a byte is fetched.
    protocol = catalog.protocol(asked.protocol)
    for name in asked.strategies:
        strategy(name)
    cards = [catalog.card(name) for name in asked.models]
    modalities: set[str] = {card.modality for card in cards}
    brought = bring(asked.own, home) if asked.own else None
    tasks = [] if brought and not asked.tasks else _tasks(asked, catalog, home, modalities)
    own = {brought.task.id: {"data": brought.path}} if brought else {}
    tasks += [brought.task] if brought else []
    idle = [card.id for card in cards if card.modality not in {task.modality for task in tasks}]
    if idle:
        raise UsageProblem(
            f"no task is about what {', '.join(idle)} reads",
            hint="name a task of that modality, or leave the model out",
        )
    for name in asked.strategies:
        if not modalities & strategy(name).modalities:
            raise UsageProblem(
                f"strategy {name} is for {' and '.join(sorted(strategy(name).modalities))}, "
                f"the models are about {' and '.join(sorted(modalities))}",
                hint="hub show STRATEGY says what it trains",
            )
    # Data are read first: a wrong column must not be told after gigabytes of models.
    roots = data_roots(catalog.folder, home, os.environ)
    files = {task.id: own.get(task.id) or locate(task, roots) for task in tasks}
    data = {task.id: load_task(task, files[task.id]) for task in tasks}
    notes = list(check_leaks(tasks, data, asked.leaks, frozenset(own)))
    planned: list[PlannedCandidate] = []
    folders: dict[str, Path] = {}
    for card in cards:
        candidate, folders[card.id] = fetch(card, catalog, home, progress)
        saw = {row.task: row.reason for row in card.contamination if row.task in data}
        planned.append(PlannedCandidate(candidate=candidate, contamination=saw, probe=card.probe))
    measured = frozenset(asked.strategies or protocol.strategies)
    found = _incumbents(tasks, planned, measured, history)
    for model, approved_for in _by_model(found).items():
        record = next(iter(approved_for.values()))[0]
        lock = catalog.locks.get(model)
        if model not in catalog.cards or lock is None or lock.digest != record.model_digest:
            notes.append(
                f"{model}, approved for {', '.join(approved_for)}, is not in this catalog with those bytes"
            )
            continue
        candidate, folders[model] = fetch(catalog.card(model), catalog, home, progress)
        strategies = {task: approved.strategy for task, (_, approved) in approved_for.items()}
        probe = catalog.card(model).probe
        planned.append(
            PlannedCandidate(candidate=candidate, role="incumbent", incumbent_for=strategies, probe=probe)
        )
    notes += [note for name in own for note in remarks_on(data[name], [row.candidate for row in planned])]
    probes, told = _probes([row.probe for row in planned], catalog, {task.id for task in tasks}, roots)
    notes += told
    files |= {task.id: locate(task, roots) for task in probes}
    data |= {task.id: load_task(task, files[task.id]) for task in probes}
    request = Request(
        candidates=tuple(planned),
        tasks=tuple(tasks),
        probes=probes,
        protocol=protocol,
        strategies=asked.strategies,
        final=asked.final,
        incumbents={task: record.model_digest for task, (record, _) in found.items()},
        personal_tasks=tuple(own),
        leaks_allowed=over_by_name(data, asked.leaks),
    )
    return Prepared(make_plan(request, data), data, files, folders, tuple(notes))


def looked_at_again(prepared: Prepared, looks: Looks) -> Prepared:
    """Return the plan of one look of a sequence, over the same bytes."""
    request = prepared.plan.request.model_copy(update={"looks": looks})
    return replace(prepared, plan=make_plan(request, prepared.data))


def located(task: Task, catalog: Catalog, home: Home) -> Mapping[str, Path]:
    """Return where a task's verified files lie on this machine; errors as `evaluators.data.locations.locate`."""
    return locate(task, data_roots(catalog.folder, home, os.environ))


def data_roots(catalog: Path | None, home: Home, environment: Mapping[str, str]) -> DataRoots:
    """Return where data are looked for: in the catalog, under HUB_DATA, and what was downloaded before."""
    named = environment.get("HUB_DATA")
    return DataRoots(catalog, Path(named) if named else None, home.cache / "data")


def _tasks(asked: Asked, catalog: Catalog, home: Home, modalities: set[str]) -> list[Task]:
    """Return the tasks that are asked for, or every task of the models' modality whose data are on this machine."""
    fitting = [task for task in catalog.tasks.values() if task.modality in modalities]
    if not asked.tasks:
        return _at_hand(fitting, data_roots(catalog.folder, home, os.environ))
    named = [catalog.task(name) for name in asked.tasks]
    for task in named:
        if task.modality not in modalities:
            raise UsageProblem(
                f"task {task.id} is about {task.modality}, the models are about {', '.join(sorted(modalities))}",
                hint=f"tasks for them: {', '.join(other.id for other in fitting)}",
            )
    return named


def _at_hand(tasks: Sequence[Task], roots: DataRoots) -> list[Task]:
    """Return the tasks whose files are found.

    Raises:
        UsageProblem: If none is.
    """
    found = []
    for task in tasks:
        try:
            locate(task, roots)
        except EnvironmentProblem:
            continue
        found.append(task)
    if not found:
        names = ", ".join(task.id for task in tasks) or "none in the catalog"
        raise UsageProblem(
            f"no task's data are on this machine (tasks for these models: {names})", hint="set HUB_DATA"
        )
    return found


def _probes(
    named: Sequence[str | None], catalog: Catalog, measured: Set[str], roots: DataRoots
) -> tuple[tuple[Task, ...], list[str]]:
    """Return the probe tasks of the cards that are not measured anyway, and what to say of those that are not here."""
    found, notes = [], []
    for name in dict.fromkeys(name for name in named if name and name not in measured):
        task = catalog.task(name)
        try:
            locate(task, roots)
        except EnvironmentProblem:
            notes.append(
                f"forgetting is not measured: the data of the probe task {name} are not on this machine"
            )
        else:
            found.append(task)
    return tuple(found), notes


def _incumbents(
    tasks: Sequence[Task], planned: Sequence[PlannedCandidate], measured: Set[str], history: History
) -> _Approvals:
    """Return what is approved for each task now, where that is not measured anyway.

    A model whose approved strategy is among those that are measured has no incumbent but itself, so that evaluating it
    again gives the same findings.
    """
    found = {}
    for task in tasks:
        approval = incumbent(history, task.id)
        others = [row for row in planned if row.candidate.modality == task.modality]
        if approval is None:
            continue
        itself = all(row.candidate.digest == approval[0].model_digest for row in others)
        if not (itself and approval[1].strategy in measured):
            found[task.id] = approval
    return found


def _by_model(approvals: _Approvals) -> dict[str, _Approvals]:
    """Return the approvals by model, then task."""
    grouped: dict[str, _Approvals] = {}
    for task, approval in approvals.items():
        grouped.setdefault(approval[0].model, {})[task] = approval
    return grouped
