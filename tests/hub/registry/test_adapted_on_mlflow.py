"""An adapted model on real MLflow: promoted, shown, loaded by plain MLflow, pulled over REST, left alone by a sync."""

from __future__ import annotations

import pytest

from hub.adapted.files import read_artifact
from hub.blobs import BlobStore
from hub.deliver import Origin
from hub.home import Home
from hub.pulling import PullRequest, pull
from hub.reference import parse_reference
from hub.registry.mlflow_log import LogReader
from hub.registry.registry import CATALOG_NAME, LOG_NAME
from hub.registry.rest_registry import RestRegistry
from hub.sync import sync
from tests.hub.registry.conftest import open_kind
from tests.hub.registry.test_promote_and_sync import Counting
from tests.hub.workshop import BASE, Workshop

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

NAME = "letter-router"
TEXTS = ["a k b l", "d m e n", "g o h p"]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    made.adapt(NAME)
    return made


@pytest.fixture(params=["database", "server"])
def promoted(request, workshop) -> tuple[Counting, str]:
    """A registry in which base and adapted model are promoted, and its address."""
    registry = open_kind(request.param, request)
    for name in (LOG_NAME, CATALOG_NAME, BASE, NAME):
        if registry.model(name) is not None:
            registry.delete_model(name)
    workshop.approve_base(registry)
    assert workshop.promote(workshop.folder / NAME, registry).record is not None
    return Counting(registry), request.getfixturevalue(request.param)


def test_it_is_shown_loaded_by_plain_mlflow_and_left_alone_by_a_sync(promoted, workshop):
    registry, address = promoted
    model = registry.model(NAME)
    assert (model.listed, model.aliases) == (True, {"approved": 1})
    assert list(model.tags)[:4] == ["status", "task", "score", "hub.kind"]

    import mlflow

    mlflow.set_tracking_uri(address)
    loaded = mlflow.pyfunc.load_model(f"models:/{NAME}@approved")
    assert loaded.predict(TEXTS) == ["queue 0", "queue 1", "queue 2"]
    frame = loaded.predict(TEXTS, params={"probabilities": True})
    assert list(frame.columns) == ["queue 0", "queue 1", "queue 2"]

    first = sync(workshop.catalog, registry, keys=workshop.keys, signer=workshop.signer)
    assert [change for change in first.changes if change.model == NAME] == []
    registry.writes.clear()
    second = sync(workshop.catalog, registry, keys=workshop.keys, signer=workshop.signer)
    assert (second.in_step, second.problems) == (True, ())
    assert workshop.promote(workshop.folder / NAME, registry).decision is None
    assert registry.writes == []


def test_it_is_pulled_to_the_last_byte(promoted, workshop, tmp_path):
    registry, address = promoted
    reader = RestRegistry(address) if address.startswith("http") else registry
    (tmp_path / "project").mkdir()
    store = BlobStore(Home(tmp_path / "home").ready())
    origin = Origin(reader, LogReader(reader), workshop.keys, store)
    pulled = pull(PullRequest(parse_reference(NAME), tmp_path / "project"), origin)
    assert read_artifact(pulled.folder).files == read_artifact(workshop.folder / NAME).files
