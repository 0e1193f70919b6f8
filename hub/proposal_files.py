"""Placing a drafted card and its lock in the catalog: both, or neither."""

from __future__ import annotations

from pathlib import Path

from evaluators.errors import Conflict, EnvironmentProblem
from hub.lock import Lock, write_lock
from hub.staging import place_file, staged_file


def place_proposal(folder: Path, name: str, text: str, lock: Lock) -> Path:
    """Write `models/NAME.yaml` and `models/NAME.lock.json`; a command that is killed in between can be run again.

    Args:
        folder: The catalog.
        name: Id of the card.
        text: The card.
        lock: Its pins.

    Returns:
        Where the card stands.

    Raises:
        Conflict: If there is such a card; it was left as it is.
        EnvironmentProblem: If the catalog cannot be written.
    """
    target = folder / "models" / f"{name}.yaml"
    pins = target.with_name(f"{name}.lock.json")
    if target.exists():
        raise Conflict(
            f"{target} exists; it was left as it is", hint="another version is another id: --id NAME"
        )
    try:
        target.parent.mkdir(exist_ok=True)
        with staged_file(target.parent) as stream:
            stream.write(text.encode("utf-8"))
            # A lock alone is read by nobody and replaced by the next proposal, so the card comes last.
            write_lock(pins, lock)
            place_file(stream, target, mode=0o644)
    except OSError as error:
        pins.unlink(missing_ok=True)
        raise EnvironmentProblem(
            f"{target} cannot be written ({error.strerror})", hint="propose in a checkout of yours"
        ) from error
    return target
