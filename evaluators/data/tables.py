"""Reading a table of texts: CSV or TSV (also gzipped), JSON Lines or Parquet, to texts and labels.

In: a verified path and the columns that the task names. Out: `TextRows`, in file order. A person's own table is the
most common wrong input there is, so every error says where (line or row), what, and the next step; none quotes a
text, which may be confidential. UTF-8 only (a byte order mark is accepted); texts are never changed.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.errors import InvalidDocument
from evaluators.names import nearest
from evaluators.task import DataFile

_GZIP = b"\x1f\x8b"
#: First bytes of files that are no text, although their name may say so.
_SPREADSHEETS = {
    b"PK\x03\x04": "an Excel workbook or another zip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
ONE_A_LINE = "one object a line, not one list of all: jq -c '.[]' OLD.json > NEW.jsonl"
EXPORT = "export it as CSV: in Excel, Save as, CSV UTF-8"
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_SHOWN = 5
_NESTED = ("(list)", "(dict)")


@dataclass(frozen=True)
class TextRows:
    """Texts in file order, their labels and groups as text; None where the task names no column for them."""

    texts: tuple[str, ...]
    labels: tuple[str, ...] | None
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Cell:
    """One row as read: where it stands (line, or row of a Parquet file), and its values by column, still unchecked."""

    position: int
    values: Sequence[object]


def read_table(path: Path, file: DataFile, *, where: str) -> TextRows:
    """Read a table of texts.

    Args:
        path: The verified file.
        file: Its format and columns.
        where: Names the file in errors.

    Raises:
        InvalidDocument: If it is not such a table; the message says where and the hint what to do.
    """
    columns = tuple(column for column in (file.text or "", file.label, file.group) if column is not None)
    if file.format == "parquet":
        return _checked(_parquet_cells(path, columns, where), columns, file, where, "row")
    content = read_text(path, where=where)
    cells = {"csv": _csv_cells, "tsv": _tsv_cells}.get(file.format, _jsonl_cells)
    return _checked(cells(content, columns, where), columns, file, where, "line")


def read_text(path: Path, *, where: str) -> str:
    """Return the text of a UTF-8 file, which may be gzipped and may begin with a byte order mark.

    Raises:
        InvalidDocument: If it is not UTF-8 (line and byte are named) or its gzip stream is broken.
    """
    data = path.read_bytes()
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidDocument(
                f"{where}: its gzip stream is broken ({error})", hint="compress it again"
            ) from error
    if not data.strip():
        raise InvalidDocument(
            f"{where}: the file is empty", hint="its first line names the columns, every other is a sample"
        )
    for magic, kind in _SPREADSHEETS.items():
        if data.startswith(magic):
            raise InvalidDocument(f"{where}: it is {kind}, whatever its name says", hint=EXPORT)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise InvalidDocument(
            f"{where}: line {line}, byte {error.start} (0x{data[error.start]:02x}): not UTF-8",
            hint=f"convert it: iconv -f {'UTF-16' if utf16 else 'WINDOWS-1252'} -t UTF-8 OLD > NEW",
        ) from error


def _csv_cells(content: str, columns: Sequence[str], where: str) -> Iterator[_Cell]:
    csv.field_size_limit(max(csv.field_size_limit(), len(content)))  # no field is longer than its file
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    line = 1
    try:
        header = next(reader)
        places = [_place(column, header, where) for column in columns]
        line = reader.line_num + 1
        for row in reader:
            if row and len(row) != len(header):
                raise InvalidDocument(
                    f"{where}: line {line}: {len(row)} fields, but the header has {len(header)}",
                    hint='a field that holds a comma or a line break stands in double quotes: "like, this"',
                )
            if row:
                yield _Cell(line, [row[place] for place in places])
            line = reader.line_num + 1
    except csv.Error as error:
        endless = reader.line_num > line and "end of data" in str(error)
        what = "a quoted field that begins here does not end" if endless else f"not CSV: {error}"
        raise InvalidDocument(
            f"{where}: line {line}: {what}",
            hint='a double quote inside a quoted field is written twice: "say ""yes"""',
        ) from error


def _tsv_cells(content: str, columns: Sequence[str], where: str) -> Iterator[_Cell]:
    """Yield the rows of a text/tab-separated-values: no field is quoted, and none holds a tab or a line break."""
    lines = [line.removesuffix("\r") for line in content.split("\n")]
    header = lines[0].split("\t")
    places = [_place(column, header, where) for column in columns]
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        row = line.split("\t")
        if len(row) != len(header):
            raise InvalidDocument(
                f"{where}: line {number}: {len(row)} fields, but the header has {len(header)}",
                hint="a field of a TSV holds no tab and no line break, and quotes are part of it; else write CSV",
            )
        yield _Cell(number, [row[place] for place in places])


