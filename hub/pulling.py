"""Pull: what a reference means, exactly, into a project, and a `hub.lock` that says so.

resolve -> check -> store -> folder -> hub.lock, in this order; each step is whole or did not happen, so a pull that
was killed anywhere is completed by running it again. `restore` brings back what hub.lock pins, by digest, whatever the
aliases say today, and without the registry where this machine still has the bytes. Neither imports torch or mlflow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.candidate import Reference
from evaluators.errors import EnvironmentProblem, ReportedError, UsageProblem
from hub.adapted.history import refuse_without_base
from hub.deliver import Origin
from hub.order import Order, carry_out
from hub.order import Pulled as Pulled
from hub.pinned import pinned_record
from hub.place import Place, place_in
from hub.progress import Progress, no_progress
from hub.project_lock import LockedModel, read_project_lock
from hub.promotion_log import History, Record, read_history
from hub.reference import reference_text
from hub.resolve import Resolved, doubt, lifecycle_notice, refuse_withdrawn, resolve


@dataclass(frozen=True)
class PullRequest:
    """What a person asked to pull.

    Attributes:
        reference: The model.
        project: The folder that hub.lock lies in; it must exist.
        into: The model's folder, inside the project; None: where it was before, or models/NAME.
        frozen: Change nothing in hub.lock: bring exactly what it pins.
    """

    reference: Reference
    project: Path
    into: Path | None = None
    frozen: bool = False


def pull(request: PullRequest, origin: Origin, *, progress: Progress = no_progress) -> Pulled:
    """Bring a promoted model into a project and pin it in hub.lock.

    Args:
        request: What was asked for.
        origin: Where to look, and whom to believe.
        progress: Called with (file, bytes done, bytes in all).

    Raises:
        UsageProblem: If the model or alias is unknown, or the folder lies outside the project.
        GateRefused: If the version was withdrawn, or the model is retired.
        IntegrityError: If alias, record or bytes are not what a signed promotion says.
        Conflict: If something else is in the way.
        EnvironmentProblem: If registry, store or project cannot be used.
    """
    lock = read_project_lock(request.project)
    locked = lock.model_named(request.reference.name) if lock else None
    if request.frozen:
        return _pull_frozen(request, locked, _look(origin, progress))
    history = read_history(origin.log.entries(), origin.keys)
    resolved = _resolve(request.reference, history, origin)
    before = Path(locked.into) if locked else Path("models", request.reference.name)
    place = place_in(request.project, request.into or before)
    wanted = _pin(resolved.record, request.reference, place)
    order = Order(resolved.record, place, locked, wanted, resolved.warnings + _left_behind(locked, place))
    return carry_out(order, origin, progress)


def restore(project: Path, origin: Origin, *, progress: Progress = no_progress) -> tuple[Pulled, ...]:
    """Bring back every model that hub.lock of a project pins, exactly; hub.lock is only read.

    Raises:
        UsageProblem: If there is no hub.lock.
        GateRefused: If a pinned version was withdrawn since.
        IntegrityError: If hub.lock, record or bytes were altered.
        Conflict: If something else is in the way.
        EnvironmentProblem: If bytes are missing here and the registry cannot be reached.
    """
    lock = read_project_lock(project)
    if lock is None:
        raise UsageProblem(f"there is no hub.lock in {project}", hint="pull a model first: hub pull NAME")
    looked = _look(origin, progress)
    return tuple(_restore_one(project, model, looked) for model in lock.models)


@dataclass(frozen=True, eq=False)
class _Looked:
    """What a restore knows: the log where it could be read (else None), and what to say about that."""

    origin: Origin
    progress: Progress
    history: History | None
    warnings: tuple[str, ...]


def _look(origin: Origin, progress: Progress) -> _Looked:
    try:
        history = read_history(origin.log.entries(), origin.keys)
    except EnvironmentProblem as error:
        warning = f"{error.message}; restored by hub.lock alone: whether it was withdrawn is not known"
        return _Looked(origin, progress, None, (warning,))
    return _Looked(origin, progress, history, doubt(history))


def _pull_frozen(request: PullRequest, locked: LockedModel | None, looked: _Looked) -> Pulled:
    """Bring what hub.lock pins, and say where the reference has moved on."""
    name = request.reference.name
    if locked is None:
        raise UsageProblem(
            f"{name} is not in hub.lock, and --frozen adds nothing to it", hint=f"hub pull {name}"
        )
    if request.into is not None and place_in(request.project, request.into).into != locked.into:
        raise UsageProblem(
            f"{name} lies in {locked.into}, and --frozen does not move it",
            hint="leave out one of --into and --frozen",
        )
    drift = _drift(request.reference, locked, looked)
    return _restore_one(request.project, locked, replace(looked, warnings=looked.warnings + drift))


def _restore_one(project: Path, locked: LockedModel, looked: _Looked) -> Pulled:
    place = place_in(project, Path(locked.into))
    record = pinned_record(locked, looked.history, place.folder, looked.origin)
    if looked.history is not None:
        refuse_withdrawn(record, looked.history)
        refuse_without_base(record, looked.history)
    # A retired card stops new pulls; a project that pinned it can still be built, and hears of it.
    notice = lifecycle_notice(locked.name, looked.origin.lifecycles.get(locked.name))
    notice += _base_notice(record, looked.origin)
    warnings = tuple(dict.fromkeys(looked.warnings + notice))
    return carry_out(Order(record, place, locked, None, warnings), looked.origin, looked.progress)


def _drift(reference: Reference, locked: LockedModel, looked: _Looked) -> tuple[str, ...]:
    """Say what the reference means now, if it is not what hub.lock pins."""
    if looked.history is None:
        return ()
    kept = f"hub.lock keeps version {locked.version}"
    try:
        resolved = _resolve(reference, looked.history, looked.origin)
    except ReportedError as error:
        return (f"{reference_text(reference)} cannot be pulled anew ({error.message}); {kept}",)
    if resolved.record.model_digest == locked.model_digest:
        return resolved.warnings
    return (
        f"{reference_text(reference)} is version {resolved.record.version} now; {kept}",
        *resolved.warnings,
    )


def _resolve(reference: Reference, history: History, origin: Origin) -> Resolved:
    model = origin.reader.model(reference.name)
    resolved = resolve(
        reference,
        history,
        aliases=model.aliases if model else {},
        policy_alias=origin.policy_alias,
        lifecycle=origin.lifecycles.get(reference.name),
    )
    refuse_without_base(resolved.record, history)
    return replace(resolved, warnings=resolved.warnings + _base_notice(resolved.record, origin))


def _base_notice(record: Record, origin: Origin) -> tuple[str, ...]:
    """Say where the card of an adapted model's base stands; () while it is active, or there is no base."""
    if record.adapted is None:
        return ()
    return lifecycle_notice(record.adapted.base, origin.lifecycles.get(record.adapted.base))


def _pin(record: Record, reference: Reference, place: Place) -> LockedModel:
    return LockedModel(
        name=record.model,
        version=record.version,
        alias=reference.alias,
        model_digest=record.model_digest,
        record_digest=record.digest,
        into=place.into,
        files=record.files,
    )


def _left_behind(locked: LockedModel | None, place: Place) -> tuple[str, ...]:
    if locked is None or locked.into == place.into or not (place.project / locked.into).exists():
        return ()
    return (f"{locked.into} stays as it was pulled before; delete it if nothing uses it",)
