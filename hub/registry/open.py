"""Opening the registry that the environment names: to write with MLflow, to read with as little as will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.home import Home
from hub.registry.address import registry_address
from hub.registry.registry import Registry, RegistryReader

_NAMES = ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI")
_CREDENTIALS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


def open_registry(environment: Mapping[str, str], home: Home) -> Registry:
    """Return the registry for reading and writing.

    Raises:
        EnvironmentProblem: If mlflow is missing or the registry cannot be reached.
    """
    from hub.registry.mlflow_registry import MlflowRegistry

    return MlflowRegistry(registry_address(environment, home), environment.get("MLFLOW_TRACKING_URI"))


def open_reader(
    environment: Mapping[str, str], home: Home, *, seconds: float | None = None
) -> RegistryReader:
    """Return the registry for reading; a server is read over REST, without importing mlflow.

    Args:
        environment: Names the registry and the access to it.
        home: Holds the registry that is used where none is named.
        seconds: Give a server up after so long without an answer; None: as long as a person waits.

    Raises:
        EnvironmentProblem: If the registry is a database and mlflow is missing.
    """
    address = registry_address(environment, home)
    if not address.startswith(("http://", "https://")):
        return open_registry(environment, home)
    from hub.registry.rest import access_from
    from hub.registry.rest_registry import RestRegistry

    tracking = environment.get("MLFLOW_TRACKING_URI")
    access = replace(access_from(environment), seconds=seconds)
    return RestRegistry(address, access, tracking_uri=tracking)


def reader_at(
    address: str, environment: Mapping[str, str], home: Home, *, seconds: float | None = None
) -> RegistryReader:
    """Return the registry at an address; see `open_reader`. What gives access to another server is not shown to it."""
    if address == registry_address(environment, home):
        return open_reader(environment, home, seconds=seconds)
    elsewhere = any(environment.get(name) for name in _NAMES)
    hidden = {*_NAMES, *(_CREDENTIALS if elsewhere else ())}
    kept = {name: value for name, value in environment.items() if name not in hidden}
    return open_reader({**kept, "MLFLOW_TRACKING_URI": address}, home, seconds=seconds)
