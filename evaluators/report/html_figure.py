"""Figures of one page: drawn alike, numbered so that every name on the page is its own, each with its link."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from evaluators.report.html_text import Html

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawn(make: Callable[[], Figure], *, name: str, title: str) -> Html:
    """Return a figure as HTML.

    Args:
        make: Draws it; called within the settings that make equal figures equal text.
        name: A word of ours, unique on the page.
        title: What it shows, for those who do not see it.
    """
    # Matplotlib takes a second to import: not for those who only want a table.
    from evaluators.report.svg_figure import figure_html, plain_drawing, svg_text

    with plain_drawing():
        svg = svg_text(make())
    return figure_html(svg, name=name, title=title)
