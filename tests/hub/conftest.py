"""What tests of the hub share: a person who promotes, a registry in memory, one MLflow database for the session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import FakeRegistry
from tests.hub.office import Office

#: mlflow 3.17 with SQLAlchemy 2.1: theirs, not ours.
_THEIRS = "ignore:The ``noload`` loader strategy is deprecated"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(_THEIRS))


@pytest.fixture
def office(tmp_path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def fake() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> str:
    """A database that all tests share: MLflow needs seconds to make one."""
    from hub.registry.connection import connect

    uri = f"sqlite:///{tmp_path_factory.mktemp('database') / 'mlflow.db'}"
    connect(uri)
    return uri
