"""What adapting changed in a base: one cell's numbers, as findings hold them."""

from __future__ import annotations

from evaluators.document import Document


class CellDrift(Document):
    """How one adapted base answers what the bare one was asked."""

    probe: str
    """Id of the card's probe task; `validation` or `train` where the task's own inputs were read instead."""
    samples: int
    cka: float | None
    """Linear CKA of the features before and after, 1: only rotated or scaled; None where all features are equal."""
    overlap: float
    """Mean share of ten nearest neighbours that stayed."""
    before: float | None = None
    """Of a linear probe on the bare base, in the probe task's metric; None where there is no probe task."""
    after: float | None = None
    """Of one that was fitted to the same labels on the adapted base."""

    @property
    def forgotten(self) -> float | None:
        """What was lost, above 0 where something was."""
        return None if self.before is None or self.after is None else self.before - self.after
