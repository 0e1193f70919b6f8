"""`hub.load("name")`: a pulled model in a notebook, verified first.

In: a model's name; the project is found by its hub.lock. Out: model, preprocessing, folder and the signed record.
Invariant: nothing is loaded that was not verified in this call, byte for byte, against the record and hub.lock.
torch, transformers and timm are imported only then, in the versions that the project has.

(The module is not called `load`, because `hub.load` is the function.)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.backbones.pretrained import load_pretrained
from evaluators.errors import UsageProblem
from evaluators.names import unknown_name
from hub.adapted.model import AdaptedModel, load_adapted
from hub.home import home_from
from hub.project_lock import find_project, read_project_lock
from hub.promotion_log import Record
from hub.signing import KeyRing, open_keyring
from hub.verify import require_verified, verify


@dataclass(frozen=True, eq=False, repr=False)
class Loaded:
    """A verified model, ready to use.

    Attributes:
        model: The library's own model, in evaluation mode.
        preprocess: Tokenizer, image processor or transform that belongs to it.
        folder: The files it was loaded from.
        record: The signed promotion: tasks it is approved for, recommended strategies.
    """

    model: Any
    preprocess: Any
    folder: Path
    record: Record

    def __repr__(self) -> str:
        """Return what it is, in a line: a network prints pages."""
        tasks = ", ".join(task.task for task in self.record.tasks)
        return (
            f"Loaded({self.record.model} version {self.record.version}: {type(self.model).__name__}, "
            f"approved for {tasks}; from {self.folder})"
        )


def load(
    name: str, project: Path | str | None = None, *, keys: KeyRing | None = None
) -> Loaded | AdaptedModel:
    """Load a model that was pulled into a project.

    Args:
        name: The model, as in hub.lock.
        project: A folder in the project; None: the current one. hub.lock is looked for upward from there.
        keys: The public keys to trust; None: those of HUB_HOME.

    Returns:
        A base with its preprocessing; of an adapted model, what predicts labels, as `hub.load_adapted`.

    Raises:
        UsageProblem: If there is no hub.lock, or it does not name the model.
        IntegrityError: If a byte, the record or its signature is not what was promised; nothing was loaded.
        EnvironmentProblem: If torch, transformers or timm is missing.
    """
    folder = _folder_of(name, Path.cwd() if project is None else Path(project))
    trusted = open_keyring(home_from(os.environ).keys) if keys is None else keys
    record = require_verified(verify(folder, keys=trusted))
    if record.adapted is not None:
        return load_adapted(folder)
    model, preprocess = load_pretrained(folder, record.library)
    return Loaded(model, preprocess, folder, record)


def _folder_of(name: str, start: Path) -> Path:
    project = find_project(start)
    lock = read_project_lock(project) if project else None
    if project is None or lock is None:
        raise UsageProblem(
            f"there is no hub.lock in {start} or above it", hint=f"pull it first: hub pull {name}"
        )
    locked = lock.model_named(name)
    if locked is None:
        raise unknown_name(f"model in {project / 'hub.lock'}", name, [model.name for model in lock.models])
    folder = project / locked.into
    if not folder.is_dir():
        raise UsageProblem(f"{folder} is not there, but hub.lock names it", hint="bring it back: hub pull")
    return folder
