"""What a Hub's API says about a repository beside its files: licence, access, languages, what it was made from.

In: the answer of `/api/models/{repository}/revision/{revision}`. Out: `HubFacts`; what is absent or of another shape is
nothing. Publishers write these themselves: they fill a draft that a person reviews. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Gated = Literal["auto", "manual"]
Relation = Literal["finetune", "adapter", "quantized", "merge"]


@dataclass(frozen=True)
class HubFacts:
    """Facts of one repository.

    Attributes:
        card: `cardData`: the front matter of its README, parsed by the Hub.
        gated: "auto" or "manual" where access terms must be accepted; None where it is open.
        base: The repository it was made from, or None.
        relation: How.
        modified: Day of its last change.
        parameters: Numbers in its safetensors files, as the Hub counted them.
        datasets: What it was trained on, as the publisher tagged it.
    """

    card: Mapping[str, Any]
    gated: Gated | None = None
    base: str | None = None
    relation: Relation | None = None
    modified: dt.date | None = None
    parameters: int | None = None
    datasets: tuple[str, ...] = ()


def read_facts(answer: Mapping[str, Any]) -> HubFacts:
    """Read the API's answer."""
    data = answer.get("cardData")
    card: Mapping[str, Any] = data if isinstance(data, dict) else {}
    tags = [tag for tag in _list(answer.get("tags")) if isinstance(tag, str)]
    licences = [tag[8:] for tag in tags if tag.startswith("license:")]
    base, relation = _base(card, tags)
    gated, stored = answer.get("gated"), answer.get("safetensors")
    total = stored.get("total") if isinstance(stored, dict) else None
    return HubFacts(
        # The Hub repeats the licence as a tag, also where the README says it in another way.
        card={**({"license": licences[0]} if licences else {}), **card},
        gated="auto" if gated == "auto" else "manual" if gated else None,
        base=base,
        relation=relation,
        modified=_day(answer.get("lastModified")),
        parameters=total if type(total) is int and total > 0 else None,
        datasets=tuple(row for row in _list(card.get("datasets")) if isinstance(row, str))
        or tuple(tag[8:] for tag in tags if tag.startswith("dataset:")),
    )


def _base(card: Mapping[str, Any], tags: list[str]) -> tuple[str | None, Relation | None]:
    """Return base and relation: `base_model` of the README, and the tag in which the Hub says how."""
    told = next(_relations(tags), None)
    named = [row for row in _list(card.get("base_model")) if isinstance(row, str)]
    base = ", ".join(named) or (told[1] if told else None)
    said = card.get("base_model_relation")
    relation = next((name for name in get_args(Relation) if name == said), told[0] if told else None)
    return base, relation if base else None


def _relations(tags: list[str]) -> Iterator[tuple[Relation, str]]:
    for name in get_args(Relation):
        for tag in tags:
            if tag.startswith(f"base_model:{name}:"):
                yield name, tag.removeprefix(f"base_model:{name}:")


def _day(value: Any) -> dt.date | None:
    try:
        return dt.datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
