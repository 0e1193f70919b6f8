"""Opening the registry that the environment names: to write with MLflow, to read with as little as will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hub.home import Home
from hub.registry.address import registry_address, tracking_address
from hub.registry.registry import Registry, RegistryReader
from hub.registry.run_files import RunFiles

if TYPE_CHECKING:
    from hub.registry.access import Access


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
    """Return the registry at an address; see `open_reader` and `access_to`."""
    if _is_named(address, environment, home):
        return open_reader(environment, home, seconds=seconds)
    if not address.startswith(("http://", "https://")):
        return open_registry({"MLFLOW_TRACKING_URI": address}, home)
    from hub.registry.rest_registry import RestRegistry

    access = access_to(address, environment, home)
    return RestRegistry(address, replace(access, seconds=seconds), tracking_uri=address)


def access_to(address: str, environment: Mapping[str, str], home: Home) -> Access:
    """Return how the server at an address is spoken to.

    What gives access to MLflow here is shown to the server that MLFLOW_TRACKING_URI or MLFLOW_REGISTRY_URI names, to no
    other: see hub/registry/README.md.
    """
    from hub.registry.access import access_from

    access = access_from(environment)
    return access if _is_named(address, environment, home) else access.without_credentials()


def _is_named(address: str, environment: Mapping[str, str], home: Home) -> bool:
    return address.rstrip("/") == registry_address(environment, home).rstrip("/")


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
