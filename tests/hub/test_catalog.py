"""The catalog as one value: found, read strictly, and only as far as is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from evaluators.errors import InvalidDocument, UsageProblem
from hub.catalog import find_catalog, load_catalog
from tests.hub.models import card_text, make_catalog

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    return make_catalog(tmp_path / "catalog").folder


def test_cards_and_locks_are_found_by_id(folder):
    catalog = load_catalog(folder)
    assert catalog.card("tiny").title == "Tiny"
    assert set(catalog.locks) == {"tiny"}


@pytest.mark.parametrize("kind", ["card", "task", "protocol", "policy"])
def test_an_unknown_name_is_answered_with_the_nearest(kind):
    catalog = load_catalog(ROOT / "catalog")
    wrong, right = {
        "card": ("all-minilm-l6", "all-minilm-l6-v2"),
        "task": ("helpdesk", "help-desk"),
        "protocol": ("quik", "quick"),
        "policy": ("defalt", "default"),
    }[kind]
    with pytest.raises(UsageProblem, match="unknown") as caught:
        getattr(catalog, kind)(wrong)
    assert right in caught.value.hint


def test_tasks_are_read_only_when_asked_for(folder):
    (folder / "tasks").mkdir()
    (folder / "tasks" / "broken.yaml").write_text("nonsense: true")
    catalog = load_catalog(folder)
    with pytest.raises(InvalidDocument, match=r"broken\.yaml"):
        catalog.task("broken")


def test_every_invalid_card_is_named(folder):
    (folder / "models" / "a.yaml").write_text("id: a")
    (folder / "models" / "b.yaml").write_text("id: [")
    (folder / "models" / "tiny.lock.json").write_text("{")
    with pytest.raises(InvalidDocument) as caught:
        load_catalog(folder)
    assert "a.yaml" in caught.value.message
    assert "b.yaml" in caught.value.message


def test_an_invalid_lock_says_how_to_write_it_again(folder):
    (folder / "models" / "tiny.lock.json").write_text("{")
    with pytest.raises(InvalidDocument) as caught:
        load_catalog(folder)
    assert caught.value.hint == "write it again: hub catalog lock tiny"


def test_a_card_is_called_as_its_file(folder):
    (folder / "models" / "small.yaml").write_text(card_text("tiny"))
    with pytest.raises(
        InvalidDocument, match=r"its id is 'tiny', but its file is called small\.yaml"
    ) as caught:
        load_catalog(folder)
    assert caught.value.hint == "rename the file to tiny.yaml"


def test_the_catalog_is_found_from_anywhere_inside_a_project(folder):
    inside = folder.parent / "src" / "deep"
    inside.mkdir(parents=True)
    for cwd in (folder.parent, inside, folder, folder / "models"):
        assert find_catalog(None, {}, cwd) == folder


def test_the_option_goes_before_the_environment_and_both_before_the_search(folder, tmp_path):
    other = make_catalog(tmp_path / "elsewhere" / "catalog").folder
    environment = {"HUB_CATALOG": str(other)}
    assert find_catalog(None, environment, folder.parent) == other
    assert find_catalog(folder, environment, tmp_path) == folder
    assert find_catalog(str(other.parent), {}, tmp_path) == other


@pytest.mark.parametrize(
    ("option", "environment", "words"),
    [
        (None, {}, "holds catalog/models"),
        ("nowhere", {}, "--catalog names"),
        (None, {"HUB_CATALOG": "nowhere"}, "HUB_CATALOG names"),
    ],
)
def test_no_catalog_is_a_usage_problem_with_the_way_out(tmp_path, option, environment, words):
    with pytest.raises(UsageProblem, match=words) as caught:
        find_catalog(option, environment, tmp_path)
    assert "--catalog or HUB_CATALOG" in caught.value.hint


def test_a_folder_that_is_no_catalog_is_refused(tmp_path):
    with pytest.raises(UsageProblem, match="has no folder models/"):
        load_catalog(tmp_path)


def test_listing_a_catalog_loads_no_network_no_keys_and_no_arrays():
    code = (
        "import sys; from pathlib import Path; from hub.catalog import load_catalog;"
        "load_catalog(Path('catalog')); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"httpx", "cryptography", "numpy", "torch", "mlflow", "rich"} & set(loaded.stdout.split())
