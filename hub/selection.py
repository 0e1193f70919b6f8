"""Which models of the catalog a person means: what they read, may be used for, and weigh. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evaluators.candidate import Modality
from evaluators.errors import UsageProblem
from hub.card import Card
from hub.lock import Lock

#: What a person wants to do -> classes of use whose licences allow it.
USES: dict[str, frozenset[str]] = {
    "any": frozenset({"any"}),
    "commercial": frozenset({"any", "commercial-with-conditions"}),
    "research": frozenset({"any", "commercial-with-conditions", "non-commercial", "research-only"}),
}
#: Kinds of task, as model hubs call them -> what such a task reads.
KINDS: dict[str, Modality] = {"text-classification": "text", "image-classification": "image"}

_UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}


@dataclass(frozen=True)
class Selection:
    """What is asked of a model; None asks nothing.

    Attributes:
        modality: What it must read.
        use: A key of `USES`: what its licence must allow.
        max_parameters: What it may have at most; a model whose number is unknown does not fit.
    """

    modality: Modality | None = None
    use: str | None = None
    max_parameters: int | None = None

    def fits(self, card: Card, lock: Lock | None) -> bool:
        """Whether a model is what is asked for."""
        parameters = lock.structure.parameters if lock else card.parameters
        return (
            self.modality in (None, card.modality)
            and (self.use is None or card.licence.use in USES[self.use])
            and (
                self.max_parameters is None or (parameters is not None and parameters <= self.max_parameters)
            )
        )


def parse_count(text: str) -> int:
    """Read a number of parameters: `22713216`, `100M`, `1.5B`, `400k`.

    Raises:
        UsageProblem: If it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmMbB]?)", text.strip().replace(",", "").replace("_", ""))
    if found is None:
        raise UsageProblem(f"{text!r} is no number of parameters", hint="write 100M, 1.5B or 22713216")
    return int(float(found[1]) * _UNITS[found[2].upper()])
