"""Which models are meant: by what they read, may be used for, and weigh."""

import pytest

from evaluators.errors import UsageProblem
from hub.card import Licence
from hub.selection import Selection, parse_count
from tests import approval


def licensed(use):
    return approval.card(licence=Licence(spdx="Apache-2.0", use=use, source="https://example.org"))


@pytest.mark.parametrize(
    ("text", "number"),
    [("100M", 100_000_000), ("1.5b", 1_500_000_000), ("400k", 400_000), ("22,713,216", 22_713_216)],
)
def test_numbers_are_read_as_people_write_them(text, number):
    assert parse_count(text) == number


@pytest.mark.parametrize("text", ["", "many", "-3", "1e6", "10MB"])
def test_what_is_no_number_is_told(text):
    with pytest.raises(UsageProblem, match="no number of parameters"):
        parse_count(text)


@pytest.mark.parametrize(
    ("wanted", "use", "fits"),
    [
        ("commercial", "any", True),
        ("commercial", "commercial-with-conditions", True),
        ("commercial", "non-commercial", False),
        ("any", "commercial-with-conditions", False),
        ("research", "research-only", True),
    ],
)
def test_a_licence_must_allow_the_use(wanted, use, fits):
    assert Selection(use=wanted).fits(licensed(use), None) is fits


def test_a_model_of_unknown_size_is_not_said_to_be_small_enough():
    card = approval.card(parameters=None)
    assert not Selection(max_parameters=10**12).fits(card, None)
    parameters = approval.lock().structure.parameters
    assert Selection(max_parameters=parameters).fits(card, approval.lock())
    assert not Selection(max_parameters=parameters - 1).fits(card, approval.lock())


def test_a_model_must_read_what_the_task_is_about():
    card = approval.card()
    assert Selection(modality=card.modality).fits(card, None)
    assert not Selection(modality="image").fits(card, None)
