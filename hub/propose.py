"""From the place of a model to the draft of its card: reads configuration and README, never weights."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluators.document import parse_document, parse_mapping
from evaluators.errors import InvalidDocument, UsageProblem
from evaluators.names import printable
from hub.card import Card, DirectoryMirror, HubMirror, Lineage
from hub.card_draft import Seen, draft_card
from hub.catalog import Catalog
from hub.catalog_rules import TODO
from hub.home import home_from
from hub.model_files import KNOWN, files_of, left_out, require_tokenizer
from hub.model_kind import kind_of
from hub.registry.open import open_run_files
from hub.registry.run_files import RunFiles
from hub.run_place import Taken, names_a_run, take
from hub.sources.hub_facts import HubFacts
from hub.sources.mlflow_artifacts import MlflowArtifacts
from hub.sources.open import DEFAULT_ENDPOINT, open_source
from hub.sources.source import Source
from hub.yaml_text import yaml_path, yaml_text

_MOST = 4 * 1024 * 1024
"""Bytes of a configuration file or README that are read; tokenizers are larger, and not needed here."""
_LARGE = frozenset({"tokenizer.json", "vocab.json", "model.safetensors.index.json"})
_READ = (*sorted(name for name in KNOWN - _LARGE if name.endswith(".json")), "adapter_config.json")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Proposal:
    """A card that was drafted.

    Attributes:
        card: As it will be read.
        text: As it was written.
        notes: What its proposer should know: files that were left out, a head that is not used.
    """

    card: Card
    text: str
    notes: tuple[str, ...] = ()


def propose(
    place: str, name: str | None, catalog: Catalog, environment: Mapping[str, str] | None = None
) -> Proposal:
    """Draft the card of a model.

    Args:
        place: A folder, a Hub repository `organization/name`, or a model of MLflow: `runs:/RUN_ID/PATH`,
            `models:/m-ID`, `models:/NAME/VERSION`.
        name: Id of the card; None makes one of the place's name.
        catalog: Where the card shall stand: the id must be free.
        environment: Where HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, MLFLOW_TRACKING_URI and HUB_HOME are looked up; the
            process's own by default.

    Raises:
        UsageProblem: If the place is none of these, or the id is taken.
        EnvironmentProblem: If the place does not answer.
        InvalidDocument: If it holds no base model that may be loaded here.
    """
    variables = os.environ if environment is None else environment
    if names_a_run(place):
        reader = open_run_files(variables, home_from(variables))
        taken = take(place, reader)
        chosen = name or id_of(taken.name)
        _require_free(chosen, catalog)
        seen = _see_run(place, taken, reader)
    else:
        chosen = name or id_of(place)
        _require_free(chosen, catalog)
        seen = _see(place, catalog, variables)
    files = files_of(place, seen.paths, seen.document("adapter_config.json"))
    kind = kind_of(place, seen.document("config.json"))
    if kind.family != "vision":
        require_tokenizer(place, files)
    notes = left_out(seen.paths, files)
    if kind.own_head:
        notes += (f"the head of {printable(kind.architecture)} is not used: its trunk is the base",)
    text = draft_card(chosen, seen)
    return Proposal(parse_document(text.encode("utf-8"), Card, where=f"{chosen}.yaml"), text, notes)


def id_of(place: str) -> str:
    """Return an id made of a place's name."""
    return re.sub(r"[^a-z0-9._-]+", "-", place.rstrip("/").rsplit("/", 1)[-1].lower()).strip("-.")[:63]


def _require_free(name: str, catalog: Catalog) -> None:
    if name in catalog.cards:
        raise UsageProblem(
            f"the catalog has a card {name} already", hint="another version is another id: --id NAME"
        )


