"""A figure inside a page: its colours follow the theme, what is saved is drawn on white, texts are left alone."""

import base64
import re
from functools import cache
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import evaluators.report
from evaluators.report.palette import COLOURS, GREYS
from evaluators.report.svg_figure import figure_html, plain_drawing, svg_text, themed
from tests.html_reading import Page

STYLE = (Path(evaluators.report.__file__).parent / "page_style.css").read_text(encoding="utf-8")
#: Besides those of strategies: text, axes, mistakes. Grids are meant to be faint.
DRAWN = ("#000000", "#222222", "#333333", "#444444", "#8c2d04")
#: Of graphics beside their ground (WCAG 2.2, 1.4.11).
LEAST_CONTRAST = 3.0


@cache
def svg(words="scores"):
    with plain_drawing():
        figure = Figure()
        axes = figure.subplots()
        axes.plot([0, 1], color="#0072B2")
        axes.set_title(words)
        return svg_text(figure)


def in_dark():
    """Return the variables of the dark theme."""
    found = dict(re.findall(r"--([\w-]+): ([^;]+);", STYLE.partition("prefers-color-scheme: dark")[2]))

    def solved(value):
        named = re.fullmatch(r"var\(--([\w-]+)\)", value)
        return solved(found[named[1]]) if named else value

    return {name: solved(value) for name, value in found.items()}


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_colour_can_be_another_one_in_another_theme_and_is_itself_without():
    drawn = themed(svg())
    assert "stroke: var(--drawn-0072b2, #0072b2)" in drawn
    styles = [row.attributes["style"] for row in Page(drawn).elements if "style" in row.attributes]
    assert not [style for style in styles if re.search(r"(?<!, )#[0-9a-f]{6}", style)]


def test_words_that_look_like_a_colour_stay_words():
    assert "over #ffffff" in themed(svg("over #ffffff"))


def test_what_is_saved_has_its_colours_and_no_variable():
    page = Page(figure_html(svg(), name="f", title="t"))
    (link,) = page.named("a")
    assert base64.b64decode(link.attributes["href"].partition("base64,")[2]).decode() == svg()
    assert "var(" not in svg()


@pytest.mark.parametrize("colour", [*COLOURS, *GREYS, *DRAWN])
def test_what_is_drawn_is_seen_on_dark_paper(colour):
    dark = in_dark()
    shown = dark.get(f"drawn-{colour[1:].lower()}", colour)
    assert contrast(shown, dark["paper"]) >= LEAST_CONTRAST


def test_greys_stay_apart_on_dark_paper():
    dark = in_dark()
    assert len({dark[f"drawn-{colour[1:]}"] for colour in GREYS}) == len(GREYS)
