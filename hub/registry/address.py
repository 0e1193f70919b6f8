"""Which registry is meant: MLFLOW_REGISTRY_URI or MLFLOW_TRACKING_URI, or the hub's own store under HUB_HOME."""

from __future__ import annotations

from collections.abc import Mapping

from hub.home import Home


def registry_address(environment: Mapping[str, str], home: Home) -> str:
    """Return the registry's URI."""
    return environment.get("MLFLOW_REGISTRY_URI") or tracking_address(environment, home)


def tracking_address(environment: Mapping[str, str], home: Home) -> str:
    """Return the URI that evaluation runs are logged to."""
    return environment.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home.registry / 'mlflow.db'}"
