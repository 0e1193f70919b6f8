"""Where this machine keeps the hub's things: HUB_HOME, and the folders inside it.

A value, not a singleton: commands build it once from the environment and hand it on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.errors import EnvironmentProblem


@dataclass(frozen=True)
class Home:
    """The folders under HUB_HOME."""

    root: Path

    @property
    def blobs(self) -> Path:
        """Content-addressed store of verified bytes."""
        return self.root / "blobs"

    @property
    def results(self) -> Path:
        """Node outputs and predictions, keyed by content."""
        return self.root / "results"

    @property
    def calibration(self) -> Path:
        """How fast this machine was: what estimates of time are corrected by."""
        return self.root / "calibration.json"

    @property
    def evidence(self) -> Path:
        """Evidence documents of this machine's evaluations."""
        return self.root / "evidence"

    @property
    def unlogged(self) -> Path:
        """Evaluations that MLflow does not have yet: see `hub evaluate --resume`."""
        return self.root / "unlogged"

    @property
    def keys(self) -> Path:
        """This person's signing key, and the public keys that this machine trusts."""
        return self.root / "keys"

    @property
    def registry(self) -> Path:
        """The registry that is used when MLFLOW_TRACKING_URI names none."""
        return self.root / "registry"

    @property
    def cache(self) -> Path:
        """What can be fetched again: published catalogs, verified promotion logs."""
        return self.root / "cache"

    def ready(self) -> Home:
        """Create the root.

        Raises:
            EnvironmentProblem: If it cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.unwritable(error) from error
        if not os.access(self.root, os.W_OK):
            raise self.unwritable(None)
        return self

    def unwritable(self, error: OSError | None) -> EnvironmentProblem:
        """Return the error for a HUB_HOME that cannot be written."""
        reason = f" ({error.strerror})" if error and error.strerror else ""
        return EnvironmentProblem(
            f"HUB_HOME {self.root} cannot be written{reason}",
            hint="set HUB_HOME to a folder of yours, e.g. HUB_HOME=~/.basehub",
        )


def home_from(environment: Mapping[str, str]) -> Home:
    """Return the home that the environment names, or ~/.basehub."""
    configured = environment.get("HUB_HOME")
    return Home(Path(configured).expanduser().absolute() if configured else Path.home() / ".basehub")
