"""A pull replaces nothing but an earlier pull, and stays inside its project."""

from pathlib import Path

import pytest

from evaluators.errors import Conflict, EnvironmentProblem, UsageProblem
from hub.project_lock import read_project_lock


def test_a_folder_of_somebody_else_is_left_as_it_is(bench):
    bench.folder.mkdir(parents=True)
    (bench.folder / "thesis.txt").write_text("mine")
    with pytest.raises(Conflict, match=r"models/minilm exists and is not a pull of minilm"):
        bench.pull()
    assert (bench.folder / "thesis.txt").read_text() == "mine"
    assert bench.shelf.served == []


def test_what_a_person_added_to_a_pulled_folder_is_never_lost(bench, second):
    bench.pull()
    (bench.folder / "my-checkpoint").mkdir()
    (bench.folder / "my-checkpoint" / "w.bin").write_bytes(b"a week of work")
    bench.shelf.promote("minilm", second)
    with pytest.raises(Conflict, match=r"no pull put there: my-checkpoint/w.bin"):
        bench.pull()
    assert (bench.folder / "my-checkpoint" / "w.bin").exists()


def test_a_folder_of_another_model_is_left_as_it_is(bench, second):
    bench.shelf.promote("e5", second)
    bench.pull()
    with pytest.raises(Conflict, match="not a pull of e5"):
        bench.pull("e5", into=Path("models/minilm"))


def test_a_link_in_the_place_of_the_folder_is_left_as_it_is(bench):
    elsewhere = bench.root / "elsewhere"
    elsewhere.mkdir()
    bench.folder.parent.mkdir()
    bench.folder.symlink_to(elsewhere)
    with pytest.raises(Conflict):
        bench.pull()
    assert list(elsewhere.iterdir()) == []


def test_an_empty_folder_is_taken(bench):
    bench.folder.mkdir(parents=True)
    assert bench.pull().changed


@pytest.mark.parametrize("into", ["..", "../other", "/tmp/other", ".", "a/../../b"])
def test_a_folder_outside_the_project_is_refused(bench, into):
    with pytest.raises(UsageProblem, match="not a folder inside the project"):
        bench.pull(into=Path(into))


def test_another_folder_inside_the_project_is_remembered(bench, second):
    bench.pull(into=Path("weights/base"))
    bench.shelf.promote("minilm", second)
    assert bench.pull().folder == bench.project / "weights/base"


def test_moving_a_model_says_that_the_old_folder_stays(bench):
    bench.pull()
    pulled = bench.pull(into=bench.project / "base")
    assert pulled.warnings == ("models/minilm stays as it was pulled before; delete it if nothing uses it",)
    assert read_project_lock(bench.project).model_named("minilm").into == "base"


def test_a_place_that_cannot_be_written_is_an_environment_problem(bench):
    (bench.project / "models").write_text("a file")
    with pytest.raises(EnvironmentProblem, match=r"models.* cannot be"):
        bench.pull()


def test_a_project_that_does_not_exist_is_not_made(bench):
    with pytest.raises(UsageProblem, match="there is no folder"):
        bench.pull(project=bench.root / "nowhere")
