"""A table of a page: it scrolls in its own box, can be read without the script, and is sorted by a click with it.

In: texts in rows. Out: HTML. Every cell of a column of numbers carries its number, so that "0.38 M" stands below
"22.7 M" and `91.2 [90.1, 92.3]` is sorted by 91.2; the script compares what stands there and knows no unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.report.html_text import Html, element, escaped, joined
from evaluators.report.table import ResultTable

_NUMBER = re.compile(r"(?:[<>]\s*)?([+-]?\d[\d,]*(?:\.\d+)?)(?:\s?([kMB])\b)?(?=$|\s[\[(!\u00b1])")
#: A number with its sign and unit, or an interval.
_WHOLE = re.compile(r"\[[^\[\] ]+, [^\[\] ]+\]|\([<>]=? [^() ]+\)|[<>]=? [\d.]+|\d[\d,.]* [kMBGTP]\b")
#: Longer texts are broken into lines.
_ONE_LINE = 28
_SCALES = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9}


@dataclass(frozen=True)
class Cell:
    """What stands in a row and column.

    Attributes:
        content: Text, or markup of ours.
        number: What sorts it; None: its text.
    """

    content: str
    number: float | None = None


def html_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]], *, cards: bool = False
) -> Html:
    """Return a table with its title above it.

    Args:
        title: What it shows.
        columns: Headings; the first is the row's name.
        rows: As many cells a row as there are columns; in a column of numbers, texts get their number.
        cards: On a narrow screen each row is a card, for rows that are read and not compared.
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    kinds = ["name", *(_kind_of([row[place] for row in cells]) for place in range(1, len(columns)))]
    head = element("thead", element("tr", *(_heading(*pair) for pair in zip(columns, kinds, strict=True))))
    named = columns if cards else [""] * len(columns)
    body = element("tbody", *(_row(row, kinds, named) for row in cells))
    table = element("table", head, body, attributes={"class": "sortable"})
    # A box that scrolls must be reached by the keyboard, and then says what it is.
    box = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": title}
    shown = element("figcaption", title), element("div", table, attributes=box)
    return element("figure", *shown, attributes={"class": "cards"} if cards else None)


def result_html(table: ResultTable, *, cards: bool = False) -> Html:
    """Return a result table; the mark of a recommended row becomes a word."""
    rows = [[_named(row[0]), *row[1:]] for row in table.rows]
    return html_table(table.title, table.columns, rows, cards=cards)


def leading_number(text: str) -> float | None:
    """Return the number that a text is, units of size counted; None if it is words.

    `91.2 [90.1, 92.3]` gives 91.2, `22.7 M` 22.7e6, `< 0.001` 0.001; `5 runs` is words.
    """
    found = _NUMBER.match(text)
    if found is None:
        return None
    return float(found[1].replace(",", "")) * _SCALES[found[2] or ""]


def _named(text: str) -> str | Cell:
    if not text.endswith(" *"):
        return text
    mark = element("span", "recommended", attributes={"class": "tag"})
    return Cell(Html(f"{escaped(text.removesuffix(' *'))} {mark}"))


def _kind_of(column: Sequence[Cell]) -> str:
    """Return what a column holds: numbers (a few words such as "failed" may stand among them), words, or sentences."""
    said = [cell for cell in column if cell.content]
    numbers = [cell for cell in said if cell.number is not None or leading_number(cell.content) is not None]
    if 2 * len(numbers) > len(said):
        return "number"
    # Markup knows itself how wide it is.
    long = any(len(cell.content) > _ONE_LINE for cell in said if not isinstance(cell.content, Html))
    return "sentence" if long else "word"


def _heading(text: str, kind: str) -> Html:
    return element("th", text, attributes={"scope": "col", "class": kind})


def _row(cells: Sequence[Cell], kinds: Sequence[str], columns: Sequence[str]) -> Html:
    first, *others = cells
    name = element("th", first.content, attributes={"scope": "row"})
    return element("tr", name, *(_cell(*each) for each in zip(others, kinds[1:], columns[1:], strict=True)))


def _cell(cell: Cell, kind: str, column: str) -> Html:
    number = leading_number(cell.content) if cell.number is None else cell.number
    value = {} if kind != "number" or number is None else {"data-number": f"{number:.10g}"}
    named = {"data-column": column} if column else {}
    return element("td", _unbroken(cell.content), attributes={"class": kind, **value, **named})


def _unbroken(text: str) -> Html:
    """Return a text in which no line ends inside a number or an interval; markup as it is."""
    if isinstance(text, Html):
        return text
    parts, end = [], 0
    for found in _WHOLE.finditer(text):
        parts += [text[end : found.start()], element("span", found[0], attributes={"class": "whole"})]
        end = found.end()
    return joined([*parts, text[end:]])
