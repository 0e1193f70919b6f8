"""A person's own data that cannot be measured as they are: each is answered with its place and the next step.

What is read is the same for every command, so the files are tried with `hub task new`, which needs no model, and one of
them with each of the others.
"""

import shutil

import numpy as np
import pytest
from PIL import Image

from tests.fakes_models import tiny_bert as loadable_bert
from tests.hub.cli.conftest import ROOT
from tests.hub.models import make_catalog

GOOD = [(f"{label} message {number}", label) for number in range(12) for label in ("billing", "vpn")]


def table(rows, header="body,queue", between=",", encoding="utf-8"):
    lines = [header, *(between.join(f'"{cell}"' for cell in row) for row in rows)]
    return ("\n".join(lines) + "\n").encode(encoding)


@pytest.fixture
def task_new(run_hub, tmp_path, monkeypatch):
    """Run `hub task new` over a file of these bytes, in an empty catalog."""
    (tmp_path / "catalog" / "models").mkdir(parents=True)
    monkeypatch.setenv("HUB_CATALOG", str(tmp_path / "catalog"))

    def run(name, data):
        (tmp_path / name).write_bytes(data)
        return run_hub(
            "task", "new", "mine", "--data", str(tmp_path / name), "--text", "body", "--label", "queue"
        )

    return run


BAD = {
    "a misspelt column": (
        "t.csv",
        table(GOOD, "boddy,queue"),
        4,
        "no column 'body'",
        "did you mean 'boddy'? its columns",
    ),
    "two rows": (
        "t.csv",
        table([("a", "x"), ("b", "y")]),
        4,
        "'x' has 1, 'y' has 1",
        "each label needs 4: 2 to train on",
    ),
    "one class": (
        "t.csv",
        table([(text, "x") for text, _ in GOOD]),
        4,
        "all labels are 'x'",
        "at least two labels",
    ),
    "ids as labels": (
        "t.csv",
        table([(f"t {n}", f"id {n}") for n in range(500)]),
        4,
        "500 labels for 500",
        "an id, a date",
    ),
    "ten thousand classes": (
        "t.csv",
        table([(f"t {n}", f"c {n % 10_000}") for n in range(40_000)]),
        4,
        "10,000 labels",
        "at most 1,000",
    ),
    "empty texts": (
        "t.csv",
        table([("", "x"), *GOOD, ("  ", "x")]),
        4,
        "lines 2, 27: column 'body' is empty",
        "fill these",
    ),
    "empty labels": (
        "t.csv",
        table([*GOOD, ("text", "")]),
        4,
        "line 26: column 'queue' is empty",
        "remove the rows",
    ),
    "semicolons": (
        "t.csv",
        table(GOOD, "body;queue", ";"),
        4,
        "separated by ';', not by commas",
        "delimiter=';'",
    ),
    "latin-1": (
        "t.csv",
        table([("Störung", "x"), *GOOD], encoding="latin-1"),
        4,
        "line 2, byte 14 (0xf6): not UTF-8",
        "iconv",
    ),
    "utf-16": ("t.csv", table(GOOD, encoding="utf-16"), 4, "not UTF-8", "iconv -f UTF-16"),
    "an open quote": ("t.csv", table(GOOD) + b'"open,x\n', 4, "line 26: ", "is written twice"),
    "a header alone": (
        "t.csv",
        b"body,queue\n",
        4,
        "no rows, only column names",
        "every row below them is a sample",
    ),
    "nothing": ("t.csv", b"", 4, "the file is empty", "its first line names the columns"),
    "a workbook": ("t.xlsx", b"PK\x03\x04", 2, "end in .xlsx are not read", "Save as, CSV UTF-8"),
    "a renamed workbook": ("t.csv", b"PK\x03\x04\x14\x00", 4, "an Excel workbook", "Save as, CSV UTF-8"),
    "a tab too many": (
        "t.tsv",
        b"body\tqueue\na\tb\tc\n",
        4,
        "line 2: 3 fields, but the header has 2",
        "else write CSV",
    ),
    "a JSON list": ("t.json", b"[]", 2, "end in .json are not read", "jq -c"),
    "a broken line": (
        "t.jsonl",
        b'{"body": "a", "queue": "x"}\n{"body": \n',
        4,
        "line 2, column 10: not JSON",
        "every line",
    ),
    "no Parquet": ("t.parquet", b"PAR0", 4, "not a Parquet file", "write it again"),
}


@pytest.mark.parametrize(("name", "data", "code", "said", "hint"), BAD.values(), ids=BAD)
def test_a_bad_table_is_answered_with_its_place_and_the_next_step(
    task_new, tmp_path, name, data, code, said, hint
):
    done = task_new(name, data)
    assert done.exit_code == code
    message = done.stderr.replace("hint:", "")
    assert name in message
    assert said in message
    assert hint in message
    assert not (tmp_path / "catalog" / "tasks" / "mine.yaml").exists()
    assert "Traceback" not in done.stderr


ODD = {
    "numbers as labels": (table([(text, len(label)) for text, label in GOOD]), "2 labels means"),
    "a byte order mark": (table(GOOD, encoding="utf-8-sig"), "24 samples"),
    "a huge text": (table([("word " * 200_000, "vpn"), *GOOD]), "25 samples"),
    "duplicated rows": (table([*GOOD, *GOOD[:5]]), "repeat an earlier one: 5; equal samples are kept in one split"),
    "two labels for one text": (table([*GOOD, ("same", "vpn"), ("same", "billing")]), "more than one label: 1"),
    "labels that look alike": (
        table([*GOOD, *[(f"t {n}", "VPN") for n in range(9)]]), "differ only in case or blanks"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "said"), ODD.values(), ids=ODD)
