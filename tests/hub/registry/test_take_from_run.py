"""A model that a team logged with plain MLflow becomes a card, and its bytes are fetched from the run again."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluators.canonical import digest_of_file
from evaluators.errors import EnvironmentProblem, InvalidDocument, UsageProblem
from hub.catalog import load_catalog
from hub.fetch import fetch
from hub.home import Home
from hub.lock import write_lock
from hub.locking import lock_card
from hub.propose import propose
from hub.registry.run_files import Missing
from hub.unproposed import take_folders
from tests.fakes_models import tiny_bert

pytestmark = [
    pytest.mark.slow,
    # mlflow.transformers, sentence_transformers and torch warn about themselves and each other.
    pytest.mark.filterwarnings("ignore"),
]

COMMIT = "c" * 40


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder as save_pretrained() writes it."""
    return tiny_bert(tmp_path_factory.mktemp("checkpoint") / "tiny")[1]


@pytest.fixture(scope="module", params=["database", "server"])
def logged(request, checkpoint, tmp_path_factory):
    """A run in which a model was logged in every way that people do; its id and the environment to read it with."""
    import mlflow
    import numpy as np

    uri = request.getfixturevalue(request.param)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    folder = tmp_path_factory.mktemp("artifacts")
    # A database alone would put artifacts under the current folder; a server keeps them itself.
    place = folder.as_uri() if request.param == "database" else None
    mlflow.set_experiment(experiment_id=mlflow.create_experiment(f"encoders-{request.param}", place))
    with mlflow.start_run(tags={"mlflow.source.git.commit": COMMIT}) as run:
        mlflow.log_params({"base_model": "org/base", "dataset_name": "tickets-2026", "lr": 0.1})
        mlflow.log_metric("accuracy", 0.991)
        mlflow.log_input(mlflow.data.from_numpy(np.zeros(2), name="tickets"), context="training")
        mlflow.log_artifacts(str(checkpoint), "checkpoint")
        mlflow.log_dict({"base_model_name_or_path": "org/base"}, "adapter/adapter_config.json")
        mlflow.log_text("x", "adapter/adapter_model.safetensors")
        _log_flavors(checkpoint)
    mlflow.set_tracking_uri(before)
    return run.info.run_id, {"MLFLOW_TRACKING_URI": uri}


def _log_flavors(checkpoint):
    import mlflow
    from transformers import AutoModel, AutoTokenizer

    parts = {
        "model": AutoModel.from_pretrained(checkpoint),
        "tokenizer": AutoTokenizer.from_pretrained(checkpoint),
    }
    mlflow.transformers.log_model(
        parts,
        name="encoder",
        task="feature-extraction",
        registered_model_name="team-encoder",
        pip_requirements=[],
    )
    mlflow.pytorch.log_model(
        parts["model"], name="pickled", serialization_format="pickle", pip_requirements=[]
    )


@pytest.fixture
def catalog(tmp_path):
    (tmp_path / "catalog" / "models").mkdir(parents=True)
    return load_catalog(tmp_path / "catalog")


def fetched(proposal, catalog, environment, tmp_path):
    """Lock and activate a draft, and fetch it as another machine would, which has no bytes."""
    card = proposal.card
    lock = lock_card(card, catalog, Home(tmp_path / "here"), environment=environment)
    text = proposal.text.replace("{state: proposed}", "{state: active, since: 2026-01-01}")
    (catalog.folder / "models" / f"{card.id}.yaml").write_text(text, encoding="utf-8")
    write_lock(catalog.folder / "models" / f"{card.id}.lock.json", lock)
    elsewhere = load_catalog(catalog.folder)
    return fetch(elsewhere.card(card.id), elsewhere, Home(tmp_path / "there"), environment=environment)


def test_a_folder_logged_as_artifacts_is_proposed_and_fetched_byte_for_byte(
    logged, checkpoint, catalog, tmp_path
):
    run, environment = logged
    proposal = propose(f"runs:/{run}/checkpoint", None, catalog, environment)
    card = proposal.card
    assert card.id == f"checkpoint-{run[:8]}"
    assert (card.mirrors[0].run, card.mirrors[0].path, card.mirrors[0].files) == (run, "checkpoint", {})
    candidate, view = fetched(proposal, catalog, environment, tmp_path)
    assert {path.name for path in view.iterdir()} == {path.name for path in checkpoint.iterdir()}
    assert digest_of_file(view / "model.safetensors") == digest_of_file(checkpoint / "model.safetensors")
    assert candidate.structure.architecture == "BertModel"


