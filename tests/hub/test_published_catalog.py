"""The catalog in the registry: published once, read by those who trust its publisher, and by nobody else's word."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluators.errors import IntegrityError
from hub.published_catalog import FILE, SEAL_TAG, publication, publish, read_published
from hub.registry.registry import CATALOG_NAME, NewVersion
from tests.hub.office import NOW, signer_of, trusting


def published(office, registry, *, text: str = "id: mini\n", signer=None, now: dt.datetime = NOW) -> int:
    (office.catalog.folder / "models" / "mini.yaml").write_text(text)
    new = publication(registry, office.catalog, office.keys)
    assert new is not None
    return publish(registry, new, signer or office.signer, now=now)


def test_what_was_published_is_read(office, fake):
    published(office, fake)
    assert read_published(fake, office.keys) == {"models/mini.yaml": "id: mini\n"}
    assert not fake.model(CATALOG_NAME).listed
    assert "| mini | Mini | active |" in fake.versions(CATALOG_NAME)[0].description


def test_an_unchanged_catalog_is_not_published_again(office, fake):
    published(office, fake)
    assert publication(fake, office.catalog, office.keys) is None
    assert published(office, fake, text="id: mini\ntitle: Mini\n") == 2


def test_nothing_published_is_an_integrity_error(office, fake):
    with pytest.raises(IntegrityError, match="no catalog"):
        read_published(fake, office.keys)


def test_a_stranger_publishes_nothing(office, fake):
    published(office, fake)
    published(office, fake, text="id: evil\n", signer=signer_of("mallory"))
    assert read_published(fake, office.keys) == {"models/mini.yaml": "id: mini\n"}
    with pytest.raises(IntegrityError, match="no catalog"):
        read_published(fake, trusting(signer_of("nobody")))


def test_an_old_bundle_put_on_top_is_not_the_newest(office, fake, tmp_path):
    published(office, fake)
    published(office, fake, text="id: newer\n", now=NOW + dt.timedelta(days=1))
    old = fake.versions(CATALOG_NAME)[0]
    (tmp_path / "replayed").mkdir()
    (tmp_path / "replayed" / FILE).write_bytes(b"".join(fake.artifact(CATALOG_NAME, 1, FILE)))
    fake.create_version(NewVersion(CATALOG_NAME, tmp_path / "replayed", {SEAL_TAG: old.tags[SEAL_TAG]}))
    assert read_published(fake, office.keys) == {"models/mini.yaml": "id: newer\n"}


def test_a_file_that_was_changed_behind_its_seal_is_noticed_and_published_again(office, fake):
    published(office, fake)
    fake.overwrite_artifact(
        CATALOG_NAME, 1, FILE, b'{"schema_version":1,"files":{"models/mini.yaml":"id: evil"}}'
    )
    with pytest.raises(IntegrityError, match="is not the one that was published"):
        read_published(fake, office.keys)
    new = publication(fake, office.catalog, office.keys)
    assert new is not None
    publish(fake, new, office.signer, now=NOW + dt.timedelta(seconds=1))
    assert read_published(fake, office.keys) == {"models/mini.yaml": "id: mini\n"}
