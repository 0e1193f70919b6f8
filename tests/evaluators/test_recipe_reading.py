"""A recipe reads data as the engine does: every row, in the same order, with the same labels."""

import csv
import gzip
import json
import tarfile

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from evaluators.data.data_file import read_content
from evaluators.data.system_files import FOLDERS, NAMES
from tests.fakes_models import toy_images
from tests.pages import IMAGE, TEXT, data_file, page, run_until

#: What file managers leave, at the top, beside images, and as a folder of its own.
CLUTTER = sorted(
    {*NAMES, "a/.DS_Store", "a-b/Thumbs.DB", "a/._1.png", *(f"{folder}/a/1.png" for folder in FOLDERS)}
)
IMAGES = toy_images(2, seed=5).samples.images


def write_table(folder, format_):
    """Write rows that a careless reader changes; return the file."""
    rows = [
        ("NA", "1"), ("null", "01"), (" two  blanks ", "1.0"), ('a "quote", a comma', "true"), ("two\r\nlines", "None"),
        ("\u2028 and \x85", "1"), ("caf\u00e9 \U0001f600", "01"), ("=1+1", "1e3"),
    ]  # fmt: skip
    path = folder / f"data.{format_}"
    if format_ == "parquet":
        table = pyarrow.table(
            {"body": [text for text, _ in rows], "queue": [True, False] * 4, "other": [0.5] * 8}
        )
        pyarrow.parquet.write_table(table, path)
    elif format_ == "csv":
        with path.open("w", newline="", encoding="utf-8-sig") as stream:
            csv.writer(stream).writerows(
                [("queue", "other", "body"), *((label, "", text) for text, label in rows)]
            )
            stream.write("\r\n")
    elif format_ == "tsv":
        lines = ["queue\tother\tbody", *(f"{label}\t\t{text}" for text, label in rows if "\n" not in text)]
        path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig", newline="")
    else:
        labels = [1, "01", 1.5, True, False, "x", -3, 1e20]
        lines = [
            json.dumps({"queue": y, "body": x}, ensure_ascii=False)
            for (x, _), y in zip(rows, labels, strict=True)
        ]
        data = ("\n\n".join(lines) + "\r\n").encode()
        path.write_bytes(gzip.compress(data) if format_.endswith("gz") else data)
    return path


def write_pictures(folder, format_):
    """Write pictures of many modes, some turned, in an order that sorting by parts would change, and clutter."""
    if format_ == "pixel-table":
        path = folder / "pixels.csv"
        lines = [",".join(map(str, [*(np.arange(64) + row) % 17, f" {row}"])) for row in range(5)]
        path.write_text("\n".join(lines) + "\n")
        return path
    for number, mode in enumerate(["RGB", "L", "P", "RGBA", "CMYK", "1", "LA"]):
        path = (
            folder
            / "pictures"
            / ("a" if number % 2 else "a-b")
            / f"{number}.{'jpg' if mode == 'CMYK' else 'png'}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = 6 if number % 3 == 0 else 1
        Image.fromarray(IMAGES[number % len(IMAGES)]).resize((9, 12)).convert(mode).save(path, exif=exif)
    for left in CLUTTER:
        path = folder / "pictures" / left
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no image")
    if format_ == "image-folder":
        return folder / "pictures"
    with tarfile.open(folder / "pictures.tar", "w") as archive:
        archive.add(folder / "pictures", "pictures")
    return folder / "pictures.tar"


@pytest.mark.parametrize(
    "format_", ["csv", "tsv", "jsonl", "jsonl.gz", "parquet", "image-folder", "image-tar", "pixel-table"]
)
def test_data_are_read_as_the_engine_reads_them(tmp_path, format_):
    pictures = format_.startswith(("image", "pixel"))
    path = (write_pictures if pictures else write_table)(tmp_path, format_)
    file = data_file(format_.removesuffix(".gz"), name=path.name)
    text = page("knn", IMAGE if pictures else TEXT, file, file)
    names = run_until(text, "split = ", folder=tmp_path, arguments=(path, path))
    for opened, _ in names["files"] if format_ == "image-tar" else ():
        opened.raw.fileobj.close()  # a script leaves it to its end
    content = read_content(path, file, where="data")
    assert list(names["labels"]) == list(content.labels) * 2
    if not pictures:
        assert list(names["inputs"]) == list(content.samples.texts) * 2
        return
    seen = [np.array(picture.convert("RGBA").convert("RGB")) for picture in names["inputs"]]
    for one, other in zip(seen, content.samples.images * 2, strict=True):
        np.testing.assert_array_equal(one, other)
