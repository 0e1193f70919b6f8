"""Looking more than once: at which level each look is tested so that all looks together err in 5 % (Pocock 1977).

Of k looks at equal steps, of which the first that rejects ends the sequence, each is tested two-sided at one nominal
level. It was derived for normal means; with Student's t at a few runs it holds closely (tests/evaluators/statistics/
test_sequential.py counts 10,000 sequences). A sequence that ends early for another reason errs less often. Pure.
"""

from __future__ import annotations

from statistics import NormalDist

#: Looks -> critical value at a two-sided level of .05 (Pocock 1977; Jennison and Turnbull 2000, table 2.1).
_CRITICAL = {
    1: 1.960, 2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 6: 2.453, 7: 2.485, 8: 2.512, 9: 2.535, 10: 2.555
}  # fmt: skip


def nominal_level(looks: int) -> float:
    """Return the two-sided level of each of `looks` looks that together err in 5 %; beyond ten Bonferroni's, below it.

    Raises:
        ValueError: If there is no look.
    """
    if looks < 1:
        raise ValueError(f"{looks} looks")
    if looks == 1:
        return 0.05
    if looks not in _CRITICAL:
        return 0.05 / looks
    return 2.0 * (1.0 - NormalDist().cdf(_CRITICAL[looks]))


def level_words(level: float) -> str:
    """Return `95 %` or `98.2 %`: the coverage of an interval at a level."""
    return f"{100.0 * (1.0 - level):.1f}".removesuffix(".0") + " %"
