"""Finding a task's files: every kind of mirror, every way to be wrong."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import pytest

from evaluators.canonical import digest_of_bytes
from evaluators.data.locations import DataRoots, FileFacts, difference, facts_of, folder_facts, locate
from evaluators.data.mirrors import parse_mirror
from evaluators.errors import EnvironmentProblem, IntegrityError, InvalidDocument
from evaluators.task import DataFile, Part, Splits, Task

DATA = b"text,label\nhello,a\n"
DIGITS = "package:scikit-learn/sklearn/datasets/data/digits.csv.gz"


def data_file(*mirrors: str, data: bytes = DATA) -> DataFile:
    return DataFile(
        sha256=digest_of_bytes(data),
        size=len(data),
        mirrors=mirrors,
        format="csv",
        text="text",
        label="label",
    )


def task_of(file: DataFile) -> Task:
    carved = Part(carve="train", fraction=0.2)
    return Task(
        id="desk", title="Desk", description="toy", modality="text", owner="tests", licence="CC0-1.0", margin=0.02,
        files={"pool": file}, splits=Splits(train=Part(file="pool"), validation=carved, test=carved),
    )  # fmt: skip


def located(*mirrors: str, roots: DataRoots) -> Path:
    return locate(task_of(data_file(*mirrors)), roots)["pool"]


@pytest.fixture
def roots(tmp_path: Path) -> DataRoots:
    for name in ("catalog", "data"):
        (tmp_path / name / "desk").mkdir(parents=True)
    return DataRoots(tmp_path / "catalog", tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def website(tmp_path: Path) -> Iterator[str]:
    """Serve the folder `site` on this machine; yield its URL."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

    (tmp_path / "site").mkdir()
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site"))
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", ["catalog", "data"])
def test_a_file_is_found_under_its_root(roots: DataRoots, tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind / "desk" / "pool.csv"
    path.write_bytes(DATA)
    assert located(f"{kind}:desk/pool.csv", roots=roots) == path


def test_the_next_mirror_is_tried_when_one_is_missing_or_wrong(roots: DataRoots, tmp_path: Path) -> None:
    (tmp_path / "catalog/desk/pool.csv").write_bytes(b"something else")
    (tmp_path / "data/desk/pool.csv").write_bytes(DATA)
    mirrors = ("data:missing.csv", "catalog:desk/pool.csv", "data:desk/pool.csv")
    assert located(*mirrors, roots=roots) == tmp_path / "data/desk/pool.csv"


def test_wrong_bytes_are_an_integrity_error_that_names_both_digests(roots: DataRoots, tmp_path: Path) -> None:
    (tmp_path / "data/desk/pool.csv").write_bytes(DATA[:-1] + b"!")
    with pytest.raises(IntegrityError) as caught:
        located("data:desk/pool.csv", "catalog:missing.csv", roots=roots)
    assert caught.value.message == (
        f"task desk, file pool: data:desk/pool.csv: expected 19 bytes with sha256 {digest_of_bytes(DATA)}, "
        f"found 19 bytes with sha256 {digest_of_bytes(DATA[:-1] + b'!')}"
    )


def test_a_file_that_is_nowhere_lists_what_was_tried_and_the_next_step(roots: DataRoots) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        located(
            "catalog:a.csv",
            "data:banking77/train.csv",
            "package:no-such-thing/a.csv",
            roots=DataRoots(None, None),
        )
    assert caught.value.message == (
        "task desk, file pool: not found; tried: catalog:a.csv (there is no catalog folder here); "
        "data:banking77/train.csv (HUB_DATA is not set); "
        "package:no-such-thing/a.csv (the package no-such-thing is not installed)"
    )
    assert caught.value.hint == "set HUB_DATA=FOLDER, the folder that holds banking77/train.csv"
    with pytest.raises(EnvironmentProblem) as caught:
        located("package:scikit-learn/sklearn/nothing.csv", roots=roots)
    assert caught.value.hint == "install the Python package scikit-learn"


@pytest.mark.parametrize(
    "mirror",
    ["data:../secret.csv", "catalog:/etc/passwd", "package:x/../../y", "data:", "package:x", "s3:/bucket/x"],
)
def test_a_mirror_that_leaves_its_folder_or_is_of_no_kind_is_refused(mirror: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse_mirror(mirror)
    assert mirror in caught.value.message
    assert "package:DISTRIBUTION/PATH" in (caught.value.hint or "")


def test_a_package_is_located_without_being_imported() -> None:
    code = (
        "import sys; from evaluators.data.mirrors import find_in_package, parse_mirror;"
        f"assert find_in_package(parse_mirror('{DIGITS}')).is_file();"
        "assert not any(name.split('.')[0] == 'sklearn' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_url_is_streamed_into_the_cache_once(roots: DataRoots, tmp_path: Path, kind: str) -> None:
    url = f"{kind}://{tmp_path}/remote.csv"
    with fsspec.open(url, "wb") as out:
        out.write(DATA)
    path = located(url, roots=roots)
    assert path == tmp_path / "cache" / digest_of_bytes(DATA)
    fsspec.core.url_to_fs(url)[0].rm(f"{tmp_path}/remote.csv")
    assert located(url, roots=roots) == path
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [path.name]


def test_a_damaged_cache_is_replaced(roots: DataRoots, tmp_path: Path) -> None:
    with fsspec.open("memory://again.csv", "wb") as out:
        out.write(DATA)
    path = located("memory://again.csv", roots=roots)
    path.write_bytes(b"damaged")
    assert located("memory://again.csv", roots=roots).read_bytes() == DATA


def test_http_is_read_and_its_errors_are_told(roots: DataRoots, tmp_path: Path, website: str) -> None:
    (tmp_path / "site" / "pool.csv").write_bytes(DATA)
    assert located(f"{website}/pool.csv", roots=roots).read_bytes() == DATA
    with pytest.raises(EnvironmentProblem, match="FileNotFoundError"):
        locate(task_of(data_file(f"{website}/other.csv", data=b"other")), roots)
    with pytest.raises(EnvironmentProblem, match=r"127\.0\.0\.1:1/pool\.csv"):
        locate(task_of(data_file("http://127.0.0.1:1/pool.csv", data=b"other")), roots)


def test_wrong_or_endless_bytes_of_a_url_never_reach_the_cache(roots: DataRoots, tmp_path: Path) -> None:
    with fsspec.open("memory://endless.csv", "wb") as out:
        out.write(b"x" * (5 << 20))
    with pytest.raises(IntegrityError, match="found 1,048,576 bytes"):
        located("memory://endless.csv", roots=roots)
    assert list((tmp_path / "cache").iterdir()) == []


def test_credentials_in_a_url_are_not_repeated(roots: DataRoots) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        located("nosuch://user:secret@host/pool.csv?signature=secret", roots=roots)
    assert "secret" not in caught.value.message
    assert "nosuch://host/pool.csv" in caught.value.message


def test_a_folder_is_identified_by_its_files_and_refuses_links(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "1.png").write_bytes(b"one")
    before = folder_facts(folder)
    assert before.size == 3
    assert facts_of(folder) == before
    (folder / "a" / "1.png").rename(folder / "a" / "2.png")
    assert folder_facts(folder) != before
    (folder / "a" / "3.png").symlink_to("/etc/passwd")
    with pytest.raises(InvalidDocument, match=r"3\.png: only plain files"):
        folder_facts(folder)


def test_difference_is_none_only_for_the_same_size_and_digest() -> None:
    file = data_file()
    assert difference(file, FileFacts(len(DATA), digest_of_bytes(DATA))) is None
    assert "found 0 bytes" in (difference(file, FileFacts(0, digest_of_bytes(DATA))) or "")
    assert difference(file, FileFacts(len(DATA), "0" * 64)) is not None
