"""What a result shows under a notebook's cell: sentences, tables, pictures; as HTML, and as text where there is none.

In: values. Out: strings. No colour is set, so that a page is readable in light and dark themes; every text is escaped.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from evaluators.report.table import ResultTable

if TYPE_CHECKING:
    import pandas as pd


_ONE_LINE = 28


@dataclass(frozen=True)
class Picture:
    """A picture on a white ground.

    Attributes:
        png: Its bytes.
        text: What it shows, for those who do not see it.
    """

    png: bytes
    text: str


@dataclass(frozen=True)
class Page:
    """What is shown.

    Attributes:
        lead: The answer, in a sentence.
        tables: What it rests on.
        pictures: Where people would rather look.
        notes: What else one should know, the next step last.
    """

    lead: str
    tables: tuple[ResultTable, ...] = ()
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def html(self) -> str:
        """The page as HTML."""
        parts = [f"<p><b>{escape(self.lead)}</b></p>" if self.lead else ""]
        parts += [_table(table) for table in self.tables]
        parts += [_picture(picture) for picture in self.pictures]
        parts += [f'<p style="opacity:.75;margin:.3em 0">{escape(note)}</p>' for note in self.notes]
        return f'<div style="max-width:60em;overflow-x:auto">{"".join(parts)}</div>'

    @property
    def text(self) -> str:
        """The page as text."""
        parts = [self.lead] if self.lead else []
        parts += [_aligned(table) for table in self.tables]
        parts += self.notes
        return "\n".join(parts)


class Shown(ABC):
    """A result that a notebook shows: readable where it stands, a DataFrame where one goes on with it."""

    @property
    @abstractmethod
    def page(self) -> Page:
        """What is shown."""

    @property
    @abstractmethod
    def records(self) -> Sequence[dict[str, Any]]:
        """One plain record a row, for `to_pandas`."""

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a DataFrame.

        Raises:
            EnvironmentProblem: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            from evaluators.errors import EnvironmentProblem

            raise EnvironmentProblem(
                "to_pandas needs pandas, which is not installed", hint="pip install pandas"
            ) from error
        return pd.DataFrame.from_records(list(self.records))

    def _repr_html_(self) -> str:
        return self.page.html

    def __repr__(self) -> str:
        """Return the page as text."""
        return self.page.text


def _table(table: ResultTable) -> str:
    caption = f'<p style="margin:.6em 0 .2em">{escape(table.title)}</p>' if table.title else ""
    headed = any(column.strip() for column in table.columns)
    head = "".join(_cell("th", column) for column in table.columns) if headed else ""
    body = "".join(f"<tr>{''.join(_cell('td', text) for text in row)}</tr>" for row in table.rows)
    return f"{caption}<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def _cell(tag: str, text: str) -> str:
    # A score with its interval is read as one.
    wrap = "" if len(text) > _ONE_LINE else ";white-space:nowrap"
    return f'<{tag} style="text-align:left;vertical-align:top{wrap}">{escape(text)}</{tag}>'


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    return f'<img alt="{escape(picture.text)}" style="max-width:100%;width:46em" src="data:image/png;base64,{data}">'


def _aligned(table: ResultTable) -> str:
    widths = [
        max(len(row[index]) for row in (table.columns, *table.rows)) for index in range(len(table.columns))
    ]
    rows = (table.columns, *table.rows) if any(column.strip() for column in table.columns) else table.rows
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join(([table.title] if table.title else []) + lines)
