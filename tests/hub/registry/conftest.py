"""Registries of every kind for the contract tests; one real MLflow server for all of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator

import pytest

from hub.home import Home
from hub.registry.registry import Registry, RegistryReader
from hub.registry.rest_registry import RestRegistry
from hub.server.serve import serve
from tests.fakes import FakeRegistry

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory, database) -> Iterator[str]:
    """Start an MLflow server on a store of its own; its address."""
    home = Home(tmp_path_factory.mktemp("served"))
    home.registry.mkdir()
    # Tables that are there already: MLflow needs seconds to make them.
    shutil.copy(database.removeprefix("sqlite:///"), home.registry / "mlflow.db")
    with serve(home, port=0, environment={}) as running:
        yield running.url


@pytest.fixture(params=["fake", "database", "server"])
def registry(request) -> Registry:
    """Each implementation in turn."""
    return open_kind(request.param, request)


@pytest.fixture(params=["fake", "database", "server", "rest"])
def both(request) -> tuple[Registry, RegistryReader]:
    """A registry to write with, and what reads it: itself, or REST alone."""
    if request.param != "rest":
        registry = open_kind(request.param, request)
        return registry, registry
    address = request.getfixturevalue("server")
    return open_kind("server", request), RestRegistry(address)


@pytest.fixture
def name() -> str:
    """A name that no other test uses, because the stores are shared."""
    return f"model-{next(_NUMBERS)}"


def drop_version(registry: Registry, name: str, number: int) -> None:
    """Delete a version, as a person can in MLflow's UI; the hub itself never does."""
    if isinstance(registry, FakeRegistry):
        registry.drop_version(name, number)
    else:
        registry._models.delete_model_version(name, str(number))  # type: ignore[attr-defined]


@pytest.fixture
def drop() -> Callable[[Registry, str, int], None]:
    return drop_version


def open_kind(kind: str, request: pytest.FixtureRequest) -> Registry:
    if kind == "fake":
        return FakeRegistry()
    from hub.registry.mlflow_registry import MlflowRegistry

    opened: Callable[[str], Registry] = MlflowRegistry
    return opened(request.getfixturevalue(kind))
