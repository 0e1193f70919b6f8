"""Adapted models are listed and shown beside the bases, from the log alone."""

from __future__ import annotations

import pytest

from hub.adapted.listing import adapted_facts, adapted_named, adapted_rows
from hub.selection import Selection
from tests import approval
from tests.fakes import FakeRegistry
from tests.hub.workshop import BASE, TASK, Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    made.adapt("letter-router")
    return made


@pytest.fixture
def registry(workshop) -> FakeRegistry:
    made = FakeRegistry()
    workshop.approve_base(made)
    workshop.promote(workshop.folder / "letter-router", made)
    return made


@pytest.mark.parametrize(
    ("selection", "task", "names"),
    [
        (Selection(), None, ["letter-router"]),
        (Selection(), TASK, ["letter-router"]),
        (Selection(), "help-desk", []),
        (Selection(modality="image"), None, []),
        (Selection(max_parameters=10), None, []),
    ],
)
def test_what_is_asked_of_a_model_is_asked_of_its_base(workshop, registry, selection, task, names):
    rows = adapted_rows(workshop.history(registry), workshop.catalog, selection, task)
    assert [row["model"] for row in rows] == names
    assert all((row["kind"], row["base"]) == ("adapted", BASE) for row in rows)


def test_its_facts_name_score_base_and_the_next_step(workshop, registry):
    history = workshop.history(registry)
    facts = dict(adapted_facts(adapted_named(history, "letter-router"), history))
    assert facts["base"] == f"{BASE}@{workshop.candidate.digest}"
    assert "test items" in facts["approved for"]
    assert facts["next"].startswith("hub pull letter-router")
    assert adapted_named(history, BASE) is None


def test_one_whose_base_was_withdrawn_is_listed_as_such(workshop, registry):
    workshop.withdraw(registry, workshop.history(registry).records[0])
    rows = adapted_rows(workshop.history(registry), workshop.catalog, Selection(), None)
    assert [row["status"] for row in rows] == ["base withdrawn"]


def test_a_log_of_bases_only_lists_none(workshop):
    from hub.promotion_log import History

    history = History((approval.record(),), (), 4)
    assert adapted_rows(history, workshop.catalog, Selection(), None) == []
