"""Names that are safe everywhere (file, URL, MLflow, terminal), and the nearest one to a misspelt name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from evaluators.errors import UsageProblem

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"

#: A name of ours: ASCII, lower case, no separator of any system.
SafeName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]

SHA256_PATTERN = r"^[0-9a-f]{64}$"
REVISION_PATTERN = r"^[0-9a-f]{40}$"

#: A sha256 in hex.
Sha256 = Annotated[str, StringConstraints(pattern=SHA256_PATTERN)]

#: A commit in hex, whole: a short one may mean another tomorrow.
Revision = Annotated[str, StringConstraints(pattern=REVISION_PATTERN)]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

#: What a pattern asks for, in words.
PATTERNS = {
    NAME_PATTERN: "a name has lower-case letters, digits, '.', '_' and '-', at most 63, and begins with one of the "
    "first two",
    SHA256_PATTERN: "a sha256 has 64 hex digits",
    REVISION_PATTERN: "a revision is a whole commit: 40 hex digits, no branch and no short form",
}


def is_relative_path(path: str) -> bool:
    """Whether a POSIX path stays inside its folder: plain characters, no `.` and no `..`."""
    plain = re.fullmatch(r"[\w.+@ -]+(/[\w.+@ -]+)*", path, re.ASCII) is not None
    return plain and not {".", ".."} & set(path.split("/"))


def _stays_inside(path: str) -> str:
    if not is_relative_path(path):
        raise ValueError(f"{path!r} is not a plain path inside the folder")
    return path


#: A POSIX path that stays inside its folder.
RelativePath = Annotated[str, AfterValidator(_stays_inside)]


def without_controls(text: str) -> str:
    """Return text that a terminal only shows: control characters but the line feed and the tab are spaces."""
    return _CONTROLS.sub(" ", text)


def printable(text: str, most: int = 300) -> str:
    """Return what somebody else said as one line that a terminal only shows: no escapes, no other control characters.

    Args:
        text: As it came: an answer of a server, what a program printed, a field of a file.
        most: Characters that are kept.
    """
    kept = "".join(char if char.isprintable() else " " for char in text[: 4 * most])
    return " ".join(kept.split())[:most]


def is_safe_name(name: str) -> bool:
    """Whether a name may be used for one of our things."""
    return re.fullmatch(NAME_PATTERN, name) is not None and ".." not in name


def nearest(name: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return the known names nearest to `name`, best first."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), list(by_fold), n=limit, cutoff=0.5)
    return tuple(by_fold[fold] for fold in close)


def unknown_name(what: str, name: str, known: Iterable[str]) -> UsageProblem:
    """Return the error for a name that is not known: the nearest ones, or all of them if they are few."""
    names = sorted(known)
    close = nearest(name, names)
    if close:
        hint = f"did you mean {' or '.join(close)}?"
    elif names:
        hint = f"known: {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}"
    else:
        hint = f"there is no {what} yet"
    return UsageProblem(f"unknown {what} {name!r}", hint=hint)
