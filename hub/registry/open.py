"""Opening the registry that the environment names: to write with MLflow, to read with as little as will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.home import Home
from hub.registry.address import registry_address, tracking_address
from hub.registry.registry import Registry, RegistryReader
from hub.registry.run_files import RunFiles

_NAMES = ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI")


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
    from hub.registry.access import access_from
    from hub.registry.rest_registry import RestRegistry

    tracking = environment.get("MLFLOW_TRACKING_URI")
    access = replace(access_from(environment), seconds=seconds)
    return RestRegistry(address, access, tracking_uri=tracking)


def reader_at(
    address: str, environment: Mapping[str, str], home: Home, *, seconds: float | None = None
) -> RegistryReader:
    """Return the registry at an address; see `open_reader`.

    What gives access to the server that the environment names is not shown to another one.
    """
    if address == registry_address(environment, home):
        return open_reader(environment, home, seconds=seconds)
    if not address.startswith(("http://", "https://")):
        return open_registry({"MLFLOW_TRACKING_URI": address}, home)
    from hub.registry.access import access_from
    from hub.registry.rest_registry import RestRegistry

    access = access_from(environment)
    if any(environment.get(name) for name in _NAMES):
        access = access.without_credentials()
    return RestRegistry(address, replace(access, seconds=seconds), tracking_uri=address)


def open_run_files(environment: Mapping[str, str], home: Home) -> RunFiles:
    """Return the runs that models are taken from; a server is read over REST, without importing mlflow.

    Raises:
        EnvironmentProblem: If the store is a database and mlflow is missing.
    """
    address = tracking_address(environment, home)
    if address.startswith(("http://", "https://")):
        from hub.registry.access import access_from
        from hub.registry.rest_run_files import RestRunFiles

        return RestRunFiles(address, access_from(environment))
    from hub.registry.mlflow_run_files import MlflowRunFiles

    return MlflowRunFiles(address)
