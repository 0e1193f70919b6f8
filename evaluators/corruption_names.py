"""Which corruptions there are, and the names of their sets. No NumPy: the evidence and the gate read it."""

from __future__ import annotations

from typing import Literal, get_args

TextCorruption = Literal["typos", "case", "punctuation", "whitespace"]
ImageCorruption = Literal["gaussian-noise", "blur", "contrast", "brightness", "pixelate"]
Corruption = TextCorruption | ImageCorruption

TEXT_CORRUPTIONS: tuple[TextCorruption, ...] = get_args(TextCorruption)
IMAGE_CORRUPTIONS: tuple[ImageCorruption, ...] = get_args(ImageCorruption)

SEVERITIES = (1, 2, 3, 4, 5)

ALL_FAMILIES = "corruptions 1-5"
"""What diagnostics call all severities of all families together."""


def severity_set(family: str, severity: int) -> str:
    """Return the id of the shifted set of one severity: `typos-3`."""
    return f"{family}-{severity}"


def family_sets(family: str) -> tuple[str, ...]:
    """Return the ids of a family's sets, mildest first."""
    return tuple(severity_set(family, severity) for severity in SEVERITIES)


def family_name(family: str) -> str:
    """Return what diagnostics call all severities of a family together: `typos 1-5`. No set has a space in its id."""
    return f"{family} {SEVERITIES[0]}-{SEVERITIES[-1]}"
