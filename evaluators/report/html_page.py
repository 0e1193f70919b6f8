"""A page that is one file: it opens from a disk and in a sandboxed frame, and asks nobody for anything.

In: sections. Out: a document with its style sheet and script inside. Its own policy (a meta element) forbids every
request and every script but this one, so that even markup that slipped in could neither call home nor run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from evaluators.report.html_text import Html, code, element, facts, joined
from evaluators.report.provenance import Fact


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        anchor: Its name in addresses: a word of ours.
        heading: Its heading.
        parts: What stands in it.
    """

    anchor: str
    heading: str
    parts: tuple[Html, ...]


def html_page(title: str, top: Sequence[Html], sections: Sequence[Section]) -> str:
    """Return the document, ending in a newline.

    Args:
        title: Of the window.
        top: What stands above all sections and their list: the answer.
        sections: The rest, in order; one without parts is left out.
    """
    shown = [section for section in sections if section.parts]
    links = [
        element("li", element("a", section.heading, attributes={"href": f"#{section.anchor}"}))
        for section in shown
    ]
    contents = element("nav", element("ul", *links), attributes={"aria-label": "contents"})
    main = element("main", *top, contents, *(_section(section) for section in shown))
    script = _part("page_script.js")
    head = element(
        "head",
        element("meta", attributes={"charset": "utf-8"}),
        element("meta", attributes={"http-equiv": "Content-Security-Policy", "content": _policy_for(script)}),
        element("meta", attributes={"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", attributes={"name": "color-scheme", "content": "light dark"}),
        element("title", title),
        element("style", _part("page_style.css")),
    )
    body = element("body", main, element("script", script))
    return f"<!DOCTYPE html>\n{element('html', head, body, attributes={'lang': 'en'})}\n"


def paragraphs(*texts: str) -> Html:
    """Return texts as paragraphs; an empty one is left out."""
    return joined(element("p", text) for text in texts if text)


def folded(title: str, part: Html) -> Html:
    """Return a part that opens when its title is pressed, without a script too."""
    return element("details", element("summary", title), part)


def fact_section(rows: Iterable[Fact]) -> Section:
    """Return on what a page rests: names with texts and whole digests."""
    shown = []
    for fact in rows:
        parts = ([code(fact.digest)] if fact.digest else []) + ([fact.text] if fact.text else [])
        shown.append((fact.name, joined(parts, ", ")))
    return Section("provenance", "Provenance and digests", (facts(shown),))


def _section(section: Section) -> Html:
    return element(
        "section", element("h2", section.heading), *section.parts, attributes={"id": section.anchor}
    )


def _part(name: str) -> Html:
    """Return a file of this package as it is; it is ours and must not end the element that it stands in."""
    text = (files("evaluators.report") / name).read_text(encoding="utf-8")
    if "</" in text:
        raise ValueError(f"{name} would end its element")
    return Html(text)


def _policy_for(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
