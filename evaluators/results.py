"""The durable results: node outputs and per-sample predictions, keyed by content, on disk or any fsspec URL.

One object a node, written whole or not at all, so a kill loses at most the running node and a team can share one
store: merging two stores is the union of their keys. An object is a NumPy archive of plain arrays (never pickled)
with its facts as JSON beside them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from evaluators.canonical import canonical_json
from evaluators.errors import EnvironmentProblem, IntegrityError, ReportedError
from evaluators.recall import Recall
from evaluators.recall import Stored as Stored

Op = Literal["features", "fit", "predict", "precision", "serving", "drift"]
"""What a key stands for. Three are no nodes: `precision`, what was found out about a trunk in bfloat16 on a draw;
`serving`, how long a fitted classifier took to answer; `drift`, what adapting changed in a base."""
_FACTS = "facts.json"
#: Objects that are fetched from a remote place at once.
_AT_ONCE = 64


class ResultStore:
    """Node outputs under a folder or an fsspec URL."""

    def __init__(self, location: str | Path, recall: Recall | None = None) -> None:
        """Open a store.

        Args:
            location: A folder (or its file:// URL), or an fsspec URL such as `s3://bucket/results`.
            recall: Keeps what was read, so that it is read once; None: every read goes to the place.
        """
        self.location = str(location).removeprefix("file://")
        self._recall = recall
        self._local = Path(self.location) if "://" not in self.location else None
        # Drivers of remote places also raise whatever the libraries below them do (botocore, aiohttp): no OSErrors.
        self._failures: tuple[type[Exception], ...] = (OSError,) if self._local is not None else (Exception,)

    def has(self, op: Op, key: str) -> bool:
        """Whether a node's output is stored.

        Raises:
            EnvironmentProblem: If the place cannot be read.
        """
        if self._recall is not None and self._recall.get(op, key) is not None:
            return True
        path = self._path(op, key)
        with self._explained("read from"):
            return Path(path).exists() if self._local is not None else bool(self._filesystem().exists(path))

    def stored(self, op: Op, keys: Collection[str]) -> frozenset[str]:
        """Return which of some nodes are stored: by one listing of a remote place, however many they are.

        Raises:
            EnvironmentProblem: If the place cannot be read.
        """
        if self._local is not None:
            return frozenset(key for key in keys if self.has(op, key))
        with self._explained("read from"):
            filesystem = self._filesystem()
            # Drivers remember listings; others may have written since.
            filesystem.invalidate_cache()
            try:
                names = filesystem.find(f"{self.location}/{op}")
            except FileNotFoundError:
                return frozenset()
        return frozenset(_key(name) for name in names).intersection(keys)

    def recollect(self, op: Op, keys: Collection[str]) -> None:
        """Fetch nodes that are stored, many at once where the place is remote, for the reads that follow.

        Raises:
            EnvironmentProblem: If the place cannot be read.
        """
        if self._local is not None or self._recall is None:
            return
        wanted = sorted(key for key in keys if self._recall.get(op, key) is None)
        for start in range(0, len(wanted), _AT_ONCE):
            paths = [self._path(op, key) for key in wanted[start : start + _AT_ONCE]]
            with self._explained("read from"):
                # What is gone since it was listed is left out, and what fails otherwise fails again when it is read.
                found = self._filesystem().cat(paths, on_error="omit")
            for path, data in found.items():
                with contextlib.suppress(IntegrityError):  # `intact` finds it
                    self._recall.keep(op, _key(path), _parsed(data, path))

    def forget(self, op: Op, key: str) -> None:
        """Read a node from its place again: it is computed anew."""
        if self._recall is not None:
            self._recall.forget(op, key)

    def read(self, op: Op, key: str) -> Stored:
        """Return a node's output.

        Raises:
            IntegrityError: If the object cannot be read back.
            EnvironmentProblem: If it is not there, or the place cannot be read.
        """
        found = self._found(op, key)
        if found is None:
            raise EnvironmentProblem(
                f"the stored result {self._path(op, key)} cannot be read (it is not there)",
                hint="is the store reachable? run it again",
            )
        return found

    def write(self, op: Op, key: str, stored: Stored) -> None:
        """Store a node's output, whole or not at all.

        Raises:
            EnvironmentProblem: If the place cannot be written.
        """
        buffer = io.BytesIO()
        facts = np.frombuffer(canonical_json(dict(stored.facts)), dtype=np.uint8)
        np.savez(buffer, allow_pickle=False, **{**stored.arrays, _FACTS: facts})
        self.forget(op, key)
        path = self._path(op, key)
        with self._explained("written to"):
            if self._local is not None:
                _write_atomically(Path(path), buffer.getvalue())
            else:
                self._filesystem().pipe_file(path, buffer.getvalue())

    def intact(self, op: Op, key: str) -> bool:
        """Whether a node's output is stored and can be read back; one that is damaged counts as absent.

        What is stored can be computed again, so a damaged object is no result and no reason to stop. It stays until
        it is written again: whoever removed it might remove what another machine has written since it was looked at.

        Raises:
            EnvironmentProblem: If the place cannot be read.
        """
        try:
            return self._found(op, key) is not None
        except IntegrityError:
            return False

    def feature_chunks(self, trunk: str) -> Iterator[Stored]:
        """Yield every stored chunk of a trunk's features that can be read back.

        Raises:
            EnvironmentProblem: If the place cannot be read.
        """
        for name in self.chunk_names(trunk):
            with contextlib.suppress(IntegrityError):  # encoded again, and written over
                yield self.read("features", f"{trunk}/{name}")

    def chunk_names(self, trunk: str) -> list[str]:
        """Return the sorted names of the stored chunks of a trunk's features, none of which is looked at.

        Raises:
            EnvironmentProblem: If the place cannot be read.
        """
        folder = f"{self.location}/features/{trunk[:2]}/{trunk}"
        if self._local is not None:
            return sorted(path.stem for path in Path(folder).glob("*.npz"))
        with self._explained("read from"):
            filesystem = self._filesystem()
            filesystem.invalidate_cache()
            try:
                found = filesystem.ls(folder, detail=False)
            except FileNotFoundError:
                return []
        return sorted(_key(name) for name in found)

    def _found(self, op: Op, key: str) -> Stored | None:
        """Return a node's output, or None where there is none.

        Raises:
            IntegrityError: If the object cannot be read back.
            EnvironmentProblem: If the place cannot be read.
        """
        known = self._recall.get(op, key) if self._recall is not None else None
        if known is not None:
            return known
        path = self._path(op, key)
        try:
            data = Path(path).read_bytes() if self._local is not None else self._filesystem().cat_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except self._failures as error:
            if isinstance(error, ReportedError):
                raise
            raise EnvironmentProblem(
                f"the stored result {path} cannot be read ({error})",
                hint="is the store reachable? run it again",
            ) from error
        stored = _parsed(data, path)
        if self._recall is not None:
            self._recall.keep(op, key, stored)
        return stored

    def _path(self, op: Op, key: str) -> str:
        return f"{self.location}/{op}/{key[:2]}/{key}.npz"

    def _filesystem(self) -> Any:
        import fsspec  # a local store must not pay for it

        try:
            return fsspec.core.url_to_fs(self.location)[0]
        except (ImportError, ValueError) as error:
            raise EnvironmentProblem(
                f"results at {self.location}: {error}",
                hint="install the fsspec package of this kind, or choose another place with --results",
            ) from error

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Say in our words that the place could not be used."""
        try:
            yield
        except self._failures as error:
            if isinstance(error, ReportedError):
                raise
            raise EnvironmentProblem(
                f"results cannot be {what} {self.location} ({error})",
                hint="check the place and your rights there, or choose another one with --results",
            ) from error


def _key(path: str) -> str:
    """Return the key, or the chunk of a trunk, that a path is of."""
    return str(path).rsplit("/", 1)[-1].removesuffix(".npz")


def _parsed(data: bytes, path: str) -> Stored:
    """Return the object that bytes hold.

    Raises:
        IntegrityError: If they hold none.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if name != _FACTS}
            facts = json.loads(archive[_FACTS].tobytes())
    except (EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise IntegrityError(
            f"the stored result {path} is damaged ({error})",
            hint="delete that file; it will be computed again",
        ) from error
    return Stored(arrays, facts)


def _write_atomically(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            # mkstemp's 0600 would shut out the others of a team that share the folder.
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
