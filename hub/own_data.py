"""Brings a person's own data to this machine and makes them a task: the one line of `--data`."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evaluators.data.locations import FileFacts, facts_of
from evaluators.errors import EnvironmentProblem, UsageProblem
from evaluators.names import nearest
from evaluators.personal_task import OwnData, personal_task
from evaluators.task import Task
from hub.home import Home

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Brought:
    """A personal task, and where its one file lies."""

    task: Task
    path: Path


def bring(own: OwnData, home: Home) -> Brought:
    """Find the data, or download them, and make them a task.

    Raises:
        UsageProblem: If there is no such file, or its format cannot be told.
        EnvironmentProblem: If a URL cannot be read, or the cache cannot be written.
    """
    path = _downloaded(own.source, home) if "://" in own.source else Path(own.source).expanduser()
    if not path.exists():
        near = nearest(path.name, (other.name for other in path.parent.glob("*")), limit=1)
        takes = "--data takes a path or a URL" if own.text else "--images takes a folder, or a tar"
        raise UsageProblem(
            f"there is no {'file' if own.text else 'folder'} {path}",
            hint=f"did you mean {near[0]}?" if near else takes,
        )
    facts: FileFacts = facts_of(path)
    return Brought(personal_task(own, path, facts), path.absolute())


def _downloaded(url: str, home: Home) -> Path:
    """Copy a URL's bytes into the cache, under their digest."""
    import fsspec  # only a URL pays for it

    folder = home.ready().cache / "data"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as out, fsspec.open(url, "rb") as stream:
            while block := stream.read(_BLOCK):
                out.write(block)
        return partial.replace(folder / facts_of(partial).sha256)
    except (OSError, ValueError, ImportError) as error:
        raise EnvironmentProblem(
            f"the data cannot be read ({type(error).__name__})", hint="check the URL and your rights there"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
