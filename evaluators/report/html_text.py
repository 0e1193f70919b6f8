"""Markup that is built, never pasted: whatever is not `Html` already is escaped when it becomes part of an element.

In: texts of documents, which a stranger may have written. Out: HTML. There is one way from text to markup, `escaped`,
so nothing can be forgotten; attributes go through it too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

#: Controls that HTML forbids, halves of surrogate pairs, and marks that turn the order of letters around: a name could
#: otherwise read as another one.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_VOID = frozenset({"meta", "img"})


class Html(str):
    """Text that is markup already. Made by `element`, `escaped` and `joined`, and by who vouches for it."""

    __slots__ = ()


def escaped(text: str) -> Html:
    """Return text as HTML shows it, in an element or a quoted attribute; `Html` stays as it is."""
    if isinstance(text, Html):
        return text
    return Html(html.escape(_UNSEEN.sub("\ufffd", text), quote=True))


def element(name: str, *content: str, attributes: Mapping[str, str] | None = None) -> Html:
    """Return `<name ...>content</name>`.

    Args:
        name: The tag: a word of ours, never one of a document.
        content: Texts and elements; texts are escaped.
        attributes: Names of ours with values, which are escaped; an empty value writes the name alone.
    """
    written = "".join(
        f' {key}="{escaped(value)}"' if value else f" {key}" for key, value in (attributes or {}).items()
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(content)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Return texts and elements one after the other; texts are escaped."""
    return Html(escaped(between).join(escaped(part) for part in parts))


def code(text: str) -> Html:
    """Return a digest or a name as code."""
    return element("code", text)


def listed(rows: Iterable[str], *, kind: str = "ul") -> Html:
    """Return a list, an item a row."""
    return element(kind, *(element("li", row) for row in rows))


def facts(rows: Iterable[tuple[str, str]]) -> Html:
    """Return names with what belongs to each."""
    pairs = (element("div", element("dt", name), element("dd", value)) for name, value in rows)
    return element("dl", *pairs)
