"""Looking at the same question again with more runs: which look this is, of how many, and what was measured longer.

A look that is undecided may be followed by another one with more runs, at most `most` times in all. Whoever looks again
until a number pleases them finds one: every look of such a sequence is therefore judged at the level of the whole
(`evaluators.statistics.sequential`), the first one too. What a sequence is about is chosen at its first look and stays.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from evaluators.document import Document

#: Looks that are promised when a sequence begins: more of them would cost every look more of its level.
MOST_LOOKS = 4


class TaskLook(Document):
    """How far a task was looked at again, and what for."""

    look: Annotated[int, Field(ge=2)]
    """Look k has k times the runs of the protocol."""
    arms: dict[str, tuple[str, ...]]
    """Candidate, "" for the data alone -> strategies that have these runs; all others have those of the first look."""


class Looks(Document):
    """A sequence of looks, up to one of them."""

    most: Annotated[int, Field(ge=2)] = MOST_LOOKS
    """How many were promised before the first one."""
    again: dict[str, TaskLook] = Field(default_factory=dict)
    """Tasks that were looked at more than once."""

    @model_validator(mode="after")
    def _promised(self) -> Looks:
        if any(row.look > self.most for row in self.again.values()):
            raise ValueError(f"more than {self.most} looks")
        return self

    def look(self, task: str) -> int:
        """Return which look a task is at."""
        return self.again[task].look if task in self.again else 1

    def runs(self, first: int, task: str, candidate: str, strategy: str) -> int:
        """Return how many runs a strategy of a candidate has on a task, where the first look has `first`."""
        row = self.again.get(task)
        return first * row.look if row and strategy in row.arms.get(candidate, ()) else first
