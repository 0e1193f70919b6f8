"""Several comparisons in one decision: p-values adjusted so that one false success in the family stays rare.

In: the p-values of one family, for example all candidates against the incumbent on one locked test. Out:
adjusted p-values in the same order, to be compared with the same level as before. Holm's step-down needs no
independence and is never weaker than Bonferroni.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float], *, family: int = 0) -> tuple[float, ...]:
    """Return Holm's adjusted p-values (Holm 1979).

    Args:
        p_values: m numbers in [0, 1]; m may be 0.
        family: Size of the family, where it is larger than m: comparisons that were made before, whose p is not at
            hand, count as if they were smaller than none of these.

    Returns:
        m numbers in [0, 1], in the order given; never below the p-value they belong to.

    Raises:
        ValueError: If a number is not in [0, 1].
    """
    if not all(0.0 <= p <= 1.0 for p in p_values):
        raise ValueError("a p-value is not between 0 and 1")
    adjusted = [0.0] * len(p_values)
    largest, size = 0.0, max(family, len(p_values))
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda position: p_values[position])):
        # The running maximum: a larger p never ends below a smaller one.
        largest = max(largest, min(1.0, (size - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)