def test_odd_tables_are_measured_and_what_is_odd_is_told(task_new, tmp_path, data, said):
    done = task_new("t.csv", data)
    assert done.exit_code == 0
    written = (tmp_path / "catalog" / "tasks" / "mine.yaml").read_text()
    assert said in " ".join((done.stderr + written).split())


@pytest.fixture
def small(tmp_path, monkeypatch, run_hub):
    """A catalog of one locked model, `tiny`, whose bytes would have to be fetched."""
    make_catalog(tmp_path / "catalog")
    for folder in ("protocols", "policies"):
        shutil.copytree(ROOT / "catalog" / folder, tmp_path / "catalog" / folder)
    monkeypatch.setenv("HUB_CATALOG", str(tmp_path / "catalog"))
    return run_hub


@pytest.mark.parametrize(
    "command", [("plan", "tiny"), ("evaluate", "tiny"), ("recommend", "tiny"), ("adapt", "tiny")]
)
def test_every_command_tells_it_before_a_model_is_fetched(small, tmp_path, command):
    (tmp_path / "t.csv").write_bytes(table(GOOD))
    into = ("--into", str(tmp_path / "out")) if command[0] == "adapt" else ()
    done = small(*command, "--data", str(tmp_path / "t.csv"), "--text", "boddy", "--label", "queue", *into)
    assert done.exit_code == 4
    assert "error: t.csv: there is no column 'boddy'" in done.stderr
    assert "did you mean 'body'? its columns: 'body', 'queue'" in done.stderr
    assert not any(path.is_file() for path in (tmp_path / "home" / "blobs").rglob("*"))


def test_a_plan_tells_which_texts_are_cut(small, tmp_path):
    loadable_bert(tmp_path / "mini")
    (tmp_path / "t.csv").write_bytes(table([("word " * 200_000, "vpn"), *GOOD]))
    done = small(
        "plan",
        str(tmp_path / "mini"),
        "--data",
        str(tmp_path / "t.csv"),
        "--text",
        "body",
        "--label",
        "queue",
    )
    assert done.exit_code == 0
    told = " ".join(done.stderr.split())
    assert "texts longer than 64 tokens, of which only the start is read by folder-mini: at least 1" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "folder", "--text", "a", "--label", "b"), "is a folder, and a table is one file"),
        (("--images", "t.csv"), "is a table, and its columns are not named"),
        (("--data", "t.csv", "--text", "a", "--label", "a"), "text and label are the same column"),
        (("--data", "tt.csv", "--text", "a", "--label", "b"), "did you mean t.csv?"),
        (("--images", "gone"), "there is no folder gone"),
    ],
)
def test_what_does_not_go_together_is_told(run_hub, tmp_path, monkeypatch, arguments, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / "t.csv").write_bytes(table(GOOD, "a,b"))
    monkeypatch.chdir(tmp_path)
    done = run_hub("task", "new", "mine", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.fixture
def pictures(tmp_path):
    """A folder of two labels with eight images each."""
    random = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / label / f"{number}.PNG")
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("path", "data", "said", "hint"),
    [
        ("cat/notes.txt", b"notes", "set: cat/notes.txt: not a JPEG or PNG image", "remove it from the set"),
        (
            "cat/x.png",
            b"",
            "set: cat/x.png: not a JPEG or PNG image that can be decoded (it is empty)",
            "remove it",
        ),
        ("cat/x.webp", b"RIFF0000WEBP", "set: cat/x.webp: a WebP image", "magick"),
        ("x.png", b"", "set: x.png: it stands in no folder", "LABEL/NAME.png"),
        ("bird/x.png", None, "set: too few distinct samples: 'bird' has 1", "each label needs 4"),
    ],
)
def test_a_folder_of_images_with_something_else_in_it_names_it(run_hub, pictures, path, data, said, hint):
    (pictures / path).parent.mkdir(exist_ok=True)
    (pictures / path).write_bytes(
        (pictures / "cat" / "0.PNG").read_bytes()[:-1] + b"\x82" if data is None else data
    )
    done = run_hub("plan", "glyph-resnet", "--images", str(pictures))
    assert done.exit_code == 4
    assert said in done.stderr
    assert hint in done.stderr


def test_a_link_among_images_and_a_folder_of_one_label(run_hub, pictures):
    (pictures / "cat" / "link.png").symlink_to(pictures / "cat" / "0.PNG")
    done = run_hub("plan", "glyph-resnet", "--images", str(pictures))
    assert "only plain files" in done.stderr
    assert "cp -rL" in done.stderr
    (pictures / "cat" / "link.png").unlink()
    shutil.rmtree(pictures / "dog")
    done = run_hub("plan", "glyph-resnet", "--images", str(pictures))
    assert "all labels are 'cat'" in done.stderr
    assert "a folder for each, LABEL/NAME.png" in done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("./gone", "there is no folder ./gone"),
        ("org/name", "hub propose org/name"),
        ("./t.csv", "is a file, and a model"),
    ],
)
def test_a_model_that_is_named_by_a_path_that_leads_nowhere(run_hub, tmp_path, monkeypatch, name, said):
    (tmp_path / "t.csv").write_bytes(table(GOOD))
    monkeypatch.chdir(tmp_path)
    done = run_hub("plan", name, "--data", "t.csv", "--text", "body", "--label", "queue")
    assert done.exit_code == 2
    assert said in done.stderr
