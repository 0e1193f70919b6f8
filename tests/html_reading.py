"""Reading an HTML page in tests: is it nested well, what does it say, what would it ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "input", "link", "hr"}
#: Attributes by which a browser fetches something, or goes somewhere.
REFERRING = {"href", "src", "xlink:href", "action", "srcset", "poster", "data", "formaction", "background"}


@dataclass
class Element:
    """An element with what it says, its children's words included."""

    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A page as it was read; reading fails if an element is closed that is not the last opened one."""

    source: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()
        assert self.open == [], f"not closed: {[element.name for element in self.open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def named(self, *names: str) -> list[Element]:
        """Return elements of these names in order."""
        return [element for element in self.elements if element.name in names]

    @property
    def references(self) -> list[str]:
        """What attributes and styles would fetch or go to."""
        found = [
            value
            for element in self.elements
            for name, value in element.attributes.items()
            if name in REFERRING
        ]
        styles = [element.attributes.get("style", "") for element in self.elements]
        styles += [element.text for element in self.named("style")]
        clips = [element.attributes.get("clip-path", "") for element in self.elements]
        for text in styles + clips:
            found += re.findall(r"url\(\s*([^)]*)\)", text) + re.findall(r"@import[^;]*", text)
        return found
