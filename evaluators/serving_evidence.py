"""What an adapted model takes in use: how long an answer takes, how many a second, how many bytes. Observed, not found.

One measurement a strategy of a base on a task, at its largest size: the whole way from a raw input to probabilities.
"""

from __future__ import annotations

from pydantic import Field

from evaluators.document import Document


class Serving(Document):
    """How a strategy of a base answers on one machine."""

    task: str
    candidate: str
    """Empty for a baseline on the data alone."""
    strategy: str
    labels_per_class: int
    calls: int
    """Timed calls, of one input each, after a warm-up."""
    p50: float
    """Seconds; the median call. Quantiles are the smallest time that so large a share of the calls took at most."""
    p95: float | None = None
    """None where too few calls were timed to know it."""
    p99: float | None = None
    throughput: dict[str, float] = Field(default_factory=dict)
    """Inputs in one call -> inputs a second."""
    trained_bytes: int
    """Of the files that hold what was trained."""
    base_bytes: int
    """Of the base's files that must lie beside them; 0 where no base is read."""
    environment: str
    """Digest of the environment that answered, a key of `Observations.environments`."""

    @property
    def best_batch(self) -> tuple[int, float] | None:
        """Return how many inputs in a call gave the most a second, and how many that were."""
        if not self.throughput:
            return None
        size = max(self.throughput, key=lambda name: self.throughput[name])
        return int(size), self.throughput[size]
