"""`hub init` with the address of a server: what was published there is read over REST, if a trusted key signed it."""

import datetime as dt

import pytest

from evaluators.errors import IntegrityError
from hub.catalog import load_catalog
from hub.catalog_copy import refresh
from hub.catalog_place import CatalogPlace
from hub.home import Home
from hub.published_catalog import publication, publish
from hub.signing import trust
from tests.hub.models import card_text
from tests.hub.registry.conftest import open_kind

NOW = dt.datetime.now(dt.UTC)


def test_the_catalog_of_a_server_is_the_one_that_a_trusted_key_signed(server, office, tmp_path, request):
    registry = open_kind("server", request)
    (office.catalog.folder / "models" / "mini.yaml").write_text(card_text("mini"))
    publish(registry, publication(registry, office.catalog, office.keys), office.signer, now=NOW)
    place, home = CatalogPlace(kind="registry", place=server), Home(tmp_path / "home")
    # Another server is configured: what gives access to that one is not shown to this one.
    environment = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_TRACKING_TOKEN": "secret"}
    with pytest.raises(IntegrityError, match="no catalog"):
        refresh(place, environment, home, now=NOW)
    trust(home.keys, office.signer.public)
    copy = refresh(place, environment, home, now=NOW, seconds=5)
    assert set(load_catalog(copy.folder).cards) == {"mini"}