def _see(place: str, catalog: Catalog, environment: Mapping[str, str]) -> Seen:
    """Look at a folder or a repository."""
    if Path(place).is_dir():
        folder = DirectoryMirror(kind="directory", path=str(Path(place).resolve()))
        with open_source(folder, catalog=catalog.folder, environment=environment) as source:
            return _look(place, _folder_mirror(Path(folder.path), catalog.folder.resolve()), source)
    if not _REPOSITORY.fullmatch(place):
        what = "is a file, not the folder of a model" if Path(place).exists() else "names no model"
        raise UsageProblem(
            f"{place} {what}",
            hint="hub propose ./folder, hub propose organization/name, or hub propose runs:/RUN_ID/PATH",
        )
    from hub.sources.hub_repository import HubRepository  # loads an HTTP client

    repository = HubMirror(kind="hub", repository=place)
    with open_source(repository, catalog=catalog.folder, environment=environment) as source:
        facts = source.facts() if isinstance(source, HubRepository) else HubFacts({})
        revision = source.revision()
        pinned = f", revision: {yaml_text(revision)}" if revision else ""
        seen = _look(place, f"{{kind: hub, repository: {place}{pinned}}}", source)
    lineage = Lineage(
        base=facts.base, relation=facts.relation, published=facts.modified, datasets=facts.datasets
    )
    return replace(
        seen,
        head={**facts.card, **seen.head},
        page=f"{DEFAULT_ENDPOINT}/{place}",
        gated=facts.gated,
        parameters=facts.parameters,
        lineage=lineage,
    )


def _folder_mirror(folder: Path, catalog: Path) -> str:
    """Return the mirror of a folder: relative inside the catalog; a folder of this machine is nobody else's."""
    if folder.is_relative_to(catalog):
        return f"{{kind: directory, path: {yaml_text(folder.relative_to(catalog).as_posix())}}}"
    return (
        f"{{kind: directory, path: {yaml_text(str(folder))}}}  # {TODO}: only this machine has this folder; name a "
        "place that everybody reaches (a Hub repository, MLflow, a folder of the catalog)"
    )


def _see_run(place: str, taken: Taken, reader: RunFiles) -> Seen:
    """Look at a model of a run; its mirror lists where in the run every file of the card stands."""
    seen = _look(place, "", MlflowArtifacts(reader, taken.place, taken.arranged))
    files = files_of(place, seen.paths, seen.document("adapter_config.json"))
    return replace(seen, mirror=_run_mirror(taken, files), page=None, lineage=taken.lineage)


def _run_mirror(taken: Taken, files: tuple[str, ...]) -> str:
    where = taken.place
    lines = ["kind: mlflow"]
    lines.append(f"model: {where.model}" if where.model else f'run: "{where.run}"')
    if where.folder:
        lines.append(f"path: {yaml_text(where.folder)}")
    if any(taken.arranged[path] != path for path in files):
        lines += ["files:", *(f"  {yaml_path(path)}: {yaml_text(taken.arranged[path])}" for path in files)]
    return "\n    ".join(lines)


def _look(place: str, mirror: str, source: Source) -> Seen:
    paths = source.paths()
    documents = {path: _parsed(path, source) for path in _READ if path in paths}
    head = _front_matter(_read("README.md", source)) if "README.md" in paths else {}
    return Seen(place, mirror, paths, documents, head)


def _parsed(path: str, source: Source) -> Any:
    try:
        return json.loads(_read(path, source))
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(f"{source.describe()}: {path} is not JSON ({error})") from error


def _read(path: str, source: Source) -> bytes:
    data = bytearray()
    stream: Iterator[bytes] = source.open(path)
    with closing(stream):  # type: ignore[type-var]  # sources yield from generators
        for block in stream:
            data += block
            if len(data) > _MOST:
                raise InvalidDocument(f"{source.describe()}: {path} is larger than {_MOST:,} bytes")
    return bytes(data)


def _front_matter(readme: bytes) -> Mapping[str, Any]:
    """Return the YAML between the first two lines of dashes; {} if there is none that can be read."""
    found = re.match(rb"---\s*\n(.*?)\n---\s*\n", readme, re.DOTALL)
    if found is None:
        return {}
    try:
        return parse_mapping(found[1], where="README.md")
    except InvalidDocument:
        return {}
