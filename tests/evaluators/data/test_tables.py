"""Tables of texts: what is read, and what a person is told about a wrong one."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from evaluators.data.tables import EXPORT, ONE_A_LINE, TextRows, comma_separated, read_table
from evaluators.errors import InvalidDocument
from evaluators.task import DataFile, FileFormat


def read(path: Path, kind: FileFormat = "csv", label: str | None = "label") -> TextRows:
    file = DataFile(sha256="0" * 64, size=0, mirrors=(), format=kind, text="text", label=label)
    return read_table(path, file, where="pool.csv")


def read_bytes(folder: Path, data: bytes, kind: FileFormat = "csv", label: str | None = "label") -> TextRows:
    path = folder / "table"
    path.write_bytes(data)
    return read(path, kind, label)


def refused(folder: Path, data: bytes, kind: FileFormat = "csv") -> tuple[str, str | None]:
    with pytest.raises(InvalidDocument) as caught:
        read_bytes(folder, data, kind)
    return caught.value.message, caught.value.hint


GOOD = 'label,text,note\r\na,"one, ""quoted""\r\nsecond line",\r\n7, blank kept ,x\r\n'


def test_tsv_has_no_quotes_and_keeps_them(tmp_path: Path) -> None:
    data = b'text\tlabel\r\n"quoted\tx\r\nhe said "no", twice\ty\n'
    found = read_bytes(tmp_path, data, "tsv")
    assert found.texts == ('"quoted', 'he said "no", twice')
    assert found.labels == ("x", "y")


def test_tsv_with_a_tab_too_many_names_its_line(tmp_path: Path) -> None:
    message, hint = refused(tmp_path, b"text\tlabel\na\tx\nb\tc\ty\n", "tsv")
    assert message.endswith("line 3: 3 fields, but the header has 2")
    assert "quotes are part of it" in (hint or "")


def test_csv_keeps_texts_as_they_are_and_order(tmp_path: Path) -> None:
    rows = read_bytes(tmp_path, GOOD.encode())
    assert rows == TextRows(('one, "quoted"\r\nsecond line', " blank kept "), ("a", "7"))


def test_a_byte_order_mark_and_gzip_change_nothing(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, gzip.compress(b"\xef\xbb\xbf" + GOOD.encode())) == read_bytes(
        tmp_path, GOOD.encode()
    )


def test_a_file_without_labels_has_none(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"text\nhello\n\n", label=None) == TextRows(("hello",), None)


def test_numbers_as_labels_become_their_text_in_every_format(tmp_path: Path) -> None:
    lines = (
        '{"text": "a", "label": 3}\n\n{"text": "b\u2028c", "label": "x", "more": 1}\n{"text": "d", "label": true}\n'
    ).encode()
    assert read_bytes(tmp_path, lines, "jsonl") == TextRows(("a", "b\u2028c", "d"), ("3", "x", "true"))
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": [3, 4]}), tmp_path / "p")
    assert read(tmp_path / "p", "parquet") == TextRows(("a", "b"), ("3", "4"))


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"", "pool.csv: the file is empty", "its first line names the columns, every other is a sample"),
        (
            b"text,label\n",
            "pool.csv: there are no rows, only column names",
            "every row below them is a sample",
        ),
        (
            b"PK\x03\x04\x14",
            "pool.csv: it is an Excel workbook or another zip, whatever its name says",
            EXPORT,
        ),
        (b"\xd0\xcf\x11\xe0", "pool.csv: it is an old Excel workbook, whatever its name says", EXPORT),
        (
            b'text,label\nok,x\n"never closed,x\nmore,y\n',
            "pool.csv: line 3: a quoted field that begins here does not end",
            'a double quote inside a quoted field is written twice: "say ""yes"""',
        ),
        (
            b"txt,label\nx,y\n",
            "pool.csv: there is no column 'text'",
            "did you mean 'txt'? its columns: 'txt', 'label'",
        ),
        (b"a,label\nx,y\n", "pool.csv: there is no column 'text'", "its columns: 'a', 'label'"),
        (
            b"text;label\nx;y\n",
            "pool.csv: its fields are separated by ';', not by commas",
            comma_separated(";"),
        ),
        (
            b"message\tintent\nx\ty\n",
            "pool.csv: its fields are separated by '\\t', not by commas",
            comma_separated("\t"),
        ),
        (b"text,label,text\nx,y,z\n", "pool.csv: the column 'text' stands 2 times", None),
        (
            b"text,label\na,x\nb,c,x\n",
            "pool.csv: line 3: 3 fields, but the header has 2",
            'a field that holds a comma or a line break stands in double quotes: "like, this"',
        ),
        (
            b'text,label\n"a"b,x\n',
            "pool.csv: line 2: not CSV: ',' expected after '\"'",
            'a double quote inside a quoted field is written twice: "say ""yes"""',
        ),
        (
            b'text,label\n"a\nb",x\n ,x\n,x\nc,x\n',
            "pool.csv: lines 4, 5: column 'text' is empty",
            "fill these cells, or remove the rows",
        ),
        (
            b"text,label\n" + b"a,\n" * 7 + b",x\n",
            "pool.csv: lines 2, 3, 4, 5, 6 and 2 more: column 'label' is empty\n"
            "pool.csv: line 9: column 'text' is empty",
            "fill these cells, or remove the rows",
        ),
        (
            b"text,label\nok,x\ncaf\xe9,x\n",
            "pool.csv: line 3, byte 19 (0xe9): not UTF-8",
            "convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        ),
        (
            "text,label\na,b\n".encode("utf-16"),
            "pool.csv: line 1, byte 0 (0xff): not UTF-8",
            "convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW",
        ),
        (
            gzip.compress(GOOD.encode(), mtime=0)[:-9],
            "pool.csv: its gzip stream is broken (Compressed file ended before the end-of-stream marker was reached)",
            "compress it again",
        ),
    ],
)
def test_a_wrong_csv_is_answered_with_place_and_next_step(
    tmp_path: Path, data: bytes, message: str, hint: str | None
) -> None:
    assert refused(tmp_path, data) == (message, hint)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a"', "pool.csv: line 2, column 13: not JSON: Expecting ',' delimiter"),
        ("[1]", "pool.csv: line 2: a JSON object is expected, this is a list"),
        ('{"text": "a", "lable": "x"}', "pool.csv: line 2: there is no column 'label'"),
        ('{"text": 5, "label": "x"}', "pool.csv: line 2: column 'text' is not text (int)"),
        ('{"text": null, "label": "x"}', "pool.csv: line 2: column 'text' is empty"),
        ('{"text": "a", "label": NaN}', "pool.csv: line 2: column 'label' is empty"),
        ('{"text": "a", "label": ["x"]}', "pool.csv: line 2: column 'label' is not text (list)"),
        ('{"text": "\\ud800", "label": "x"}', "pool.csv: line 2: column 'text' holds half a surrogate pair"),
    ],
)  # fmt: skip
def test_a_wrong_json_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    good = json.dumps({"text": "a", "label": "x"})
    assert refused(tmp_path, f"{good}\n{line}\n".encode(), "jsonl")[0] == message