def _jsonl_cells(content: str, columns: Sequence[str], where: str) -> Iterator[_Cell]:
    # Not splitlines(): a JSON string may hold U+2028 and its kin as they are.
    for line, raw in enumerate(content.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw)
        except json.JSONDecodeError as error:
            begins = line == 1 and raw.lstrip().startswith(("[", "{"))
            raise InvalidDocument(
                f"{where}: line {line}, column {error.colno}: not JSON: {error.msg}",
                hint=ONE_A_LINE if begins else "JSON Lines has one JSON object on every line",
            ) from error
        except RecursionError as error:
            raise InvalidDocument(f"{where}: line {line}: nested too deeply") from error
        if not isinstance(row, dict):
            raise InvalidDocument(
                f"{where}: line {line}: a JSON object is expected, this is a {type(row).__name__}",
                hint=ONE_A_LINE,
            )
        names = list(row)
        yield _Cell(line, [row[names[_place(column, names, f"{where}: line {line}")]] for column in columns])


def _parquet_cells(path: Path, columns: Sequence[str], where: str) -> Iterator[_Cell]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            for column in columns:
                _place(column, table.schema_arrow.names, where)
            chosen = table.read(columns=list(dict.fromkeys(columns)))
    except (pyarrow.ArrowException, OSError) as error:
        raise InvalidDocument(
            f"{where}: not a Parquet file that can be read ({_sentence(error)})", hint="write it again"
        ) from error
    values = [chosen.column(column).to_pylist() for column in columns]
    for row, of_row in enumerate(zip(*values, strict=True), start=1):
        yield _Cell(row, of_row)


def comma_separated(separator: str) -> str:
    """Return the command that separates the fields of a table by commas."""
    return (
        "python -c \"import csv, sys; csv.writer(sys.stdout, lineterminator='\\n').writerows(csv.reader(sys.stdin, "
        f'delimiter={separator!r}))" < OLD > NEW.csv'
    )


def _sentence(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".").partition(". ")[0]


def _place(column: str, names: Sequence[str], where: str) -> int:
    """Return the index of a column that must stand exactly once."""
    if names.count(column) == 1:
        return names.index(column)
    if column in names:
        raise InvalidDocument(f"{where}: the column {column!r} stands {names.count(column)} times")
    close = nearest(column, names)
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    separator = next((mark for mark in ";\t|" if mark in names[0]), None) if len(names) == 1 else None
    if separator is not None:
        raise InvalidDocument(
            f"{where}: its fields are separated by {separator!r}, not by commas",
            hint=comma_separated(separator),
        )
    listed = ", ".join(map(repr, names[:12])) + (" ..." if len(names) > 12 else "")
    raise InvalidDocument(f"{where}: there is no column {column!r}", hint=f"{hint}its columns: {listed}")


def _checked(
    cells: Iterator[_Cell], columns: Sequence[str], file: DataFile, where: str, unit: str
) -> TextRows:
    """Check all rows and name every wrong one, not only the first."""
    read: list[list[str]] = [[] for _ in columns]
    problems: dict[str, list[int]] = {}
    for cell in cells:
        for place, (column, value) in enumerate(zip(columns, cell.values, strict=True)):
            found, problem = _label_of(value) if place else _text_of(value)
            if problem:
                problems.setdefault(f"column {column!r} {problem}", []).append(cell.position)
            read[place].append(found)
    if problems:
        nested = any(problem.endswith(_NESTED) for problem in problems)
        raise InvalidDocument(
            "\n".join(f"{where}: {_listed(unit, rows)}: {problem}" for problem, rows in problems.items()),
            hint="name a column with one plain value a row; of nested or repeated values, write the one that counts "
            "into a column of its own"
            if nested
            else "fill these cells, or remove the rows",
        )
    if not read[0]:
        raise InvalidDocument(
            f"{where}: there are no rows, only column names", hint="every row below them is a sample"
        )
    texts, *others = (tuple(values) for values in read)
    return TextRows(texts, others[0] if file.label else None, others[-1] if file.group else None)


def _listed(unit: str, rows: Sequence[int]) -> str:
    more = len(rows) - _SHOWN
    listed = ", ".join(map(str, rows[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
    return f"{unit}{'s' * (len(rows) > 1)} {listed}"


def _text_of(value: object) -> tuple[str, str]:
    """Return the text and "", or "" and what is wrong with it."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "", "is empty"
    if not isinstance(value, str):
        return "", f"is not text ({type(value).__name__})"
    if _HALF_PAIR.search(value):
        return "", "holds half a surrogate pair"
    return value, ""


def _label_of(value: object) -> tuple[str, str]:
    """Return the label as text (numbers as they print) and "", or "" and what is wrong with it."""
    if isinstance(value, bool):
        return str(value).lower(), ""
    if isinstance(value, int) or (isinstance(value, float) and value == value):
        return str(value), ""
    if isinstance(value, float):
        return "", "is empty"
    return _text_of(value)
