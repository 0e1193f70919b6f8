"""An item that a recommended strategy got wrong, as a page shows it. Handed to a page, never part of evidence."""

from __future__ import annotations

from dataclasses import dataclass

#: At most so many of a class on a page.
MOST_OF_A_CLASS = 5
#: Characters of a text that are shown.
LONGEST_TEXT = 160


@dataclass(frozen=True)
class Example:
    """One wrong answer.

    Attributes:
        task: Id of the task, which is not restricted.
        candidate: Name of the base.
        set: Where the item is from: never a locked set.
        label: Its class, a number of `TaskFacts.labels`.
        predicted: The class it was taken for.
        confidence: Of that answer.
        text: The item, shortened; "" for an image.
        picture: The image as PNG; empty for a text.
    """

    task: str
    candidate: str
    set: str
    label: int
    predicted: int
    confidence: float
    text: str = ""
    picture: bytes = b""
