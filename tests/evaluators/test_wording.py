"""How numbers and names are written."""

import pytest

from evaluators import wording
from evaluators.evidence import Estimate
from evaluators.strategy import STRATEGIES, strategy


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("linear-probe", "linear probe"),
        ("lora", "LoRA"),
        ("tfidf-logreg", "TF-IDF + logistic regression"),
        ("knn", "k nearest neighbours"),
        ("from-scratch", "from scratch"),
        ("removed-long-ago", "removed-long-ago"),
    ],
)
def test_titles_inside_a_sentence(name, words):
    assert wording.title(name) == words


def test_no_number_is_minus_zero():
    assert [wording.percent(-0.0001), wording.signed(-0.0001), wording.signed(0.0)] == ["0.0", "0.0", "0.0"]


def test_intervals_stand_beside_their_numbers():
    estimate = Estimate(value=-0.098, low=-0.116, high=-0.08, n=5)
    assert wording.difference(estimate) == "-9.8 [-11.6, -8.0]"
    assert wording.loss(estimate) == "9.8 [8.0, 11.6]"
    assert wording.compact(estimate) == "-9.8 ±1.8"


def test_an_interval_of_a_share_ends_at_0_and_100_and_one_of_a_gap_does_not():
    estimate = Estimate(value=0.145, low=-0.079, high=1.02, n=3)
    assert wording.score(estimate) == "14.5 [0.0, 100.0]"
    assert wording.amount(estimate) == wording.difference(estimate).removeprefix("+") == "14.5 [-7.9, 102.0]"


def test_one_run_is_said_to_have_no_interval():
    assert wording.score(Estimate(value=0.5, n=1)) == "50.0 (one run, no interval)"
    assert wording.compact(Estimate(value=0.5, n=1)) == "50.0 (n=1)"


@pytest.mark.parametrize(
    ("number", "text"),
    [(940, "940"), (1_540, "1.5 k"), (380_000, "0.38 M"), (22_713_216, "22.7 M"), (7_000_000_000, "7.0 B")],
)
def test_parameters(number, text):
    assert wording.millions(number) == text


def test_ladder_position_is_lightest_first_and_puts_unknown_rows_last():
    names = ["removed-long-ago", *(row.id for row in reversed(STRATEGIES))]
    ordered = sorted(names, key=wording.ladder_position)
    assert ordered[0] == "majority"
    assert ordered[-1] == "removed-long-ago"
    rungs = [strategy(name).tier.rung for name in ordered[:-1]]
    assert rungs == sorted(rungs)
    freezes = [name for name in ordered if name.startswith("partial-freeze")]
    assert freezes == ["partial-freeze-last", "partial-freeze-quarter", "partial-freeze"]
    assert ordered.index("gradual-unfreezing") < ordered.index("full-finetune") < ordered.index("lp-ft")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lora", "trained on 300 labels"),
        ("removed-long-ago", "trained on 300 labels"),
        ("knn", "given 300 labels"),
        ("in-context-4", "given 300 labels"),
        ("majority", "given 300 labels"),
        ("in-context-0", "without any label"),
        ("zero-shot", "without any label"),
    ],
)
def test_what_trains_nothing_is_not_said_to_be_trained(name, words):
    assert wording.taught(name, "300 labels") == words


def test_a_row_that_trains_nothing_says_so_in_both_places():
    for row in STRATEGIES:
        assert row.trains.startswith("nothing") is (row.learns != "weights"), row.id
