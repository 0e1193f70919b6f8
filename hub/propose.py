"""From the place of a model to the draft of its card: reads configuration and README, never weights."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from evaluators.document import parse_document
from evaluators.errors import InvalidDocument, UsageProblem
from hub.card import Card, DirectoryMirror, HubMirror
from hub.card_draft import KNOWN, Seen, draft_card
from hub.catalog import Catalog
from hub.sources.open import DEFAULT_ENDPOINT, open_source
from hub.sources.source import Source

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
    """

    card: Card
    text: str


def propose(
    place: str, name: str | None, catalog: Catalog, environment: Mapping[str, str] | None = None
) -> Proposal:
    """Draft the card of a model.

    Args:
        place: A folder, or a Hub repository `organization/name`.
        name: Id of the card; None makes one of the place's name.
        catalog: Where the card shall stand: the id must be free.
        environment: Where HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are looked up; the process's own by default.

    Raises:
        UsageProblem: If the place is neither, or the id is taken.
        SourceProblem: If the place does not answer.
        InvalidDocument: If it holds no base model that may be loaded here.
    """
    chosen = name or id_of(place)
    if chosen in catalog.cards:
        raise UsageProblem(
            f"the catalog has a card {chosen} already", hint="another version is another id: --id NAME"
        )
    mirror = _mirror(place)
    variables = os.environ if environment is None else environment
    with open_source(mirror, catalog=catalog.folder, environment=variables) as source:
        seen = _look(place, mirror, source)
    text = draft_card(chosen, seen)
    return Proposal(parse_document(text.encode("utf-8"), Card, where=f"{chosen}.yaml"), text)


def id_of(place: str) -> str:
    """Return an id made of a place's name."""
    return re.sub(r"[^a-z0-9._-]+", "-", place.rstrip("/").rsplit("/", 1)[-1].lower()).strip("-.")[:63]


def _mirror(place: str) -> HubMirror | DirectoryMirror:
    if Path(place).is_dir():
        return DirectoryMirror(kind="directory", path=str(Path(place).resolve()))
    if _REPOSITORY.fullmatch(place):
        return HubMirror(kind="hub", repository=place)
    raise UsageProblem(
        f"{place} is neither a folder here nor a repository",
        hint="hub propose ./folder, or hub propose organization/name",
    )


def _look(place: str, mirror: HubMirror | DirectoryMirror, source: Source) -> Seen:
    paths, revision = source.paths(), source.revision()
    documents = {path: _parsed(path, source) for path in _READ if path in paths}
    head = _front_matter(_read("README.md", source)) if "README.md" in paths else {}
    if isinstance(mirror, DirectoryMirror):
        lines = f"{{kind: directory, path: {json.dumps(mirror.path)}}}"
        return Seen(place, lines, paths, documents, head)
    pinned = f', revision: "{revision}"' if revision else ""
    lines = f"{{kind: hub, repository: {mirror.repository}{pinned}}}"
    return Seen(place, lines, paths, documents, head, page=f"{DEFAULT_ENDPOINT}/{mirror.repository}")


def _parsed(path: str, source: Source) -> Any:
    try:
        return json.loads(_read(path, source))
    except ValueError as error:
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
        value = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
