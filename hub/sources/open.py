"""From a mirror of a card to the source that reads it.

Only mirrors of the kinds `hub` and `mlflow` load a client, so that listing a catalog stays fast.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from evaluators.errors import EnvironmentProblem
from hub.card import DirectoryMirror, HubMirror, Mirror, MlflowMirror, PackageMirror
from hub.home import home_from
from hub.registry.run_files import Place
from hub.sources.directory import DirectorySource
from hub.sources.installed_package import installed_package
from hub.sources.source import Source, SourceProblem

DEFAULT_ENDPOINT = "https://huggingface.co"


@contextlib.contextmanager
def open_source(
    mirror: Mirror, *, catalog: Path, environment: Mapping[str, str], revision: str | None = None
) -> Iterator[Source]:
    """Yield the source of a mirror; its connections are closed afterwards.

    Args:
        mirror: A mirror of a card.
        catalog: Folder of the catalog; relative directories start there.
        environment: Where HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and MLFLOW_TRACKING_URI are looked up.
        revision: Commit to use where the mirror of a Hub names none.

    Raises:
        SourceProblem: If it is known beforehand that the mirror cannot deliver.
    """
    match mirror:
        case PackageMirror():
            yield installed_package(mirror.distribution, mirror.folder)
        case DirectoryMirror():
            yield DirectorySource(folder=catalog / mirror.path, name=f"directory {mirror.path}")
        case HubMirror():
            with _open_hub(mirror, environment, mirror.revision or revision) as source:
                yield source
        case MlflowMirror():
            yield _open_mlflow(mirror, environment)


def name_of(mirror: Mirror) -> str:
    """Return the name of a mirror for people, also where it cannot be opened."""
    match mirror:
        case PackageMirror():
            return f"package {mirror.distribution}"
        case DirectoryMirror():
            return f"directory {mirror.path}"
        case HubMirror():
            return f"hub {mirror.repository}"
        case MlflowMirror():
            return f"mlflow {place_of(mirror)}"


def place_of(mirror: MlflowMirror) -> Place:
    """Return the place in MLflow that a mirror names."""
    return Place(mirror.run, mirror.model, mirror.path or "")


def _open_mlflow(mirror: MlflowMirror, environment: Mapping[str, str]) -> Source:
    from hub.registry.open import open_run_files
    from hub.sources.mlflow_artifacts import MlflowArtifacts

    home = home_from(environment)
    if not (environment.get("MLFLOW_TRACKING_URI") or (home.registry / "mlflow.db").exists()):
        raise SourceProblem(
            "no MLflow is configured", hint="set MLFLOW_TRACKING_URI to the server that has the run"
        )
    try:
        reader = open_run_files(environment, home)
    except EnvironmentProblem as error:
        raise SourceProblem(error.message, hint=error.hint) from error
    return MlflowArtifacts(reader, place_of(mirror), mirror.files)


@contextlib.contextmanager
def _open_hub(mirror: HubMirror, environment: Mapping[str, str], revision: str | None) -> Iterator[Source]:
    if environment.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}:
        raise SourceProblem(
            "offline: HF_HUB_OFFLINE is set", hint="unset HF_HUB_OFFLINE, or fill another mirror"
        )
    from hub.sources.hub_client import Patience, hub_client
    from hub.sources.hub_repository import HubRepository

    endpoint = environment.get("HF_ENDPOINT") or DEFAULT_ENDPOINT
    with hub_client(endpoint, environment.get("HF_TOKEN") or None, Patience()) as client:
        yield HubRepository(client, mirror.repository, revision)
