"""The files of an adapted model: exactly what was adapted, and nothing that only lies beside it."""

from __future__ import annotations

import pytest

from evaluators.errors import IntegrityError, UsageProblem
from hub.adapted.card import adapted_card
from hub.adapted.files import read_artifact
from hub.adapted.lineage import LINEAGE
from hub.tracking.adapted_run import _labels
from tests.hub.workshop import Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def folder(workshop, request):
    return workshop.adapt(request.node.name.replace("[", "-").strip("]"))


def test_base_trained_files_card_and_lineage_are_the_model(folder, workshop):
    artifact = read_artifact(folder)
    base = {f"base/{entry.path}" for entry in workshop.candidate.files}
    paths = {entry.path for entry in artifact.files}
    assert base | {"fit.json", "fit.safetensors", "README.md", "recipe.py", "split.json", LINEAGE} <= paths
    assert paths == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("linear-probe", ["by the same training on", "was trained on all"]),
        ("knn", ["by the same strategy with", "was given all"]),
        ("zero-shot", ["without reading a label", "reads none either"]),
    ],
)
def test_the_card_says_trained_only_of_what_was(folder, strategy, told):
    adapted = read_artifact(folder).adapted.model_copy(update={"strategy": strategy})
    card = adapted_card(adapted, recipe=True)
    assert all(words in card for words in told)
    assert ("trained on" in card) is ("## Train it again" in card) is (strategy == "linear-probe")
    assert set(_labels(adapted)) == {"linear-probe": {"trained on"}, "knn": {"given"}}.get(strategy, set())


@pytest.mark.parametrize(
    "stranger", ["notes.txt", "extra/model.safetensors", ".hub/other.json", "base/evil.py"]
)
def test_what_nobody_adapted_is_not_taken_along(folder, stranger):
    path = folder / stranger
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises((UsageProblem, IntegrityError), match=stranger.rpartition("/")[2]):
        read_artifact(folder)


def test_a_link_in_the_place_of_a_file_is_refused(folder, tmp_path):
    (folder / "README.md").rename(tmp_path / "card.md")
    (folder / "README.md").symlink_to(tmp_path / "card.md")
    with pytest.raises(UsageProblem, match=r"README\.md"):
        read_artifact(folder)


def test_what_a_pull_wrote_beside_it_is_no_part_of_it(folder):
    before = read_artifact(folder)
    (folder / ".hub" / "record.json").write_text("{}")
    assert read_artifact(folder).files == before.files
