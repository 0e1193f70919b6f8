"""`hub init` as a person runs it: a folder, a repository, the published catalog; then every command finds it."""

import json

import pytest

from evaluators.errors import IntegrityError
from hub.published_catalog import publication, publish
from hub.registry.mlflow_registry import MlflowRegistry
from hub.signing import open_keyring, open_signer
from tests.hub.models import card_text, make_catalog
from tests.hub.registry.stub import MISSING, as_json, listening
from tests.hub.repositories import repository


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """A folder that no catalog stands above, without HUB_CATALOG."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HUB_CATALOG", "")
    return folder


def models(run_hub) -> set[str]:
    done = run_hub("list", "--all", "--format", "json")
    assert done.exit_code == 0, done.stderr
    return {row["model"] for row in json.loads(done.stdout)}


def test_a_new_catalog_passes_its_check_is_chosen_and_listed(run_hub, elsewhere, monkeypatch):
    made = run_hub("init", "--new", "acme-catalog", "--name", "acme")
    assert made.exit_code == 0, made.stderr
    assert "next: cd acme-catalog" in made.stderr
    chosen = run_hub("init", "acme-catalog")
    assert "1 model (1 locked), 1 task, 4 protocols, 1 policy" in chosen.stdout
    assert models(run_hub) == {"all-minilm-l6-v2"}
    monkeypatch.chdir(elsewhere / "acme-catalog")
    assert run_hub("catalog", "check").exit_code == 0


def test_a_repository_is_chosen_refreshed_and_kept_when_it_is_gone(run_hub, elsewhere, tmp_path):
    repo = repository(make_catalog(tmp_path / "acme" / "catalog").folder.parent)
    first = json.loads(run_hub("init", repo.url, "--format", "json").stdout)
    assert models(run_hub) == {"tiny"}
    (repo.checkout / "catalog" / "models" / "later.yaml").write_text(card_text("later"))
    commit = repo.commit()
    assert models(run_hub) == {"tiny"}
    refreshed = run_hub("init", "--refresh")
    assert commit in refreshed.stdout
    assert f"before it was commit {first['commit'][:12]}" in refreshed.stderr
    assert "nothing is new there" in run_hub("init", "--refresh").stderr
    assert models(run_hub) == {"tiny", "later"}
    repo.bare.rename(repo.bare.with_name("moved"))
    failed = run_hub("init", "--refresh")
    assert failed.exit_code == 5
    assert "git cannot read" in failed.stderr
    assert models(run_hub) == {"tiny", "later"}


def test_the_published_catalog_is_chosen_if_a_trusted_key_signed_it(
    run_hub, elsewhere, monkeypatch, tmp_path, database, office
):
    from hub.home import Home

    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    refused = run_hub("init", "mlflow")
    assert refused.exit_code == IntegrityError.exit_code
    assert "hub trust add" in refused.stderr
    assert json.loads(run_hub("init", "--format", "json").stdout)["chosen"] is None

    home = Home(tmp_path / "home")
    signer = open_signer(home.keys)
    (office.catalog.folder / "models" / "mini.yaml").write_text(card_text("mini"))
    registry = MlflowRegistry(database, database)
    publish(registry, publication(registry, office.catalog, open_keyring(home.keys)), signer)
    chosen = run_hub("init", "mlflow")
    assert chosen.exit_code == 0, chosen.stderr
    assert "1 model (0 locked)" in chosen.stdout
    assert models(run_hub) == {"mini"}


def test_without_a_place_it_says_which_catalog_is_used_and_why(run_hub, elsewhere, tmp_path, monkeypatch):
    nothing = run_hub("init")
    assert nothing.exit_code == 0
    assert "hub init PLACE" in nothing.stdout
    repo = repository(make_catalog(tmp_path / "acme" / "catalog").folder.parent)
    run_hub("init", repo.url, "--ref", "main")
    said = run_hub("init").stdout
    assert "branch main" in said
    assert "a moment ago" in said
    value = json.loads(run_hub("init", "--format", "json").stdout)
    assert value["chosen"] == {"kind": "git", "place": repo.url, "ref": "main"}
    assert value["used"]["named_by"] == "hub init"
    assert len(value["used"]["commit"]) == 40
    monkeypatch.chdir(repo.checkout)
    assert json.loads(run_hub("init", "--format", "json").stdout)["used"]["named_by"].startswith(
        "the nearest"
    )
    assert "here commands use another one" in run_hub("init", repo.url).stderr


def test_a_password_is_neither_shown_nor_told(run_hub, elsewhere):
    done = run_hub("init", "http://ana:secret@127.0.0.1:9/x.git")
    assert done.exit_code == 5
    assert "http://127.0.0.1:9/x.git" in done.stderr
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nowhere",), 2, "there is no folder"),
        (("plain",), 2, "it has no models/"),
        (("s3://bucket/x",), 2, "no catalog can be read from"),
        (("ext::sh",), 2, "remote helpers"),
        (("bare.git",), 4, "no catalog in it"),
        (("file:///nowhere/x.git",), 5, "does not appear to be a git repository"),
        (("bare.git", "--ref", "nope"), 5, "Remote branch nope not found"),
        (("http://127.0.0.1:9",), 5, "does not answer"),
        (("--ref", "main"), 2, "--ref is a branch"),
        (("--name", "acme"), 2, "--name belongs to --new"),
        (("plain", "--refresh"), 2, "three different things"),
        (("--refresh",), 2, "no catalog is chosen yet"),
        (("--new", "plain"), 2, "holds something already"),
        (("--new", "x", "--name", "a b"), 2, "cannot be the name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_told_with_the_next_step(run_hub, elsewhere, arguments, code, said):
    (elsewhere / "plain").mkdir()
    (elsewhere / "plain" / "file").write_text("x")
    (elsewhere / "bare").mkdir()
    repository(elsewhere / "bare")
    before = sorted(elsewhere.iterdir())
    done = run_hub("init", *arguments)
    assert done.exit_code == code, done.stderr
    assert said in " ".join(done.stderr.split())
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(elsewhere.iterdir()) == before
    assert json.loads(run_hub("init", "--format", "json").stdout)["chosen"] is None


def test_the_help_says_the_order_and_shows_examples(run_hub):
    text = " ".join(run_hub("init", "--help").stdout.split())
    positions = [
        text.index(words)
        for words in (
            "first that there is: --catalog",
            "HUB_CATALOG, the nearest",
            "what `hub init` chose, what the server",
        )
    ]
    assert positions == sorted(positions)
    assert "hub init --new acme-catalog --name acme" in text


@pytest.fixture
def server():
    """An MLflow server that has nothing."""
    with listening() as stub:
        stub.answer = lambda _path: as_json(MISSING, 404)
        yield stub


@pytest.mark.parametrize(
    ("configured", "said", "sent"),
    [
        ("", "with no credentials, since MLFLOW_TRACKING_URI does not name it", None),
        ("ITSELF", "with a token", "Bearer secret"),
    ],
)
def test_a_server_is_named_with_what_it_is_shown(
    run_hub, elsewhere, monkeypatch, server, configured, said, sent
):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", configured.replace("ITSELF", server.url))
    done = run_hub("init", server.url)
    told = " ".join(done.stderr.split())
    assert f"asking {server.url.removeprefix('http://')} {said}" in told
    assert "hides nothing" not in told
    assert "secret" not in told
    assert {asked.authorization for asked in server.requests} == {sent}


@pytest.mark.parametrize(("user", "warned"), [("ana:secret@", True), ("", False)])
def test_a_password_over_plain_http_is_warned_of(run_hub, elsewhere, user, warned):
    done = run_hub("init", f"http://{user}mlflow.invalid:9")
    assert done.exit_code == 5
    assert ("http:// hides nothing" in done.stderr) is warned
    assert "secret" not in done.stderr
