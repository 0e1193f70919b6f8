"""What a person types becomes one place or an answer; passwords are kept from eyes; the choice survives."""

import re
import stat

import pytest

from evaluators.errors import InvalidDocument, UsageProblem
from hub.address import parse_address, without_password
from hub.catalog_place import (
    CatalogPlace,
    choice_path,
    parse_place,
    read_choice,
    write_choice,
)
from hub.home import Home
from tests.hub.models import make_catalog

SERVER = {"MLFLOW_TRACKING_URI": "https://tools.example.org/mlflow"}


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def parsed(text, home, *, ref=None, environment=SERVER):
    return parse_place(text, ref, environment=environment, home=home, start=home.root.parent)


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("https://github.com/acme/catalog", "git", "https://github.com/acme/catalog"),
        ("https://git.example.org/catalog.git", "git", "https://git.example.org/catalog.git"),
        ("git+https://git.example.org", "git", "https://git.example.org"),
        ("ssh://git@host:2222/acme/catalog", "git", "ssh://git@host:2222/acme/catalog"),
        ("git@github.com:acme/catalog.git", "git", "git@github.com:acme/catalog.git"),
        ("file:///srv/catalog.git", "git", "file:///srv/catalog.git"),
        ("mlflow", "registry", "https://tools.example.org/mlflow"),
        ("https://tools.example.org/mlflow/", "registry", "https://tools.example.org/mlflow/"),
        ("http://127.0.0.1:5000", "registry", "http://127.0.0.1:5000"),
    ],
)
def test_an_address_says_what_kind_it_is(home, text, kind, place):
    assert parsed(text, home) == CatalogPlace(kind=kind, place=place)


def test_a_folder_that_is_or_holds_a_catalog_is_kept_whole(home, tmp_path):
    made = make_catalog(tmp_path / "work" / "catalog").folder
    for text in ("work", "work/catalog", str(made)):
        assert parsed(text, home) == CatalogPlace(kind="folder", place=str(made))


def test_without_a_server_mlflow_is_the_store_under_hub_home(home):
    assert parsed("mlflow", home, environment={}).place == f"sqlite:///{home.registry / 'mlflow.db'}"


@pytest.mark.parametrize(
    ("text", "ref", "said"),
    [
        ("--upload-pack=touch x", None, "is no place of a catalog"),
        ("", None, "is no place of a catalog"),
        ("https://host/a\nb", None, "is no place of a catalog"),
        ("ext::sh -c touch% /tmp/x", None, "remote helpers are not used"),
        ("fd::17", None, "remote helpers are not used"),
        ("s3://bucket/catalog", None, "no catalog can be read from s3://bucket/catalog"),
        ("postgresql://user:secret@host/db", None, "no catalog can be read from postgresql://user@host/db"),
        ("nowhere", None, "there is no folder"),
        ("https://host/a.git", "--upload-pack=x", "cannot be a branch"),
        ("https://host/a.git", "a..b", "cannot be a branch"),
        ("mlflow", "main", "--ref is a branch of a git repository, this is a registry"),
    ],
)
def test_what_is_no_place_is_told(home, text, ref, said):
    with pytest.raises(UsageProblem, match=re.escape(said)) as caught:
        parsed(text, home, ref=ref)
    assert caught.value.hint


def test_a_folder_that_is_no_catalog_is_told_what_it_lacks(home, tmp_path):
    (tmp_path / "data" / "tasks").mkdir(parents=True)
    with pytest.raises(UsageProblem, match=r"it has no models/, protocols/, policies/\nhint") as caught:
        parsed("data", home)
    assert "hub init --new" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ana:pass@word@host/x failed", "https://host/x failed"),
        ("https://ghp_token@host/x", "https://host/x"),
        ("ssh://git:secret@host/x and ssh://git@host/y", "ssh://git@host/x and ssh://git@host/y"),
        ("fatal: unable to access 'https://a:b@host/': no", "fatal: unable to access 'https://host/': no"),
        ("git@host:path", "git@host:path"),
    ],
)
def test_no_password_is_shown(text, shown):
    assert without_password(text) == shown


def test_a_choice_is_read_back_and_is_for_its_owner_alone(home):
    assert read_choice(home) is None
    place = CatalogPlace(kind="git", place="https://ana:secret@host/x", ref="main")
    path = write_choice(place, home)
    assert read_choice(home) == place
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert place.shown == "git https://host/x, branch main"


@pytest.mark.parametrize("text", ["", "{", '{"schema": 2, "kind": "folder", "place": "/x"}'])
def test_a_choice_that_cannot_be_read_says_what_to_do(home, text):
    choice_path(home.ready()).write_text(text)
    with pytest.raises(InvalidDocument, match=r"catalog\.json") as caught:
        read_choice(home)
    assert caught.value.hint == "choose again: hub init PLACE"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ana:se'cret@host/x.git", "https://host/x.git"),
        ('https://ana:se"cret@host/x', "https://host/x"),
        ("https://ana:sec ret@host/x", "https://host/x"),
        ("https://ana:se/cret@host/x", "https://host/x"),
        ("https://ana:se?cret@host/x", "https://host/x"),
        ("https://ana:se#cret@host/x", "https://host/x"),
        ("https://secret?more@host/x", "https://host/x"),
        ("https://host:8443/x.git?private_token=secret", "https://host:8443/x.git"),
        ("https://host/x.git#secret", "https://host/x.git"),
        ("HTTPS://secret@host/x", "https://host/x"),
        ("ssh://git:sec@ret@host/x", "ssh://git@host/x"),
        ("ssh://git:s/ecret@host/x", "ssh://git@host/x"),
        ("https://host/a@b/x", "https://host/a@b/x"),
        ("git@host:path", "git@host:path"),
        ("file:///srv/x.git", "file:///srv/x.git"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(text, shown):
    assert parse_address(text).shown == shown


def test_what_a_program_says_is_shown_without_the_secrets_of_its_address():
    address = parse_address("https://ana:se'c%2Fret@host/x")
    assert (address.user, address.password) == ("ana", "se'c/ret")
    said = "cannot open 'https://ana:se'c%2Fret@host/x': se'c/ret is wrong"
    assert "ret" not in address.hidden_in(said)
    assert "secret" not in repr(parse_address("https://ana:secret@host/x"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://ana:se/cret@host/x", "a password that is not encoded"),
        ("https://ana:se?cret@host/x", "a password that is not encoded"),
        ("ana:secret@host:path", "no place for a password"),
        ("https://ana:secret@[x/y", "that is no address"),
    ],
)
def test_an_address_that_its_password_tears_is_refused_without_showing_it(home, text, said):
    with pytest.raises(UsageProblem, match=said) as caught:
        parsed(text, home)
    assert "cret" not in caught.value.message
