"""Counting samples that stand twice: a test that repeats the training data measures memory.

Pure. `exact` means equal content; `normalised` also ignores case, punctuation and blanks (texts; for images it equals
`exact`). Duplicates are allowed and reported; what they mean for a promotion is for the policy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from evaluators.data.samples import LabelledSet, Samples

_PUNCTUATION = re.compile(r"[^\w\s]")


def duplicate_counts(development: LabelledSet, test: LabelledSet) -> dict[str, int]:
    """Count duplicates.

    Args:
        development: Train and validation together.
        test: The locked test.

    Returns:
        `exact`, `normalised`: test samples that also stand in `development`. `conflicting`: contents that stand with
        more than one label anywhere. `repeated`: rows of `development` that repeat an earlier one.
    """
    known = development.samples.digests
    forms = _forms(development.samples)
    return {
        "exact": _overlap(known, test.samples.digests),
        "normalised": _overlap(forms, _forms(test.samples)),
        "conflicting": _conflicts((development, test)),
        "repeated": len(known) - len(set(known)),
    }


def copied(development: Samples, test: Samples) -> list[int]:
    """Return the places of the test samples that are exact copies of development ones."""
    known = set(development.digests)
    return [place for place, digest in enumerate(test.digests) if digest in known]


def normalised(text: str) -> str:
    """Return a text without case, punctuation and surplus blanks."""
    return " ".join(_PUNCTUATION.sub("", text.casefold()).split())


def _forms(samples: Samples) -> Sequence[str]:
    return [normalised(text) for text in samples.texts] if samples.modality == "text" else samples.digests


def _overlap(known: Iterable[str], others: Iterable[str]) -> int:
    seen = set(known)
    return sum(other in seen for other in others)


def _conflicts(sets: Iterable[LabelledSet]) -> int:
    labels: dict[str, set[int]] = defaultdict(set)
    for group in sets:
        for digest, label in zip(group.samples.digests, group.labels.tolist(), strict=True):
            labels[digest].add(label)
    return sum(len(found) > 1 for found in labels.values())
