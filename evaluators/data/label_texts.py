"""The names of labels as texts that a model can read. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from evaluators.errors import UsageProblem

#: Where a template takes the label.
PLACE = "{label}"
#: Between two examples of a prompt.
SEPARATOR = "\n\n"


def verbalised(name: str) -> str:
    """Return a label's name as words: underscores and hyphens that join words become blanks."""
    return " ".join(name.replace("_", " ").replace("-", " ").split()) or name


def label_texts(names: Iterable[str], template: str) -> list[str]:
    """Return a text for each label.

    Args:
        names: As the task has them.
        template: Holds `{label}`, for example `This text is about {label}.`

    Raises:
        UsageProblem: If the template has no such place.
    """
    if PLACE not in template:
        raise UsageProblem(
            f"the template {template!r} has no place for a label", hint="write it with {label} in it"
        )
    return [template.replace(PLACE, verbalised(name)) for name in names]
