"""A table of a page: it scrolls in its own box, can be read without the script, and is sorted by a click with it.

In: texts in rows. Out: HTML. Every cell of a column of numbers carries its number, so that "0.38 M" stands below
"22.7 M" and `91.2 [90.1, 92.3]` is sorted by 91.2; the script compares what stands there and knows no unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evaluators.report.html_text import Html, element, escaped
from evaluators.report.table import ResultTable

_NUMBER = re.compile(r"(?:[<>]\s*)?([+-]?\d[\d,]*(?:\.\d+)?)(?:\s?([kMB])\b)?")
_SCALES = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9}
#: Longer texts are sentences, even if they begin with a number.
_LONGEST_NUMBER = 60


@dataclass(frozen=True)
class Cell:
    """What stands in a row and column.

    Attributes:
        content: Text, or markup of ours.
        number: What sorts it; None: its text.
        kind: Class for the style sheet.
    """

    content: str
    number: float | None = None
    kind: str = ""


def html_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> Html:
    """Return a table with its title above it.

    Args:
        title: What it shows.
        columns: Headings; the first is the row's name.
        rows: As many cells a row as there are columns; in a column of numbers, texts get their number.
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    numeric = [place > 0 and _is_numeric([row[place] for row in cells]) for place in range(len(columns))]
    head = element("thead", element("tr", *(_heading(*pair) for pair in zip(columns, numeric, strict=True))))
    body = element("tbody", *(_row(row, numeric) for row in cells))
    table = element("table", head, body, attributes={"class": "sortable"})
    # A box that scrolls must be reached by the keyboard, and then says what it is.
    box = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": title}
    return element("figure", element("figcaption", title), element("div", table, attributes=box))


def result_html(table: ResultTable) -> Html:
    """Return a result table; the mark of a recommended row becomes a word."""
    rows = [[_named(row[0]), *row[1:]] for row in table.rows]
    return html_table(table.title, table.columns, rows)


def leading_number(text: str) -> float | None:
    """Return the number that a text begins with, units of size counted; None if there is none.

    `91.2 [90.1, 92.3]` gives 91.2, `22.7 M` 22.7e6, `< 0.001` 0.001.
    """
    found = _NUMBER.match(text)
    if found is None or len(text) > _LONGEST_NUMBER:
        return None
    return float(found[1].replace(",", "")) * _SCALES[found[2] or ""]


def _named(text: str) -> str | Cell:
    if not text.endswith(" *"):
        return text
    mark = element("span", "recommended", attributes={"class": "tag"})
    return Cell(Html(f"{escaped(text.removesuffix(' *'))} {mark}"), kind="chosen")


def _is_numeric(cells: Sequence[Cell]) -> bool:
    """Whether most cells that say something are numbers: "failed" and "skipped" may stand among them."""
    said = [cell for cell in cells if cell.content]
    numbers = [cell for cell in said if cell.number is not None or leading_number(cell.content) is not None]
    return 2 * len(numbers) > len(said)


def _heading(text: str, numeric: bool) -> Html:
    kind = {"class": "number"} if numeric else {}
    return element("th", text, attributes={"scope": "col", **kind})


def _row(cells: Sequence[Cell], numeric: Sequence[bool]) -> Html:
    first, *others = cells
    name = element("th", first.content, attributes={"scope": "row", **_kind(first.kind)})
    return element("tr", name, *(_cell(*pair) for pair in zip(others, numeric[1:], strict=True)))


def _cell(cell: Cell, numeric: bool) -> Html:
    if not numeric:
        return element("td", cell.content, attributes=_kind(cell.kind))
    if cell.number is None:
        cell = replace(cell, number=leading_number(cell.content))
    value = {} if cell.number is None else {"data-number": f"{cell.number:.10g}"}
    return element("td", cell.content, attributes={**_kind(f"number {cell.kind}".strip()), **value})


def _kind(kind: str) -> dict[str, str]:
    return {"class": kind} if kind else {}
