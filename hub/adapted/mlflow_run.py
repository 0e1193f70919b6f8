"""Logging an adapted model to MLflow after it was made: never in the way of the folder."""

from __future__ import annotations

import os
from pathlib import Path

from evaluators.errors import ReportedError
from hub.home import Home
from hub.registry.address import tracking_address


def log_adapted_to_mlflow(folder: Path, home: Home) -> tuple[str, bool]:
    """Log an adapted model's folder; if MLflow cannot be reached or is not installed, go on: the folder is whole.

    Returns:
        What to say, and whether it is a warning.
    """
    try:
        from hub.adapted.files import read_artifact
        from hub.tracking.adapted_run import log_adapted

        logged = log_adapted(read_artifact(folder), tracking_address(os.environ, home))
    except ModuleNotFoundError as error:
        return f"not logged to MLflow: {error.name} is not installed (pip install 'basehub[registry]')", False
    except ReportedError as error:
        return f"not logged to MLflow: {error.message}", True
    loads = f'mlflow.pyfunc.load_model("{logged.model_uri}") loads it'
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        # Plain MLflow does not know the hub's own store.
        loads += f", with MLFLOW_TRACKING_URI={tracking_address(os.environ, home)}"
    return f"logged to MLflow: {logged.address}; {loads}", False
