"""The inputs of a plan document: finding them on this machine, and leaving them where another one finds them.

In: a plan, or a prepared one. Out: a `Prepared` plan; bytes in the blob store.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from evaluators.candidate import Candidate, FileEntry
from evaluators.data.locations import DataRoots, locate
from evaluators.data.task_data import load_task
from evaluators.errors import EnvironmentProblem, IntegrityError
from evaluators.plan import Plan
from evaluators.planning import make_plan
from evaluators.task import Task
from hub.blobs import BlobStore
from hub.fetch import show_view
from hub.folder import compare_files
from hub.home import Home
from hub.preparation import Prepared, data_roots


def prepare_plan(plan: Plan, home: Home) -> Prepared:
    """Find the bytes of a plan document on this machine: models in the blob store, data there or where the task says.

    Raises:
        EnvironmentProblem: If a model's bytes are not here.
        IntegrityError: If data are not the bytes that the plan names, or its keys are not those of its cells.
    """
    store = BlobStore(home)
    folders = {row.candidate.name: _unpacked(row.candidate, store, home) for row in plan.request.candidates}
    roots = data_roots(None, home, os.environ)
    files = {
        task.id: {**_kept(task, store), **_found(task, store, roots)} for task in plan.request.read_tasks
    }
    data = {task.id: load_task(task, files[task.id]) for task in plan.request.read_tasks}
    if make_plan(plan.request, data) != plan:
        # Its keys name the results: an edited cell under an old key would put wrong numbers into a shared store.
        raise IntegrityError(
            "the plan's cells and keys are not those that its request leads to",
            hint="it was edited, or written by another version: write it again with `hub plan ... --out PLAN`",
        )
    return Prepared(plan, data, files, folders)


def keep_inputs(prepared: Prepared, home: Home) -> None:
    """Put a plan's data files into the blob store, so that `hub run` finds them without a catalog."""
    store = BlobStore(home.ready())
    for task in prepared.plan.request.read_tasks:
        for name, path in prepared.files[task.id].items():
            file = task.files[name]
            if path.is_file() and store.path_of(file.sha256) is None:
                with path.open("rb") as stream:
                    entry = FileEntry(path=path.name, size=file.size, sha256=file.sha256)
                    store.write(_blocks(stream), entry)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(1 << 20):
        yield block


def _unpacked(candidate: Candidate, store: BlobStore, home: Home) -> Path:
    """Return a folder with a candidate's files, out of the blob store."""
    view = home.cache / "models" / candidate.digest
    if not compare_files(view, candidate.files):
        return view
    missing = [entry.path for entry in candidate.files if store.path_of(entry.sha256) is None]
    if missing:
        raise EnvironmentProblem(
            f"the bytes of {candidate.name} ({candidate.digest[:12]}) are not in {home.blobs}: {', '.join(missing)}",
            hint="run `hub plan` here once, or copy HUB_HOME/blobs from the machine that planned",
        )
    show_view(candidate.files, view, store)
    return view


def _kept(task: Task, store: BlobStore) -> dict[str, Path]:
    """Return the data files of a task that are in the blob store."""
    found = {name: store.path_of(file.sha256) for name, file in task.files.items()}
    return {name: path for name, path in found.items() if path is not None}


def _found(task: Task, store: BlobStore, roots: DataRoots) -> Mapping[str, Path]:
    """Return the other data files, from the places that the task names."""
    kept = _kept(task, store)
    missing = {name: file for name, file in task.files.items() if name not in kept}
    return locate(task.model_copy(update={"files": missing}), roots) if missing else {}
