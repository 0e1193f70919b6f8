"""What is left to do after a card was drafted: its open questions by line, and the commands of the pull request.

Pure but for looking where the git checkout begins.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.catalog_rules import TODO

#: Questions that the card has no room for.
_ASKED = {"licence.spdx": "SPDX id of the weights' licence; "}
_KEY = re.compile(r"\s*(?:- )?([a-z_]+):")


@dataclass(frozen=True)
class Todo:
    """One question that only a person can answer.

    Attributes:
        line: Its line in the card, from 1.
        field: The field it is about, with the one above it: `licence.spdx`.
        question: What is asked; "" where the field says it.
    """

    line: int
    field: str
    question: str


def todos_of(text: str) -> tuple[Todo, ...]:
    """Return the open questions of a drafted card, in its order."""
    return tuple(_todos(text))


def steps_of(name: str, card: Path) -> tuple[str, ...]:
    """Return the commands that make a pull request of a card and its lock; none outside a git checkout.

    Args:
        name: Id of the card.
        card: Its file; the lock stands beside it.
    """
    top = next((folder for folder in card.resolve().parents if (folder / ".git").exists()), None)
    if top is None:
        return ()
    inside = card.resolve().relative_to(top)
    lock = inside.with_name(f"{name}.lock.json")
    here = Path.cwd().resolve()
    start = () if here == top else (f"cd {shlex.quote(str(top))}",)
    return (
        *start,
        f"git switch -c propose-{name}",
        f"git add {shlex.quote(str(inside))} {shlex.quote(str(lock))}",
        f'git commit -m "Propose {name}"',
        f"git push -u origin propose-{name}",
        "gh pr create --fill",
    )


def _todos(text: str) -> Iterator[Todo]:
    above = ""
    for number, line in enumerate(text.splitlines(), start=1):
        key = _KEY.match(line)
        indented = line.startswith(" ")
        if key and not indented:
            above = key[1]
        if TODO not in line or line.lstrip().startswith("#"):
            continue
        own = key[1] if key and indented and not line.lstrip().startswith("- ") else ""
        field = f"{above}.{own}" if own else above
        question = line.partition(TODO)[2].strip(': "#').rstrip('"')
        yield Todo(number, field, f"{_ASKED.get(field, '')}{question}")
