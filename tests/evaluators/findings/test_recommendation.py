"""The lightest sufficient strategy, chosen on validation and never on the test."""

from tests.synthetic import World, findings

LADDER = {"majority": 0.25, "knn": 0.7, "linear-probe": 0.9, "lora": 0.904, "full-finetune": 0.87}


def recommended(**changes):
    rows = findings(World(**{"accuracy": LADDER, "sizes": (8,), **changes})).recommendations
    return rows[0] if rows else None


def test_lighter_strategy_within_the_margin_is_preferred():
    found = recommended(margin=0.02)
    assert (found.strategy, found.labels_per_class, found.chosen_on) == ("linear-probe", 8, "validation")
    assert "linear probe" in found.reason
    assert "is not worse than the best, LoRA" in found.reason
    assert "lower 90 % bound" in found.reason


def test_heavier_strategy_that_pays_for_itself_is_recommended():
    found = recommended(accuracy={**LADDER, "lora": 0.95}, margin=0.01)
    assert found.strategy == "lora"
    assert "lighter ones are not shown to be within 1.0 points" in found.reason


def test_equal_strategies_go_to_the_lighter_one():
    same = {"majority": 0.25, "linear-probe": 0.9, "full-finetune": 0.9}
    assert recommended(accuracy=same, shared=0.0, own=0.0, margin=0.01).strategy == "linear-probe"


def test_one_run_shows_no_equivalence():
    assert recommended(runs=1, margin=0.05, shared=0.0, own=0.0).strategy == "lora"


def test_test_scores_do_not_change_the_choice():
    upside_down = {"validation": 0.0, "test": 0.5}
    assert recommended(sets=upside_down, margin=0.02).strategy == "linear-probe"


def test_strategy_that_failed_in_some_runs_is_passed_over():
    found = recommended(failed=frozenset({("linear-probe", 8, 2)}), margin=0.02)
    assert found.strategy == "lora"


def test_protocol_without_validation_leaves_no_choice():
    parity = {"majority": 0.25, "linear-probe": 0.8}
    found = recommended(accuracy=parity, sizes=(8,), sets={"test": 0.0})
    assert (found.strategy, found.chosen_on) == ("linear-probe", "protocol")
    assert "the only transfer strategy measured" in found.reason


def test_only_baselines_give_no_recommendation():
    assert recommended(accuracy={"majority": 0.25, "from-scratch": 0.5}) is None
