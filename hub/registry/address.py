"""Which registry is meant: MLFLOW_REGISTRY_URI or MLFLOW_TRACKING_URI, or the hub's own store under HUB_HOME."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from hub.home import Home


def without_credentials(address: str) -> str:
    """Return an address as it may be shown and kept: without user name and password."""
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def registry_address(environment: Mapping[str, str], home: Home) -> str:
    """Return the registry's URI."""
    return environment.get("MLFLOW_REGISTRY_URI") or tracking_address(environment, home)


def tracking_address(environment: Mapping[str, str], home: Home) -> str:
    """Return the URI that evaluation runs are logged to."""
    return environment.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home.registry / 'mlflow.db'}"
