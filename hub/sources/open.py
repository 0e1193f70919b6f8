"""From a mirror of a card to the source that reads it.

Only a mirror of kind `hub` loads an HTTP client, so that listing a catalog stays fast.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.card import DirectoryMirror, HubMirror, Mirror, PackageMirror
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
        environment: Where HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are looked up.
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


def name_of(mirror: Mirror) -> str:
    """Return the name of a mirror for people, also where it cannot be opened."""
    match mirror:
        case PackageMirror():
            return f"package {mirror.distribution}"
        case DirectoryMirror():
            return f"directory {mirror.path}"
        case HubMirror():
            return f"hub {mirror.repository}"


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
