"""The first draft of a card: facts from a model's own configuration, TODO where only a person can answer.

In: the names of a model's files, its configuration files, the head of its README, what its place says of it. Out: YAML
text of a proposed card. Nothing is invented: what nobody says is a TODO, which `hub catalog check` refuses, or the
strictest value. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.names import printable
from hub.card import Lineage
from hub.card_inputs import image_lines, text_lines
from hub.catalog_rules import TODO
from hub.model_files import files_of
from hub.model_kind import kind_of
from hub.run_place import SCHEMES
from hub.sources.hub_facts import Gated
from hub.yaml_text import yaml_path, yaml_text

#: Licence tags of model hubs -> SPDX id and class of use. Others are for a person.
_LICENCES = {
    "apache-2.0": ("Apache-2.0", "any"),
    "mit": ("MIT", "any"),
    "bsd-3-clause": ("BSD-3-Clause", "any"),
    "bsd-2-clause": ("BSD-2-Clause", "any"),
    "cc0-1.0": ("CC0-1.0", "any"),
    "cc-by-4.0": ("CC-BY-4.0", "any"),
    "cc-by-nc-4.0": ("CC-BY-NC-4.0", "non-commercial"),
}
_UNKNOWN = (TODO, "research-only")
#: Languages that a model names; multilingual ones name a hundred.
_MOST_WORDS = 256


@dataclass(frozen=True)
class Seen:
    """What was read of a model.

    Attributes:
        place: How people name it: a repository, a folder, a run.
        mirror: The lines of its mirror, as YAML flow.
        paths: Names of its files.
        documents: Parsed JSON files, by name.
        head: Front matter of its README, or what the Hub says of it; {} if there is none.
        page: Where people can read about it; None for a folder, whose path means nothing elsewhere.
        gated: How access terms are granted, where they must be accepted; None where nobody need ask.
        parameters: As the place counts them, or None.
        lineage: What it was made of, as the place says; None if it says nothing.
    """

    place: str
    mirror: str
    paths: Sequence[str]
    documents: Mapping[str, Any]
    head: Mapping[str, Any]
    page: str | None = None
    gated: Gated | None = None
    parameters: int | None = None
    lineage: Lineage | None = None

    def document(self, name: str) -> Mapping[str, Any]:
        """Return a JSON document, {} if it is missing or no object."""
        found = self.documents.get(name)
        return found if isinstance(found, dict) else {}


def draft_card(name: str, seen: Seen) -> str:
    """Return the YAML of a proposed card.

    Raises:
        InvalidDocument: If the model is no base model that can be loaded and headed here.
    """
    files = files_of(seen.place, seen.paths, seen.document("adapter_config.json"))
    kind = kind_of(seen.place, seen.document("config.json"))
    spdx, use = _licence(seen)
    listed = "".join(f"  - {yaml_path(path)}\n" for path in files)
    inputs = (
        image_lines(seen.document("config.json"))
        if kind.family == "vision"
        else text_lines(seen.documents, causal=kind.family == "causal-lm")
    )
    trained = (
        f"; named: {', '.join(seen.lineage.datasets[:8])}" if seen.lineage and seen.lineage.datasets else ""
    )
    return f"""schema: 1
id: {name}
title: {yaml_text(name if seen.place.startswith(SCHEMES) else seen.place.rstrip("/").rsplit("/", 1)[-1])}
summary: "{TODO}: what it is and when one would take it, in a sentence"
library: {kind.library}
family: {kind.family}
input:
{inputs}mirrors:
  - {seen.mirror}
files:
{listed}languages: {yaml_text(_words(seen.head.get("language")))}
{f"parameters: {seen.parameters}" + chr(10) if seen.parameters else ""}pretraining:
  text: {yaml_text(f"{TODO}: what it was trained on{trained}")}
  source: "{TODO}: where that can be checked"
{"".join(_lineage(seen.lineage))}owner: "{TODO}: who answers for this card"
licence:
  spdx: {yaml_text(spdx)}{_said_licence(seen, spdx)}
  use: {use}{"" if spdx != TODO else "  # the strictest, until a person says otherwise"}
  source: {yaml_text(seen.page or f"{TODO}: where that can be checked")}
{_terms(seen)}intended_use: "{TODO}: what it is for here"
limits:
  - "{TODO}: what it is bad at, and what it must not be used for"
lifecycle: {{state: proposed}}
sources:
  - {yaml_text(seen.page or (seen.place if seen.place.startswith(SCHEMES) else f"{TODO}: where more is said about it"))}
"""


def _licence(seen: Seen) -> tuple[str, str]:
    tags = _words(seen.head.get("license"))
    # Several licences are for a person.
    return _LICENCES.get(tags[0].lower(), _UNKNOWN) if len(tags) == 1 else _UNKNOWN


def _words(value: Any) -> list[str]:
    """Return a field that is a word or a list of words; what is anything else says nothing."""
    if isinstance(value, str):
        return [value] if value else []
    return [row for row in value[:_MOST_WORDS] if isinstance(row, str)] if isinstance(value, list) else []


def _said_licence(seen: Seen, spdx: str) -> str:
    """Return the comment that tells a person what the place says, where that is no SPDX id."""
    if spdx != TODO:
        return ""
    said = (
        word for key in ("license", "license_name", "license_link") for word in _words(seen.head.get(key))[:4]
    )
    told = ", ".join(printable(word, 80) for word in said)
    return f"  # {f'its place says: {told}' if told else 'its place says nothing'}"


def _terms(seen: Seen) -> str:
    if seen.gated is None:
        return ""
    return (
        f'  terms_accepted_by: "{TODO}: who accepted its access terms for us (access is granted: {seen.gated})"\n'
        "  # and the day: terms_accepted_on: YYYY-MM-DD\n"
    )


def _lineage(lineage: Lineage | None) -> Iterator[str]:
    """Yield the lines of the lineage; what is not known is left out."""
    known = {key: value for key, value in lineage if value} if lineage else {}
    if known:
        yield "lineage:\n"
    for key, value in known.items():
        written = str(value) if isinstance(value, dt.date) else yaml_text(value)
        yield f"  {key}: {written}\n"
