"""Not worse, and as good: two one-sided tests against the smallest difference that matters (Schuirmann 1987).

In: run-level differences a minus b, and a margin. Out: p-values. "Not significantly worse" is not this; it is what too
few runs give. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import stdtr

from evaluators.statistics.crossed import Crossed
from evaluators.statistics.intervals import Values, mean_and_error

#: Of each one-sided test; the 90 % interval lies inside the margins where both reject.
LEVEL = 0.05


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests.

    Attributes:
        p_non_inferior: Of "a is worse than b by the margin or more".
        p_equivalent: Of "they differ by the margin or more": the larger of both sides.
    """

    p_non_inferior: float
    p_equivalent: float

    @property
    def non_inferior(self) -> bool:
        """Whether a is shown not to be worse than b by the margin."""
        return self.p_non_inferior <= LEVEL

    @property
    def equivalent(self) -> bool:
        """Whether they are shown to differ by less than the margin."""
        return self.p_equivalent <= LEVEL


def equivalence(differences: Values, margin: float, crossed: Crossed | None = None) -> Equivalence | None:
    """Test whether a is not worse than b, and as good, within a margin.

    Args:
        differences: (runs,) a minus b, finite, at least one.
        margin: The smallest difference that matters, above 0.
        crossed: The difference over runs and items. All runs answer the same items, so both tests must say it: the
            larger p counts. Where all runs agree they show no noise, and this alone decides.

    Returns:
        The p-values; None for one run, and where all runs agree and nothing is known of items: nothing is shown then.

    Raises:
        ValueError: If `margin` is not above 0, or differences are missing or not finite.
    """
    if not margin > 0.0:
        raise ValueError(f"a margin is above 0, this is {margin}")
    mean, error, runs = mean_and_error(differences)
    if error is None:
        return None
    if error == 0.0:
        if crossed is None:
            return None
        # Without a distribution there is no p between; the 90 % interval says on which side of the level it is.
        above, below = crossed.low_90 > -margin, crossed.high_90 < margin
        return Equivalence(_side(above), _side(above and below))
    p_worse = float(stdtr(runs - 1, -(mean + margin) / error))
    p_better = float(stdtr(runs - 1, (mean - margin) / error))
    if crossed is not None and crossed.error > 0.0:
        p_worse = max(p_worse, float(stdtr(crossed.df, -(mean + margin) / crossed.error)))
        p_better = max(p_better, float(stdtr(crossed.df, (mean - margin) / crossed.error)))
    return Equivalence(p_worse, max(p_worse, p_better))


def non_inferior(differences: Values, margin: float, crossed: Crossed | None = None) -> bool:
    """Whether a is good enough to be chosen on these items: not worse than b by `margin` over runs, one-sided at .05.

    A choice, no claim: `equivalence` asks of other items too, which a validation set of hundreds can hardly answer, and
    then the heaviest would be chosen for want of items. Where all runs agree the items decide.
    """
    found = equivalence(differences, margin) or equivalence(differences, margin, crossed)
    return found is not None and found.non_inferior


def _side(shown: bool) -> float:
    return LEVEL if shown else 1.0
