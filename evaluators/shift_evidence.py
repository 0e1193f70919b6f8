"""How a strategy stands a shift of the data, beside what others of the same evaluation would lead one to expect."""

from __future__ import annotations

from evaluators.document import Document


class EffectiveRobustness(Document):
    """Score on a shifted set, less what its score on the test predicts (Taori et al. 2020)."""

    task: str
    candidate: str
    strategy: str
    labels_per_class: int
    set: str
    value: float
    """rho: points above what is expected."""
    expected: float
    """From the other arms: a line in logits of both scores, fitted without this one."""
    residual_sd: float
    """How far the others are from that line, as a standard deviation of the score."""
    references: int
    """Other arms that the line rests on, at least 8."""
    beyond: bool
    """Whether rho is further from 0 than 1.96 of `residual_sd`; what is nearer says nothing."""
