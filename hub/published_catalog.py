"""The catalog in the registry, for those who have no checkout: one signed bundle of its text files.

In: a catalog, or a registry to read from. Out: a version of a reserved model with one file, `catalog.json`, or the
files that a trusted key signed. Invariants: equal catalogs give equal bundles, so an unchanged one writes nothing; what
is read was signed by a trusted key over exactly these bytes and the time of publication, so that neither an edit nor
an old bundle put on top goes unnoticed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evaluators.canonical import canonical_json, digest_of_bytes, short
from evaluators.document import Document
from evaluators.errors import Conflict, IntegrityError
from evaluators.names import RelativePath
from evaluators.signature import Signature
from hub.catalog import FOLDERS, Catalog
from hub.promotion_log import utc
from hub.registry.registry import CATALOG_NAME, OWNED, NewVersion, Registry, RegistryReader
from hub.signing import KeyRing, Signer

FILE = "catalog.json"
SEAL_TAG = "hub.seal"
MAX_BYTES = 16 * 1024 * 1024

_SUFFIXES = (".yaml", ".json")
_ABOUT = """# Catalog

The published catalog: cards, locks, tasks, protocols and policies. Each version carries one signed file. Written by
`hub sync` from reviewed files in git; change it there.
"""


class Bundle(Document):
    """The text files of a catalog, by path."""

    schema_version: int = 1
    files: dict[RelativePath, str]


class Seal(Document):
    """Who published which bytes, when."""

    digest: str
    published: str
    """UTC, ISO 8601."""
    signature: Signature | None = None

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that the signature covers."""
        return canonical_json(self.model_dump(mode="json", exclude={"signature"}))


@dataclass(frozen=True)
class Publication:
    """A bundle that is to be published."""

    data: bytes
    page: str

    @property
    def digest(self) -> str:
        """Identity of the bundle."""
        return digest_of_bytes(self.data)


def publication(reader: RegistryReader, catalog: Catalog, keys: KeyRing) -> Publication | None:
    """Return what has to be published, or None if the registry has it already, sealed by a trusted key."""
    bundle = Bundle(files=_texts(catalog.folder))
    new = Publication(canonical_json(bundle.model_dump(mode="json")), _page(catalog))
    newest = next(_sealed(reader, keys), None)
    if newest is None or newest[1].digest != new.digest:
        return new
    try:
        # Somebody may have changed the file behind the seal.
        return None if _data(reader, newest[0]) == new.data else new
    except IntegrityError:
        return new


def publish(registry: Registry, new: Publication, signer: Signer, *, now: dt.datetime | None = None) -> int:
    """Publish a bundle.

    Returns:
        The number of its version.
    """
    if registry.model(CATALOG_NAME) is None:
        # Another process may be first, which is as good.
        with contextlib.suppress(Conflict):
            registry.create_model(CATALOG_NAME, description=_ABOUT, tags={OWNED: "true"}, listed=False)
    seal = Seal(digest=new.digest, published=utc(now or dt.datetime.now(dt.UTC)))
    seal = seal.model_copy(update={"signature": signer.sign(seal.signed_bytes)})
    with tempfile.TemporaryDirectory(prefix="hub-catalog-") as name:
        (Path(name) / FILE).write_bytes(new.data)
        tags = {SEAL_TAG: seal.model_dump_json()}
        made = registry.create_version(
            NewVersion(CATALOG_NAME, Path(name), tags, new.page, experiment="hub-catalog")
        )
    return made.number


def read_published(reader: RegistryReader, keys: KeyRing) -> Mapping[str, str]:
    """Return the newest published catalog: text by path.

    Raises:
        IntegrityError: If none was published by a trusted key, or its bytes are not the ones that were signed.
    """
    newest = next(_sealed(reader, keys), None)
    if newest is None:
        raise IntegrityError(
            f"no catalog at {reader.uri} was published by a key that this machine trusts",
            hint="ask who maintains the catalog to run `hub sync`, and for their key: hub trust add LINE",
        )
    number, seal = newest
    data = _data(reader, number)
    if digest_of_bytes(data) != seal.digest:
        raise IntegrityError(
            f"the catalog at {reader.uri} is not the one that was published on {seal.published}",
            hint="its file was changed in the registry; run `hub sync` from the reviewed catalog",
        )
    return dict(Bundle.model_validate_json(data).files)


def _data(reader: RegistryReader, number: int) -> bytes:
    data = bytearray()
    for block in reader.artifact(CATALOG_NAME, number, FILE):
        data += block
        if len(data) > MAX_BYTES:
            break
    return bytes(data)


def _sealed(reader: RegistryReader, keys: KeyRing) -> Iterator[tuple[int, Seal]]:
    """Yield the versions that a trusted key sealed, the one that was published last first."""
    found = []
    for version in reader.versions(CATALOG_NAME):
        seal = _seal(version.tags.get(SEAL_TAG, ""))
        if (
            seal is not None
            and seal.signature is not None
            and keys.verifies(seal.signed_bytes, seal.signature)
        ):
            found.append((version.number, seal))
    yield from sorted(found, key=lambda item: (item[1].published, item[0]), reverse=True)


def _seal(text: str) -> Seal | None:
    try:
        return Seal.model_validate_json(text)
    except ValidationError:
        return None


def _texts(folder: Path) -> dict[str, str]:
    paths = [
        path for name in FOLDERS for path in sorted((folder / name).glob("*")) if path.suffix in _SUFFIXES
    ]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _page(catalog: Catalog) -> str:
    rows = [
        f"| {card.id} | {card.title} | {card.lifecycle.state} | {_pinned(catalog, card.id)} |"
        for card in sorted(catalog.cards.values(), key=lambda card: card.id)
    ]
    return "\n".join(["# Catalog", "", "| model | title | state | digest |", "|---|---|---|---|", *rows, ""])


def _pinned(catalog: Catalog, name: str) -> str:
    lock: Any = catalog.locks.get(name)
    return short(lock.digest) if lock is not None else "not locked"
