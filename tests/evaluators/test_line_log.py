"""The append-only log of lines: durable, repaired after a kill, shared."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import fsspec
import pytest

from evaluators.errors import EnvironmentProblem
from evaluators.line_log import LineLog, line_log


@pytest.fixture(params=["folder", "file-url", "object-store"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> LineLog:
    places = {
        "folder": str(tmp_path / "log"),
        "file-url": f"file://{tmp_path}/log",
        "object-store": f"memory://{uuid.uuid4().hex}/log",
    }
    return line_log(places[request.param])


def test_lines_are_read_as_they_were_appended(log: LineLog) -> None:
    assert log.read("a") == ()
    assert log.extend("a", lambda _: ["one", "zwölf"]) == ("one", "zwölf")
    assert set(log.extend("a", lambda lines: [f"after {len(lines)}"])) == {"one", "zwölf", "after 2"}
    assert set(log.read("a")) == {"one", "zwölf", "after 2"}
    assert log.read("b") == ()


def test_appending_nothing_changes_nothing(log: LineLog) -> None:
    log.extend("a", lambda _: ["one"])
    assert log.extend("a", lambda _: []) == ("one",)


@pytest.mark.parametrize("torn", [b'{"cel', b"whole but without its end", "ä".encode()[:1]])
def test_a_torn_last_line_is_passed_over_and_then_repaired(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"one\n" + torn)
    log = line_log(str(tmp_path))
    assert log.read("a") == ("one",)
    assert log.extend("a", lambda _: ["two"]) == ("one", "two")
    assert path.read_bytes() == b"one\ntwo\n"


def test_writers_at_the_same_time_lose_no_line_and_see_each_other(tmp_path: Path) -> None:
    log = line_log(str(tmp_path))

    def count_up() -> None:
        for _ in range(20):
            log.extend("a", lambda lines: [str(len(lines))])

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.read("a") == tuple(map(str, range(80)))


def test_a_place_that_cannot_be_written_is_an_environment_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        line_log(str(tmp_path / "file")).extend("a", lambda _: ["one"])
    with pytest.raises(EnvironmentProblem, match="nosuch"):
        line_log("nosuch://bucket").read("a")


def test_an_object_is_written_for_every_append() -> None:
    url = f"memory://{uuid.uuid4().hex}"
    store = line_log(url)
    store.extend("a", lambda _: ["one"])
    store.extend("a", lambda _: ["two"])
    system, root = fsspec.core.url_to_fs(f"{url}/a")
    assert len(system.find(root)) == 2
