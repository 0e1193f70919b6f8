"""Pulling an adapted model: the folder as it was adapted, verified, and it predicts."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

import hub
from evaluators.errors import Conflict, GateRefused, IntegrityError
from hub.adapted.files import read_artifact
from hub.adapted.model import AdaptedModel
from hub.adapted.training import refuse_foreign
from hub.blobs import BlobStore
from hub.card import Lifecycle
from hub.deliver import Origin
from hub.home import Home
from hub.promotion_log import Record
from hub.provenance import RECORD
from hub.pulling import PullRequest, pull, restore
from hub.reference import parse_reference
from hub.registry.mlflow_log import RegistryLog
from hub.verify import verify
from tests.fakes import FakeRegistry
from tests.hub.workshop import BASE, Workshop

NAME = "letter-router"
TEXTS = ["a k b l", "d m e n", "g o h p"]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    made.adapt(NAME)
    return made


@pytest.fixture
def registry(workshop) -> FakeRegistry:
    made = FakeRegistry()
    workshop.approve_base(made)
    workshop.promote(workshop.folder / NAME, made)
    return made


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def origin(workshop, registry, tmp_path) -> Origin:
    """Another machine: an empty store, and the keys that it trusts."""
    return Origin(registry, RegistryLog(registry), workshop.keys, BlobStore(Home(tmp_path / "home").ready()))


@pytest.fixture
def pulled(project, origin) -> Path:
    return pull(PullRequest(parse_reference(NAME), project), origin).folder


def test_the_folder_is_the_adapted_one_to_the_last_byte(workshop, pulled):
    expected, found = read_artifact(workshop.folder / NAME), read_artifact(pulled)
    assert found.files == expected.files
    assert found.adapted == expected.adapted
    assert (pulled / RECORD).is_file()
    assert {"recipe.py", "split.json"} <= {entry.path for entry in found.files}


def test_it_is_verified_and_an_altered_byte_is_found(workshop, pulled):
    assert verify(pulled, keys=workshop.keys).ok
    card = pulled / "README.md"
    text = card.read_text()
    card.unlink()
    card.write_text(text + "edited")
    found = verify(pulled, keys=workshop.keys)
    assert [finding.path for finding in found.findings] == ["README.md"]


@pytest.mark.parametrize("path", [".hub/adapted.json", "base/model.safetensors", "fit.safetensors"])
def test_lineage_base_and_weights_are_part_of_what_was_approved(workshop, pulled, path):
    (pulled / path).unlink()
    (pulled / path).write_bytes(b"{}")
    assert path in [finding.path for finding in verify(pulled, keys=workshop.keys).findings]
    with pytest.raises(IntegrityError):
        hub.load(NAME, pulled.parent.parent, keys=workshop.keys)


def test_hub_load_and_load_adapted_predict_as_the_folder_did(workshop, pulled, project):
    expected = hub.load_adapted(workshop.folder / NAME).predict(TEXTS)
    loaded = hub.load(NAME, project, keys=workshop.keys)
    assert isinstance(loaded, AdaptedModel)
    assert loaded.predict(TEXTS) == expected
    assert hub.load_adapted(pulled).predict(TEXTS) == expected


def test_hub_lock_restores_it(pulled, project, origin, workshop):
    shutil.rmtree(pulled)
    (again,) = restore(project, origin)
    assert again.folder == pulled
    assert verify(pulled, keys=workshop.keys).ok
    (unchanged,) = restore(project, origin)
    assert not unchanged.changed


def test_its_page_says_how_to_load_it(pulled):
    page = (pulled / ".hub" / "README.md").read_text()
    assert 'model = hub.load_adapted("models/letter-router")' in page
    assert f"Its base is {BASE}@" in page


def test_a_withdrawn_base_is_not_delivered_inside_something_else(workshop, registry, project, origin):
    pull(PullRequest(parse_reference(NAME), project), origin)
    workshop.withdraw(registry, workshop.history(registry).records[0])
    for action in (
        lambda: pull(PullRequest(parse_reference(NAME), project), origin),
        lambda: restore(project, origin),
    ):
        with pytest.raises(
            GateRefused, match=f"letter-router carries {BASE}, which was withdrawn on"
        ) as caught:
            action()
        assert "hub adapt" in caught.value.hint


def test_a_base_that_is_approved_again_is_delivered(workshop, registry, project, origin):
    workshop.withdraw(registry, workshop.history(registry).records[0])
    workshop.approve_base(registry)
    assert pull(PullRequest(parse_reference(NAME), project), origin).name == NAME


def test_a_deprecated_base_is_told(workshop, registry, project, origin):
    lifecycle = Lifecycle(state="deprecated", since=dt.date(2026, 11, 1), replacement="other")
    told = Origin(origin.reader, origin.log, origin.keys, origin.store, {BASE: lifecycle})
    pulled = pull(PullRequest(parse_reference(NAME), project), told)
    assert pulled.warnings == (f"{BASE} is deprecated since 2026-11-01: use other instead",)


def test_a_withdrawn_adapted_model_is_refused(workshop, registry, project, origin):
    workshop.withdraw(registry, workshop.history(registry).records[-1])
    with pytest.raises(GateRefused, match="letter-router version 1 was withdrawn"):
        pull(PullRequest(parse_reference(NAME), project), origin)


def test_hub_adapt_does_not_write_over_a_pull(pulled):
    with pytest.raises(Conflict, match="left as it is"):
        refuse_foreign(pulled)


def test_a_record_of_a_base_may_hold_nothing_of_ours(workshop, registry):
    from hub.provenance import check_file_set

    record: Record = workshop.history(registry).records[-1]
    check_file_set(record)
    with pytest.raises(IntegrityError, match=r"inside \.hub/"):
        check_file_set(record.model_copy(update={"adapted": None}))


def test_the_pulled_folder_can_be_promoted_again_without_what_the_pull_wrote(workshop, registry, pulled):
    assert read_artifact(pulled).digest == workshop.history(registry).records[-1].model_digest
