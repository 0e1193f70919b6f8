"""The exact files of an adapted model's folder: what a promotion signs, MLflow carries and a pull brings back.

In: a folder that `hub adapt` wrote (or a pull of one). Out: its lineage, and one entry a file, the lineage among them.
Invariant: base and trained files are those of the lineage; nothing is taken along that `hub adapt` did not write.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from evaluators.candidate import FileEntry, manifest_digest
from evaluators.canonical import digest_of_file
from evaluators.errors import EnvironmentProblem, IntegrityError, UsageProblem
from hub.adapted.lineage import BASE, LINEAGE, Adapted
from hub.adapted.model import read_adapted
from hub.adapted.recipe import RECIPE, SPLIT
from hub.provenance import IDENTITY, README, RECORD
from hub.registry.exact_model import place_exact

#: The card, and the page that trains it again: their owner's to change, and approved as they lie there.
BESIDE = ("README.md", RECIPE, SPLIT)
#: What a pull writes into `.hub/`; never part of the model.
_OF_A_PULL = frozenset({RECORD, IDENTITY, README})


@dataclass(frozen=True)
class Artifact:
    """An adapted model on disk, exactly identified.

    Attributes:
        folder: Where it lies.
        adapted: Its lineage.
        files: Every file, sorted by path.
    """

    folder: Path
    adapted: Adapted
    files: tuple[FileEntry, ...]

    @property
    def digest(self) -> str:
        """Identity of its bytes."""
        return manifest_digest(self.files)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(entry.size for entry in self.files)


def read_artifact(folder: Path) -> Artifact:
    """Read an adapted model's folder, every byte compared with its lineage.

    Raises:
        UsageProblem: If it is none, or holds what `hub adapt` did not write.
        IntegrityError: If a file is not what the lineage says.
    """
    adapted = read_adapted(folder)
    base = [
        FileEntry(path=f"{BASE}/{row.path}", size=row.size, sha256=row.sha256) for row in adapted.base.files
    ]
    known = {entry.path for entry in base}
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    } - _OF_A_PULL
    others = [name for name in (*adapted.files, *BESIDE, LINEAGE) if name in there]
    strangers = sorted(there - known - set(others))
    linked = [name for name in others if (folder / name).is_symlink()]
    if strangers or linked:
        more = " ..." if len(strangers + linked) > 5 else ""
        raise UsageProblem(
            f"{folder} also holds what `hub adapt` did not write: {', '.join([*strangers, *linked][:5])}{more}",
            hint="move it out of the folder: what is approved is exactly what was adapted",
        )
    entries = [*base, *(_entry(folder, name) for name in dict.fromkeys(others))]
    return Artifact(folder, adapted, tuple(sorted(entries, key=lambda entry: entry.path)))


def private_room() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder that nobody else may open; it is removed at the end of its `with`."""
    return tempfile.TemporaryDirectory(prefix="hub-adapted-")


def private_copy(artifact: Artifact, into: Path) -> Artifact:
    """Return the same artifact in a new folder of ours, every byte hashed while it was copied.

    What happens afterwards to the folder that it was read from changes nothing: what is loaded and measured is then
    what is uploaded and signed.

    Raises:
        IntegrityError: If a file changed since the artifact was read.
        EnvironmentProblem: If it cannot be read, or there is no room for it.
    """
    try:
        for entry in artifact.files:
            place_exact(artifact.folder / entry.path, into / entry.path, entry)
    except OSError as error:
        raise EnvironmentProblem(
            f"{artifact.folder} cannot be copied to {into} ({error.strerror})",
            hint=f"it takes {artifact.size / 2**20:,.0f} MiB there; TMPDIR names another place",
        ) from error
    copy = read_artifact(into)
    if (copy.files, copy.adapted) != (artifact.files, artifact.adapted):
        raise IntegrityError(
            f"{artifact.folder} was changed while it was read", hint="leave it alone, then run again"
        )
    return copy


def _entry(folder: Path, name: str) -> FileEntry:
    path = folder / name
    return FileEntry(path=name, size=path.stat().st_size, sha256=digest_of_file(path))
