"""How much arithmetic a strategy took: counted, not timed, so it is the same on every machine."""

from __future__ import annotations

from evaluators.document import Document


class FitWork(Document):
    """FLOPs of one fit of a strategy of a base, at its largest size; a multiplication and an addition are two."""

    task: str
    candidate: str
    strategy: str
    labels_per_class: int
    recipe_flops: float
    """Of one training with chosen settings, with the encoding of its labels where a frozen base reads them."""
    search_flops: float = 0.0
    """Of choosing the settings beside it: every one that was tried, on four fifths of the draw."""
