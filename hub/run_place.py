"""From `runs:/ID/path` or `models:/...` to the files of a model, and what the run says of its making.

In: what a person typed, and the MLflow that is configured. Out: exactly one run or logged model (aliases and version
numbers are resolved once), which of its files are the model, and the `Lineage`. Metrics are not read: they are no
evidence.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from evaluators.document import parse_mapping
from evaluators.errors import InvalidDocument, UsageProblem
from hub.card import Lineage
from hub.registry.run_files import Missing, Place, RunFacts, RunFiles
from hub.sources.mlflow_layout import MLMODEL, arrange

SCHEMES = ("runs:/", "models:/")

_RUN = re.compile(r"runs:/+([0-9a-f]{32})(?:/(.*))?")
_LOGGED = re.compile(r"models:/+(m-[0-9a-f]{32})/?")
_VERSION = re.compile(r"models:/+([^/@]+)(?:/(\d+)|(@[^/]+))")
#: Bytes of an MLmodel that are read; signatures of tables with thousands of columns fit.
_ROOM = 256 * 1024
#: Parameters by which training code says what it started from, the surest first (the last: transformers' own callback).
_BASES = (
    "base_model", "base_model_name", "base_model_name_or_path", "model_name_or_path", "pretrained_model_name_or_path",
    "model_name", "model_checkpoint", "checkpoint", "_name_or_path",
)  # fmt: skip
_DATA = (
    "dataset",
    "dataset_name",
    "dataset_config",
    "dataset_version",
    "train_file",
    "data_path",
    "train_data",
)


@dataclass(frozen=True)
class Taken:
    """A model of a run.

    Attributes:
        place: The run or logged model.
        arranged: Path of the card -> path inside the place.
        lineage: What its run says.
        name: What an id can be made of.
    """

    place: Place
    arranged: Mapping[str, str]
    lineage: Lineage
    name: str


def names_a_run(place: str) -> bool:
    """Whether a place is one of MLflow's."""
    return place.startswith(SCHEMES)


def take(place: str, reader: RunFiles) -> Taken:
    """Find the model that a place means.

    Args:
        place: `runs:/RUN_ID/PATH`, `models:/m-ID`, `models:/NAME/VERSION` or `models:/NAME@ALIAS`.
        reader: The MLflow that is configured.

    Raises:
        UsageProblem: If the place is none of these.
        Missing: If MLflow has no such thing.
        InvalidDocument: If it holds no base model that may be loaded here.
    """
    where, name = _place(place, reader)
    files = reader.files(where)
    if where.run and not files:
        where = _logged(where, reader)
        files = reader.files(where)
    described = _mlmodel(where, reader) if MLMODEL in files else None
    found = arrange(str(where), list(files), described)
    arranged = {path: _one(path, places, where, reader) for path, places in found.items()}
    run = reader.logged_model(where.model).run if where.model else where.run
    lineage = _lineage(reader.run(run), reader) if run else Lineage(server=_server(reader))
    return Taken(where, arranged, lineage, name)


def _place(place: str, reader: RunFiles) -> tuple[Place, str]:
    if match := _RUN.fullmatch(place):
        folder = (match[2] or "").strip("/")
        if ".." in folder.split("/"):
            raise UsageProblem(f"{place} leaves the run", hint="runs:/RUN_ID/PATH")
        last = PurePosixPath(folder).name if folder else "run"
        return Place(run=match[1], folder=folder), f"{last}-{match[1][:8]}"
    if match := _LOGGED.fullmatch(place):
        found = reader.logged_model(match[1])
        return Place(model=match[1]), f"{found.name or 'model'}-{match[1][2:10]}"
    if match := _VERSION.fullmatch(place):
        version = reader.version(match[1], match[2] or match[3])
        return _of_version(
            place, version.source, version.logged_model, reader
        ), f"{match[1]}-v{version.number}"
    raise UsageProblem(
        f"{place} names no run and no model",
        hint="runs:/RUN_ID/PATH (32 hex digits), models:/m-ID, models:/NAME/VERSION or models:/NAME@ALIAS",
    )


def _of_version(place: str, source: str, logged: str | None, reader: RunFiles) -> Place:
    """Return where the files of a registered version lie: in a run, or in a logged model."""
    if logged or (match := _LOGGED.fullmatch(source)):
        return Place(model=logged or (match[1] if match else None))
    if match := _RUN.fullmatch(source):
        return Place(run=match[1], folder=(match[2] or "").strip("/"))
    # A location: below the artifacts of the run whose id stands in it.
    for run in re.findall(r"[0-9a-f]{32}", source):
        try:
            root = reader.run(run).artifacts.rstrip("/")
        except Missing:
            continue
        if source.startswith(f"{root}/") or source == root:
            return Place(run=run, folder=source.removeprefix(root).strip("/"))
    raise InvalidDocument(
        f"{place} has its files at {source}, which belongs to no run",
        hint="download them (mlflow artifacts download) and propose the folder",
    )


def _logged(where: Place, reader: RunFiles) -> Place:
    """Return the logged model that `runs:/ID/NAME` means since MLflow 3."""
    models = [reader.logged_model(model) for model in reader.run(where.run or "").models]
    for model in models:
        if model.name == where.folder:
            return Place(model=model.id)
    names = ", ".join(f"runs:/{where.run}/{model.name}" for model in models[:5])
    top = sorted({path.split("/")[0] for path in reader.files(Place(run=where.run))})
    raise Missing(
        f"{where} has no files",
        hint=f"it logged: {names or ', '.join(f'runs:/{where.run}/{name}' for name in top[:5]) or 'nothing'}",
    )


def _mlmodel(where: Place, reader: RunFiles) -> Mapping[str, Any]:
    data = bytearray()
    for block in reader.stream(where, MLMODEL):
        data += block
        if len(data) > _ROOM:
            raise InvalidDocument(f"{where}: its MLmodel is larger than {_ROOM:,} bytes")
    try:
        return parse_mapping(bytes(data), where=f"{where}/{MLMODEL}", most=_ROOM)
    except InvalidDocument as error:
        raise InvalidDocument(error.message, hint=error.hint or "log the model again") from error


def _one(path: str, places: tuple[str, ...], where: Place, reader: RunFiles) -> str:
    """Return the first of equal files.

    Raises:
        InvalidDocument: If they differ: nobody can say which one the model was trained with.
    """
    if len(places) > 1 and len({_digest(where, place, reader) for place in places}) > 1:
        raise InvalidDocument(
            f"{where}: {' and '.join(places)} are different files, and both would be {path}",
            hint="log_artifacts() one folder that save_pretrained() wrote for model and tokenizer, and propose that",
        )
    return places[0]


def _digest(where: Place, path: str, reader: RunFiles) -> str:
    sha = hashlib.sha256()
    for block in reader.stream(where, path):
        sha.update(block)
    return sha.hexdigest()


def _lineage(run: RunFacts, reader: RunFiles) -> Lineage:
    said = {key: value for key in (*_BASES, *_DATA) if (value := run.parameters.get(key))}
    base = next((said[key] for key in _BASES if key in said), None)
    return Lineage(
        base=base,
        run=run.id,
        server=_server(reader),
        experiment=run.experiment,
        user=run.user or None,
        started=dt.datetime.fromtimestamp(run.started / 1000, dt.UTC).date() if run.started else None,
        commit=run.tags.get("mlflow.source.git.commit"),
        datasets=run.datasets,
        parameters=said,
    )


def _server(reader: RunFiles) -> str | None:
    """Return the server's address; a database of one machine says nothing elsewhere."""
    return reader.uri if reader.uri.startswith("http") else None