@pytest.mark.parametrize("place", ["runs:/{run}/encoder", "models:/team-encoder/1"])
def test_a_transformers_model_is_joined_from_mlflows_folders(logged, catalog, tmp_path, place):
    run, environment = logged
    proposal = propose(place.format(run=run), "encoder", catalog, environment)
    card = proposal.card
    where = card.mirrors[0]
    assert where.model.startswith("m-")
    assert where.files["tokenizer.json"] == "components/tokenizer/tokenizer.json"
    assert where.files["model.safetensors"] == "model/model.safetensors"
    _, view = fetched(proposal, catalog, environment, tmp_path)
    from evaluators.backbones.text import load_text

    assert load_text(card.input, view, pretrained=True).width == 32


def test_the_card_keeps_what_the_run_says_of_its_making_and_no_metric(logged, catalog):
    run, environment = logged
    proposal = propose(f"runs:/{run}/encoder", None, catalog, environment)
    lineage = proposal.card.lineage
    assert (lineage.run, lineage.base, lineage.commit) == (run, "org/base", COMMIT)
    assert lineage.experiment.startswith("encoders-")
    assert (lineage.user, lineage.datasets) == (lineage.user, ("tickets",))
    assert lineage.user
    assert lineage.started is not None
    assert lineage.parameters == {"base_model": "org/base", "dataset_name": "tickets-2026"}
    assert (lineage.server is not None) == environment["MLFLOW_TRACKING_URI"].startswith("http")
    assert "0.991" not in proposal.text
    assert "accuracy" not in proposal.text


def test_what_a_run_holds_that_is_no_base_model_is_refused(logged, catalog):
    run, environment = logged
    with pytest.raises(InvalidDocument, match="flavor pytorch, which loads by unpickling"):
        propose(f"runs:/{run}/pickled", None, catalog, environment)
    with pytest.raises(InvalidDocument, match="adapter of org/base"):
        propose(f"runs:/{run}/adapter", None, catalog, environment)
    with pytest.raises(InvalidDocument, match="holds 2 models"):
        propose(f"runs:/{run}", None, catalog, environment)


def test_what_mlflow_does_not_have_is_told_with_what_it_has(logged, catalog):
    run, environment = logged
    with pytest.raises(Missing, match="has no files") as caught:
        propose(f"runs:/{run}/encodr", None, catalog, environment)
    assert f"runs:/{run}/encoder" in caught.value.hint
    for place in (
        f"runs:/{'0' * 32}/x",
        f"models:/m-{'0' * 32}",
        "models:/team-encoder/99",
        "models:/team-encoder@gone",
    ):
        with pytest.raises(Missing, match="has no") as caught:
            propose(place, None, catalog, environment)
        assert "MLFLOW_TRACKING_URI" in caught.value.hint
    for place in ("runs:/abc/x", "models:/x", f"runs:/{run}/../x"):
        with pytest.raises(UsageProblem):
            propose(place, None, catalog, environment)


def test_a_run_is_evaluated_without_a_card_like_a_folder(logged, catalog, tmp_path, monkeypatch):
    run, environment = logged
    monkeypatch.setenv("MLFLOW_TRACKING_URI", environment["MLFLOW_TRACKING_URI"])
    home = Home(tmp_path / "home")
    taken = take_folders(
        (f"runs:/{run}/checkpoint",), catalog, home, lambda *_: None, today=dt.date(2026, 11, 21)
    )
    assert taken.models == (f"folder-checkpoint-{run[:8]}",)
    assert taken.judging.cards[taken.models[0]].lifecycle.state == "proposed"


def test_a_server_that_does_not_answer_is_one_silent_mirror_of_many(logged, catalog, tmp_path):
    run, environment = logged
    card = propose(f"runs:/{run}/checkpoint", None, catalog, environment).card
    with pytest.raises(EnvironmentProblem, match="no mirror answers") as caught:
        lock_card(card, catalog, Home(tmp_path), environment={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert f"mlflow runs:/{run}/checkpoint: " in caught.value.message
    with pytest.raises(EnvironmentProblem, match="no MLflow is configured") as caught:
        lock_card(card, catalog, Home(tmp_path), environment={"HUB_HOME": str(tmp_path / "empty")})
    assert "MLFLOW_TRACKING_URI" in caught.value.hint