@pytest.mark.parametrize("data", [b'[{"text": "a", "label": "x"}]', b'[\n {"text": "a", "label": "x"}\n]'])
def test_a_list_of_objects_is_answered_with_the_command_that_makes_it_json_lines(
    tmp_path: Path, data: bytes
) -> None:
    assert refused(tmp_path, data, "jsonl")[1] == ONE_A_LINE


def test_the_command_that_separates_by_commas_works(tmp_path: Path) -> None:
    (tmp_path / "OLD").write_text('text;label\n"a;b, c";x\n', encoding="utf-8")
    command = comma_separated(";").replace("python", sys.executable, 1)
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert read(tmp_path / "NEW.csv") == TextRows(("a;b, c",), ("x",))


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        ([["a", "b"], ["c"]], ["x", "y"], "rows 1, 2: column 'text' is not text (list)"),
        ([{"de": "a"}, {"de": "b"}], ["x", "y"], "rows 1, 2: column 'text' is not text (dict)"),
        (["a", "b"], [["x"], ["x", "y"]], "rows 1, 2: column 'label' is not text (list)"),
    ],
)
def test_a_nested_column_is_answered_with_what_to_name_instead(
    tmp_path: Path, text: list, label: list, said: str
) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"text": text, "label": label}), tmp_path / "p")
    with pytest.raises(InvalidDocument) as caught:
        read(tmp_path / "p", "parquet")
    assert said in caught.value.message
    assert "one plain value a row" in caught.value.hint


def test_a_number_as_label_that_is_missing_in_one_row_is_named(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(
        pyarrow.table({"text": ["a", "b"], "label": [1.0, float("nan")]}), tmp_path / "p"
    )
    with pytest.raises(InvalidDocument, match="row 2: column 'label' is empty"):
        read(tmp_path / "p", "parquet")


def test_a_megabyte_in_one_cell_is_read_whole(tmp_path: Path) -> None:
    huge = "word " * 200_000
    assert read_bytes(tmp_path, f"text,label\n{huge},x\n".encode()).texts == (huge,)


def test_a_wrong_parquet_file_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, b"no parquet", "parquet")[0].startswith(
        "pool.csv: not a Parquet file that can be read (Parquet magic"
    )
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", None], "labels": ["x", "y"]}), tmp_path / "p")
    with pytest.raises(InvalidDocument, match="there is no column 'label'"):
        read(tmp_path / "p", "parquet")
    with pytest.raises(InvalidDocument, match=r"pool\.csv: row 2: column 'text' is empty"):
        read(tmp_path / "p", "parquet", label=None)
