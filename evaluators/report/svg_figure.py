"""A figure as SVG text that is equal for equal figures and can stand inside a page.

In: a matplotlib figure, drawn within `plain_drawing`. Out: an SVG of its own: text as text, no date, no random ids, no
address but the names of its namespaces. Names of documents are drawn as they are: a dollar sign begins no formula.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from evaluators.report.html_text import Html, element

_SETTINGS = {
    "svg.hashsalt": "basehub",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "text.parse_math": False,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'(\bid="|href="#|url\(#)')
_STYLE = re.compile(r'(?<= style=")[^"]*')
_COLOUR = re.compile(r"#([0-9a-fA-F]{6})\b")


@contextmanager
def plain_drawing() -> Iterator[None]:
    """Within it, texts of figures are drawn as this module promises."""
    with mpl.rc_context(_SETTINGS):
        yield


def svg_text(figure: Figure) -> str:
    """Return the `<svg>` element of a figure, without prolog and comments."""
    out = io.BytesIO()
    with plain_drawing():
        FigureCanvasSVG(figure)
        figure.savefig(out, format="svg", metadata=_NO_METADATA)
    text = out.getvalue().decode("utf-8")
    return _COMMENT.sub("", text[text.index("<svg") :]).strip()


def figure_html(svg: str, *, name: str, title: str) -> Html:
    """Return a figure inside the page, with a link that saves it.

    What is saved is drawn on white; on the page every colour may be another one in another theme (`themed`).

    Args:
        svg: As `svg_text` made it.
        name: A word of ours, unique on the page: it goes before the ids inside, and names the file.
        title: What it shows, for those who do not see it.
    """
    inside = _TAG.sub(lambda tag: _ID.sub(rf"\g<1>{name}-", tag[0]), themed(svg))
    data = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    saving = {"href": f"data:image/svg+xml;base64,{data}", "download": f"{name}.svg"}
    drawing = element("div", Html(inside), attributes={"role": "img", "aria-label": title})
    box = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": title}
    return element(
        "figure",
        element("div", drawing, attributes=box),
        element("p", element("a", "save this figure (SVG)", attributes=saving), attributes={"class": "save"}),
        attributes={"class": "drawing"},
    )


def themed(svg: str) -> str:
    """Return a drawing whose colours a style sheet may replace: `#0072b2` is `var(--drawn-0072b2, #0072b2)`.

    Without such a style sheet it looks as before. Texts of documents are left as they are.
    """
    return _TAG.sub(lambda tag: _STYLE.sub(lambda style: _COLOUR.sub(_variable, style[0]), tag[0]), svg)


def _variable(colour: re.Match[str]) -> str:
    return f"var(--drawn-{colour[1].lower()}, {colour[0]})"
