"""What corruptions of the inputs cost (Hendrycks and Dietterich 2019). Pure.

In: error rates of one run, by family and severity. Out: shares and ratios. All severities count alike: a mean over some
of them, or the worst one, would be a choice of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

Errors = Mapping[str, Sequence[float]]
"""Family -> its error rates, mildest severity first; every family has as many."""


def mean_error(errors: Errors) -> float:
    """Return the mean error over all families and severities.

    Raises:
        ValueError: If there is no family.
    """
    if not errors:
        raise ValueError("no corruption was measured")
    return fmean(fmean(of_family) for of_family in errors.values())


def error_ratio(errors: Errors, reference: Errors) -> float | None:
    """Return mCE: the mean over families of the errors' sum divided by the reference's.

    Returns:
        1 where the reference errs as much; None where it makes no error in some family.

    Raises:
        ValueError: If the families differ, or there is none.
    """
    return _ratio(errors, reference, 0.0, 0.0)


def relative_error_ratio(
    errors: Errors, reference: Errors, *, clean: float, reference_clean: float
) -> float | None:
    """Return relative mCE: as `error_ratio`, of what corruption adds to the error on clean inputs.

    Args:
        errors: Of the subject.
        reference: Of the reference.
        clean: The subject's error on clean inputs.
        reference_clean: The reference's.

    Returns:
        None where corruption adds nothing to the reference's error in some family: a ratio would then mean nothing.

    Raises:
        ValueError: If the families differ, or there is none.
    """
    return _ratio(errors, reference, clean, reference_clean)


def _ratio(errors: Errors, reference: Errors, clean: float, reference_clean: float) -> float | None:
    if not errors or set(errors) != set(reference):
        raise ValueError(f"families {sorted(errors)} against {sorted(reference)}")
    ratios = []
    for family, of_family in errors.items():
        below = sum(value - reference_clean for value in reference[family])
        if below <= 0.0:
            return None
        ratios.append(sum(value - clean for value in of_family) / below)
    return fmean(ratios)
