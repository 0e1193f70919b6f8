"""What labels buy, beyond each curve: how many labels a transfer saves, and from which size a strategy is ahead.

Never beyond the measured sizes: what lies there is a bound.
"""

from __future__ import annotations

from typing import Literal

from evaluators.document import Document


class LabelSaving(Document):
    """How many labels a class a reference needs for what a strategy reaches with `labels_per_class`."""

    task: str
    candidate: str
    strategy: str
    reference_candidate: str
    reference_strategy: str
    set: str
    labels_per_class: int
    reference_labels: float
    """Between two measured sizes by a line over log2 n (Hernandez et al. 2021)."""
    multiplier: float
    """`reference_labels` divided by `labels_per_class`."""
    bound: Literal["exact", "above", "below"]
    """`above`: the reference does not get there with the most labels measured. `below`: it is there with the fewest."""


class Overtaking(Document):
    """Between which sizes a strategy is first ahead of another, beyond noise."""

    task: str
    candidate: str
    strategy: str
    reference_candidate: str
    reference_strategy: str
    set: str
    runs: int
    above: int | None
    """Largest size a class before it is ahead; None if it is ahead from the smallest."""
    up_to: int | None
    """First size at which the paired 95 % interval of the difference lies above 0; None if there is none."""
    holds: bool
    """Whether it is ahead at every larger size too."""
