"""Stored objects that were read already, as long as they are not too many: a place may be far.

A result never changes; whoever knows that an object is computed again says `forget`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

#: Bytes that are kept: the predictions of some thousand cells.
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Stored:
    """A node's output: arrays by name, and facts about how it came to be."""

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]

    @property
    def size(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())


class Recall:
    """Objects that were read, by op and key; once they are `most` bytes, no further ones are kept."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._left = most
        self._objects: dict[tuple[str, str], Stored] = {}

    def keep(self, op: str, key: str, stored: Stored) -> None:
        """Keep an object if there is room; its arrays become read-only, because whoever asks gets the same ones."""
        if (op, key) in self._objects or stored.size > self._left:
            return
        for array in stored.arrays.values():
            array.setflags(write=False)
        self._objects[op, key] = stored
        self._left -= stored.size

    def get(self, op: str, key: str) -> Stored | None:
        """Return an object that was kept."""
        return self._objects.get((op, key))

    def forget(self, op: str, key: str) -> None:
        """Keep an object no longer."""
        known = self._objects.pop((op, key), None)
        self._left += known.size if known else 0
