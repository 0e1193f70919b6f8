"""What `hub plan` says a design can show: differences, and where it can rank nothing, what would do."""

import pytest

from evaluators.cost.sight import sights
from evaluators.statistics.power import detectable_by_items, detectable_by_runs
from hub.cli.sight_facts import sight_facts
from tests.evaluators.toy_plans import toy_plan, toy_protocol


@pytest.fixture
def seen(tmp_path):
    """Return `seen(runs, per_label)`: the sight of a plan over so many texts of each of three colours."""

    def make(runs, per_label=12):
        plan, data = toy_plan(tmp_path, protocol=toy_protocol(runs=runs), per_label=per_label)
        (sight,) = sights(plan, data)
        return sight

    return make


def told(sight):
    return " ".join(" ".join(fact) for fact in sight_facts(sight))


def test_too_few_items_and_runs_rank_nothing_and_what_would_do_is_said(seen):
    sight = seen(2)
    assert sight.blind
    words = told(sight)
    assert "cannot tell strategies apart: a claim takes 5 paired runs, and there are 2" in words
    assert "what would do: 5 runs instead of 2, and 236 items of validation instead of" in words
    assert "add runs or items" not in words


def test_enough_runs_on_too_few_items_name_the_items_alone(seen):
    words = told(seen(5))
    assert "cannot tell strategies apart: less than " in words
    assert "is a tie, and they are taken to differ by 10 points at most" in words
    assert "what would do: 236 items of validation instead of" in words


def test_what_would_do_does(seen):
    sight = seen(5)
    assert (
        detectable_by_items(0.3, sight.items_needed) <= sight.spread < detectable_by_items(0.3, sight.items)
    )
    assert detectable_by_runs(0.02, sight.runs_needed) <= sight.spread
    enough = seen(5, per_label=600)
    assert enough.items >= enough.items_needed
    assert not enough.blind
    assert "cannot tell" not in told(enough)


def test_one_run_is_said_to_be_one(seen):
    assert "and there is 1" in told(seen(1))
