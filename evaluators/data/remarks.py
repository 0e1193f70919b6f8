"""What a person should know of their own data before they are measured: nothing is wrong enough to refuse them.

In: a task's data, and how much of a text each candidate reads. Out: sentences, most of them none. No sample is quoted.
Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from evaluators.candidate import Candidate, TextInput
from evaluators.data.task_data import TaskData

_SHOWN = 3


def remarks_on(data: TaskData, candidates: Iterable[Candidate] = ()) -> tuple[str, ...]:
    """Return what stands out in a task's data.

    Args:
        data: As loaded.
        candidates: Whose limits texts are held against.
    """
    return (*_labels(data), *_copies(data), *_long_texts(data, candidates))


def _labels(data: TaskData) -> Iterator[str]:
    """Yield labels that are one word for a reader and two classes for a model."""
    forms: dict[str, list[str]] = defaultdict(list)
    for name in data.labels:
        forms[" ".join(name.casefold().split())].append(name)
    alike = [names for names in forms.values() if len(names) > 1]
    if alike:
        shown = "; ".join(" and ".join(map(repr, names)) for names in alike[:_SHOWN])
        more = f"; and {len(alike) - _SHOWN} more" if len(alike) > _SHOWN else ""
        yield f"labels that differ only in case or blanks count as different: {shown}{more}"


def _copies(data: TaskData) -> Iterator[str]:
    repeated, conflicting = data.duplicates.get("repeated", 0), data.duplicates.get("conflicting", 0)
    if repeated:
        yield f"samples that repeat an earlier one: {repeated:,}; equal samples are kept in one split"
    if conflicting:
        yield f"samples that stand with more than one label: {conflicting:,}; no model can be right about them"


def _long_texts(data: TaskData, candidates: Iterable[Candidate]) -> Iterator[str]:
    """Yield how many texts are cut; a word is at least a token, so there may be more."""
    if data.modality != "text":
        return
    limits: dict[int, list[str]] = defaultdict(list)
    for candidate in candidates:
        if isinstance(candidate.input, TextInput):
            limits[candidate.input.max_tokens].append(candidate.name)
    texts = [text for name in data.sizes for text in data.samples(name).texts]
    for limit, names in sorted(limits.items()):
        cut = sum(len(text) > 2 * limit and len(text.split()) > limit for text in texts)
        if cut:
            reads = ", ".join(names[:_SHOWN]) + (
                f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            )
            yield f"texts longer than {limit} tokens, of which only the start is read by {reads}: at least {cut:,}"
