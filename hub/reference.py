"""How a person names a model: `NAME`, `NAME@alias` or `NAME:version`.

Text comes in, a `Reference` goes out; nothing is looked up. What parses is safe everywhere (file, URL, MLflow,
terminal), so no later stage checks a name again.
"""

from __future__ import annotations

import re

from evaluators.candidate import Reference
from evaluators.errors import UsageProblem
from evaluators.names import is_safe_name

#: Version numbers start at 1 and fit a database's integer.
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_MEANT_NAME = re.compile(r"[^a-z0-9._-]+")


def parse_reference(text: str) -> Reference:
    """Return the reference that `text` writes.

    Raises:
        UsageProblem: If it has none of the three forms.
    """
    name, mark, rest = _split(text)
    if not is_safe_name(name):
        raise _unreadable(text, "a name has lower-case letters, digits and . _ - (at most 63)")
    if mark == "@":
        if not is_safe_name(rest):
            raise _unreadable(text, "an alias has lower-case letters, digits and . _ -")
        return Reference(name, alias=rest)
    if mark == ":":
        if not _VERSION.fullmatch(rest):
            raise _unreadable(text, "a version is a whole number from 1")
        return Reference(name, version=int(rest))
    return Reference(name)


def reference_text(reference: Reference) -> str:
    """Return a reference as a person writes it."""
    if reference.alias is not None:
        return f"{reference.name}@{reference.alias}"
    if reference.version is not None:
        return f"{reference.name}:{reference.version}"
    return reference.name


def _split(text: str) -> tuple[str, str, str]:
    """Split at the first `@` or `:`."""
    match = re.search(r"[@:]", text)
    if match is None:
        return text, "", ""
    return text[: match.start()], match.group(), text[match.end() :]


def _unreadable(text: str, why: str) -> UsageProblem:
    name = _MEANT_NAME.sub("-", text[:63].split("@")[0].split(":")[0].lower()).strip("-._") or "minilm-l6"
    return UsageProblem(
        f"{text[:80]!r} is not a reference to a model: {why}",
        hint=f"write {name} (what is approved now), {name}@approved (an alias) or {name}:3 (a version)",
    )
