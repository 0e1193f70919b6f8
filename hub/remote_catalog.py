"""The catalog for clients that have no checkout: what `hub sync` published, verified and kept under HUB_HOME.

It is sealed by a key that this machine trusts; a registry alone cannot hand out a catalog. When a copy is read anew is
decided in `hub.catalog_copy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evaluators.canonical import digest_of
from hub.catalog import load_whole
from hub.exchange import put_folder
from hub.home import Home
from hub.published_catalog import read_published
from hub.registry.registry import RegistryReader
from hub.signing import KeyRing
from hub.staging import staged_folder


def cached_catalog(home: Home, registry: str) -> Path | None:
    """Return the folder of the published catalog as last read, or None if it never was."""
    folder = _folder(home, registry)
    return folder if folder.is_dir() else None


def refresh_catalog(reader: RegistryReader, registry: str, *, home: Home, keys: KeyRing) -> Path:
    """Read the published catalog of a registry and keep it under the registry's address.

    Raises:
        IntegrityError: If none was published by a key that this machine trusts.
        EnvironmentProblem: If the registry cannot be reached.
        InvalidDocument: If a document cannot be read, as one that a newer version wrote; the copy stays.
    """
    texts: Mapping[str, str] = read_published(reader, keys)
    target = _folder(home, registry)
    target.parent.mkdir(parents=True, exist_ok=True)
    with staged_folder(target.parent) as staged:
        for name, text in texts.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        load_whole(staged)
        put_folder(staged, target)
    return target


def _folder(home: Home, registry: str) -> Path:
    return home.cache / "catalogs" / digest_of(registry)[:16]
