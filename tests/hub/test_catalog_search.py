"""One order of precedence: the option, HUB_CATALOG, the nearest catalog above, the choice, the server."""

import pytest

from evaluators.errors import UsageProblem
from hub.catalog_place import CatalogPlace, folder_place, write_choice
from hub.catalog_search import checkout, open_catalog, source_of
from hub.home import Home
from hub.remote_catalog import refresh_catalog
from tests.hub.models import card_text, make_catalog
from tests.hub.repositories import repository

SERVER = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def test_the_first_that_names_a_catalog_decides(tmp_path, home):
    option, named, above, chosen = (
        make_catalog(tmp_path / name / "catalog").folder for name in ("option", "named", "above", "chosen")
    )
    inside = above.parent / "deep"
    inside.mkdir()
    write_choice(folder_place(chosen), home)
    environment = {**SERVER, "HUB_CATALOG": str(named)}
    cases = [
        (option, environment, inside, folder_place(option)),
        (None, environment, inside, folder_place(named)),
        (None, SERVER, inside, folder_place(above)),
        (None, SERVER, tmp_path, folder_place(chosen)),
    ]
    for folder, variables, start, place in cases:
        assert source_of(folder, variables, home, start).place == place
    assert source_of(None, SERVER, Home(tmp_path / "other"), tmp_path).place.kind == "registry"
    assert source_of(None, {}, Home(tmp_path / "other"), tmp_path) is None


def test_where_none_is_named_the_hint_says_how(tmp_path, home):
    with pytest.raises(UsageProblem, match="holds catalog/models") as caught:
        open_catalog(None, {}, home, tmp_path)
    assert "hub init PLACE" in caught.value.hint


def test_a_chosen_folder_that_went_away_is_told(tmp_path, home):
    folder = make_catalog(tmp_path / "chosen" / "catalog").folder
    write_choice(folder_place(folder), home)
    folder.rename(tmp_path / "moved")
    with pytest.raises(UsageProblem, match="the catalog that hub init chose") as caught:
        open_catalog(None, {}, home, tmp_path)
    assert caught.value.hint == "choose another: hub init PLACE"


def test_what_writes_into_the_catalog_takes_no_copy(tmp_path, home):
    made = repository(make_catalog(tmp_path / "acme" / "catalog").folder.parent)
    write_choice(CatalogPlace(kind="git", place=made.url), home)
    start = tmp_path / "project"
    start.mkdir()
    assert set(open_catalog(None, {}, home, start).cards) == {"tiny"}
    with pytest.raises(UsageProblem, match="needs a checkout") as caught:
        checkout(None, {}, home, start)
    assert "clone" in caught.value.hint
    assert checkout(None, {}, home, made.checkout) == made.checkout / "catalog"


def test_a_chosen_folder_may_be_written_into(tmp_path, home):
    folder = make_catalog(tmp_path / "acme" / "catalog").folder
    write_choice(folder_place(folder), home)
    assert checkout(None, {}, home, tmp_path) == folder


def test_what_a_server_published_is_used_without_a_choice(tmp_path, home, office, fake):
    from hub.published_catalog import publication, publish

    (office.catalog.folder / "models" / "mini.yaml").write_text(card_text("mini"))
    publish(fake, publication(fake, office.catalog, office.keys), office.signer)
    refresh_catalog(fake, SERVER["MLFLOW_TRACKING_URI"], home=home, keys=office.keys)
    start = tmp_path / "project"
    start.mkdir()
    assert set(open_catalog(None, SERVER, home, start).cards) == {"mini"}
