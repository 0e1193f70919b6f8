"""The log as this machine last read it: what it has seen can neither vanish nor become another record."""

import pytest

from evaluators.errors import IntegrityError
from hub.home import Home
from hub.log_cache import recall, remember
from hub.promotion_log import Entry
from tests import approval

ADDRESS = "https://mlflow.example.org"
FIRST, SECOND = approval.record(sequence=1), approval.record(sequence=2, reason="Another.")


@pytest.fixture
def home(tmp_path):
    place = Home(tmp_path / "home").ready()
    remember(place, ADDRESS, [Entry(1, FIRST), Entry(2, SECOND)], now="2026-11-21T10:00:00Z")
    return place


def test_what_was_read_is_recalled_for_its_registry_only(home):
    assert [entry.record for entry in recall(home, ADDRESS).entries] == [FIRST, SECOND]
    assert recall(home, "https://elsewhere.example.org").entries == ()


def test_a_log_that_grew_is_kept(home):
    third = approval.record(sequence=3)
    remember(home, ADDRESS, [Entry(1, FIRST), Entry(2, SECOND), Entry(3, third)], now="2026-11-22T10:00:00Z")
    assert recall(home, ADDRESS).read_at == "2026-11-22T10:00:00Z"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([Entry(1, FIRST)], "ends at 1, but this machine has seen record 2"),
        ([Entry(1, SECOND), Entry(2, SECOND)], "record 1 of the promotion log"),
        ([Entry(1, None), Entry(2, SECOND)], "record 1 of the promotion log"),
    ],
    ids=["its end is gone", "a record is another one", "a record cannot be read"],
)
def test_a_log_that_lost_what_was_seen_is_refused_and_not_kept(home, entries, said):
    with pytest.raises(IntegrityError, match=said):
        remember(home, ADDRESS, entries, now="2026-11-22T10:00:00Z")
    assert [entry.record for entry in recall(home, ADDRESS).entries] == [FIRST, SECOND]
