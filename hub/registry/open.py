"""Opening the registry that the environment names: to write with MLflow, to read with as little as will do."""

from __future__ import annotations

from collections.abc import Mapping

from hub.home import Home
from hub.registry.address import registry_address, tracking_address
from hub.registry.registry import Registry, RegistryReader
from hub.registry.run_files import RunFiles


def open_registry(environment: Mapping[str, str], home: Home) -> Registry:
    """Return the registry for reading and writing.

    Raises:
        EnvironmentProblem: If mlflow is missing or the registry cannot be reached.
    """
    from hub.registry.mlflow_registry import MlflowRegistry

    return MlflowRegistry(registry_address(environment, home), environment.get("MLFLOW_TRACKING_URI"))


def open_reader(environment: Mapping[str, str], home: Home) -> RegistryReader:
    """Return the registry for reading; a server is read over REST, without importing mlflow.

    Raises:
        EnvironmentProblem: If the registry is a database and mlflow is missing.
    """
    address = registry_address(environment, home)
    if not address.startswith(("http://", "https://")):
        return open_registry(environment, home)
    from hub.registry.rest import access_from
    from hub.registry.rest_registry import RestRegistry

    tracking = environment.get("MLFLOW_TRACKING_URI")
    return RestRegistry(address, access_from(environment), tracking_uri=tracking)


def open_run_files(environment: Mapping[str, str], home: Home) -> RunFiles:
    """Return the runs that models are taken from; a server is read over REST, without importing mlflow.

    Raises:
        EnvironmentProblem: If the store is a database and mlflow is missing.
    """
    address = tracking_address(environment, home)
    if address.startswith(("http://", "https://")):
        from hub.registry.rest import access_from
        from hub.registry.rest_run_files import RestRunFiles

        return RestRunFiles(address, access_from(environment))
    from hub.registry.mlflow_run_files import MlflowRunFiles

    return MlflowRunFiles(address)
