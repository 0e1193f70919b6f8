"""Models that an answer does not weigh are named with their reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.errors import UsageProblem
from evaluators.personal_task import OwnData
from hub.catalog import load_catalog
from hub.left_out import left_out
from hub.promotion_log import History
from hub.recommending import understood

CATALOG = Path(__file__).parents[2] / "catalog"


@pytest.fixture(scope="module")
def catalog():
    return load_catalog(CATALOG)


def test_every_other_model_of_the_modality_has_a_reason(catalog):
    weighed = ("all-minilm-l6-v2",)
    found = {row.candidate: row.reason for row in left_out("text", weighed, catalog, History((), (), 1))}
    texts = {name for name, card in catalog.cards.items() if card.modality == "text"}
    assert found.keys() == texts - set(weighed)
    assert found["bge-small-en-v1.5"] == "proposed: its bytes are not locked"
    assert found["episode-llama"].startswith("not approved")


def test_a_licence_that_the_policy_does_not_allow_is_the_reason(catalog):
    card = catalog.cards["episode-llama"]
    licence = card.licence.model_copy(update={"spdx": "CC-BY-NC-4.0", "use": "non-commercial"})
    closed = catalog.cards | {"episode-llama": card.model_copy(update={"licence": licence})}
    changed = _with_cards(catalog, closed)
    found = {row.candidate: row.reason for row in left_out("text", (), changed, History((), (), 1))}
    assert found["episode-llama"] == "licence not allowed: CC-BY-NC-4.0, use: non-commercial"


def _with_cards(catalog, cards):
    return replace(catalog, cards=cards)


def test_a_name_that_is_a_task_is_the_task_and_the_others_are_models(catalog):
    assert understood(("help-desk", "all-minilm-l6-v2"), (), None, None, catalog) == (
        ("all-minilm-l6-v2",),
        "help-desk",
    )
    assert understood(("all-minilm-l6-v2",), ("x",), None, "help-desk", catalog) == (
        ("all-minilm-l6-v2", "x"),
        "help-desk",
    )


def test_beside_own_data_every_name_is_a_model(catalog):
    own = OwnData("t.csv", "a", "b")
    assert understood(("help-desk",), (), own, None, catalog) == (("help-desk",), None)


def test_two_tasks_are_refused(catalog):
    with pytest.raises(UsageProblem, match="about one task"):
        understood(("help-desk",), (), None, "digits", catalog)
