"""What to use: the lightest that is as good as the best, said with its numbers; a floor where nothing beats it."""

import pytest

from evaluators.advice.choice import advise
from evaluators.advice.option_gap import gap, sufficient
from evaluators.advice.supply import Supply
from tests.evaluators.advice.options import option


def test_the_lightest_within_the_margin_is_chosen_and_the_heavier_one_is_named_with_its_price():
    advice = advise(
        [
            option("linear-probe", 0.912, seconds=0.5, encoding=0.5, machine="2 cores of an example"),
            option("lora", 0.92, seconds=30.0, machine="2 cores of an example"),
            option("tfidf-logreg", 0.6),
        ],
        margin=0.02,
    )
    assert advice.chosen.strategy == "linear-probe"
    assert advice.sentence == (
        "80 labels: linear probe on mini 91.2 [90.2, 92.2], 1.0 s on 2 cores of an example; LoRA +0.8 at 30x the "
        "cost: not shown to be worth it (2.0 points matter); TF-IDF + logistic regression 60.0 [59.0, 61.0]."
    )


def test_paired_runs_decide_what_means_would_not():
    # Means differ by 1.5 points, less than the margin; but the runs vary so much that nothing is shown.
    best = option("lora", 0.90, runs=(0.90, 0.90, 0.90, 0.90))
    luck = option("linear-probe", 0.885, runs=(0.985, 0.785, 0.985, 0.785))
    steady = option("linear-probe", 0.885, runs=(0.886, 0.884, 0.886, 0.884))
    assert advise([best, luck], margin=0.02).chosen.strategy == "lora"
    assert "not shown to be within the 2.0 points that matter" in advise([best, luck], margin=0.02).sentence
    assert advise([best, steady], margin=0.02).chosen.strategy == "linear-probe"


def test_runs_are_paired_by_what_they_drew_and_not_by_their_place():
    one = option("lora", 0.8, runs=(0.9, 0.7))
    other = option("linear-probe", 0.8, runs=(0.7, 0.9))
    turned = other.__class__(**{**other.__dict__, "runs": tuple(reversed(other.runs))})
    assert gap(one, other) == gap(one, turned)
    assert gap(one, other).value == pytest.approx(0.0)
    assert gap(one, other).low < -0.5


def test_runs_of_other_draws_are_not_paired():
    one, other = (
        option("lora", 0.90, runs=(0.9, 0.9)),
        option("linear-probe", 0.89, runs=(0.9, 0.88), drawn="mteb"),
    )
    assert gap(one, other).low is None
    assert sufficient(other, one, margin=0.02)


def test_what_a_fit_costs_without_encoding_is_compared_with_nothing():
    advice = advise(
        [option("linear-probe", 0.912, seconds=0.02), option("lora", 0.92, seconds=30.0)], margin=0.02
    )
    assert "91.2 [90.2, 92.2], under 0.1 s a fit" in advice.sentence
    assert "LoRA +0.8 in 30 s a fit: not shown to be worth it" in advice.sentence


PROBE_RUNS = (0.90, 0.91, 0.92, 0.93, 0.94)


def test_not_worth_it_is_only_said_where_the_interval_shows_it():
    probe = option("linear-probe", 0.92, seconds=1.0, machine="a laptop", runs=PROBE_RUNS)
    close = [
        score + gain for score, gain in zip(PROBE_RUNS, (0.004, 0.006, 0.005, 0.007, 0.003), strict=True)
    ]
    told = advise(
        [probe, option("lora", 0.925, seconds=30.0, machine="a laptop", runs=close)], margin=0.02
    ).sentence
    assert "LoRA +0.5 [0.3, 0.7] in 30 s a fit: not worth it (2.0 points matter)" in told
    wild = [score + gain for score, gain in zip(PROBE_RUNS, (0.05, -0.06, 0.05, -0.05, -0.005), strict=True)]
    told = advise(
        [probe, option("lora", 0.917, seconds=30.0, machine="a laptop", runs=wild)], margin=0.02
    ).sentence
    assert "in 30 s a fit: not shown to be worth it" in told


def test_a_heavier_one_that_costs_less_is_not_called_dear():
    lora = option("lora", 0.92, seconds=9.0, machine="a laptop", runs=PROBE_RUNS)
    # On average ahead by a little, and behind in a run: what is shown to be better for less would be chosen.
    full = option(
        "full-finetune",
        0.922,
        seconds=3.0,
        machine="a laptop",
        runs=[score + (0.004 if place else -0.004) for place, score in enumerate(PROBE_RUNS)],
    )
    told = advise([lora, full], margin=0.02).sentence
    assert "at 1/3 of the cost: heavier, and no better by what matters (2.0 points)" in told


def test_what_is_better_for_less_is_chosen_whatever_its_rung():
    lora = option("lora", 0.92, seconds=9.0, machine="a laptop", runs=PROBE_RUNS)
    full = option(
        "full-finetune",
        0.93,
        seconds=3.0,
        machine="a laptop",
        runs=[score + 0.01 + 0.001 * (score > 0.92) for score in PROBE_RUNS],
    )
    assert advise([lora, full], margin=0.02).chosen.strategy == "full-finetune"


def test_costs_on_two_machines_have_no_ratio():
    probe = option("linear-probe", 0.912, seconds=0.5, encoding=0.5, machine="a laptop")
    assert (
        "in 30 s a fit"
        in advise([probe, option("lora", 0.92, seconds=30.0, machine="a GPU")], margin=0.02).sentence
    )


def test_a_heavier_one_is_chosen_where_it_pays_and_the_lighter_one_is_named():
    advice = advise([option("linear-probe", 0.85), option("full-finetune", 0.92)], margin=0.02)
    assert advice.chosen.strategy == "full-finetune"
    assert "linear probe -7.0 in 1.0 s a fit: too little (2.0 points matter)" in advice.sentence


def test_of_two_frozen_strategies_that_are_as_good_the_cheaper_model_is_chosen():
    small = option("linear-probe", 0.90, candidate="small", parameters=1_000)
    advice = advise([option("linear-probe", 0.91), small], margin=0.02)
    assert advice.chosen.candidate == "small"
    assert "linear probe on mini +1.0" in advice.sentence


def test_what_failed_in_some_runs_is_not_chosen_while_something_else_ran():
    advice = advise([option("linear-probe", 0.80), option("lora", 0.95, failed=2)], margin=0.02)
    assert advice.chosen.strategy == "linear-probe"
    assert "LoRA" not in advice.sentence


def test_a_floor_that_nothing_beats_is_the_answer_but_only_where_a_trained_model_was_measured():
    frozen = [option("linear-probe", 0.80), option("tfidf-logreg", 0.85)]
    advice = advise(frozen, margin=0.02)
    assert advice.chosen.strategy == "tfidf-logreg"
    assert "no trained one was measured with as many labels" in advice.sentence
    advice = advise([*frozen, option("lora", 0.85)], margin=0.02)
    assert advice.chosen.strategy == "tfidf-logreg"
    assert "a base model is not shown to pay here" in advice.sentence


def test_two_sizes_say_what_more_labels_brought_and_forecast_nothing():
    advice = advise([option("knn", 0.7, size=4), option("knn", 0.8, size=8)], margin=0.02)
    assert "k nearest neighbours on mini with 80 labels instead of 40: +10.0" in advice.sentence
    assert [row.labels for row in advice.earlier] == [40]
    assert advice.more is None


def test_three_sizes_are_followed_to_twice_the_labels_and_called_extrapolated():
    curve = [
        option("linear-probe", value, size=size, runs=(value, value + 0.01))
        for size, value in ((2, 0.70), (4, 0.80), (8, 0.86))
    ]
    advice = advise(curve, margin=0.02)
    assert advice.more.more == 80
    assert "80 more labels: about +" in advice.sentence
    assert "extrapolated from 3 sizes" in advice.sentence


def test_a_heavier_one_that_did_not_lead_with_fewer_labels_is_quoted_from_there():
    options = [
        option("linear-probe", 0.9, size=32),
        option("linear-probe", 0.8),
        option("full-finetune", 0.81),
    ]
    advice = advise(options, margin=0.02)
    assert (advice.chosen.strategy, advice.undecided) == ("linear-probe", ())
    assert (
        "heavier ones were measured with 80 labels at most: full fine-tuning +1.0 there in 1.0 s a fit"
        in advice.sentence
    )


def test_a_heavier_one_that_is_ahead_even_with_fewer_labels_is_chosen():
    options = [
        option("linear-probe", 0.60, size=16),
        option("linear-probe", 0.50),
        option("full-finetune", 0.90),
    ]
    advice = advise(options, margin=0.02)
    assert (advice.chosen.strategy, advice.chosen.labels, advice.labels) == ("full-finetune", 80, 160)
    assert advice.sentence.startswith("80 labels: full fine-tuning on mini 90.0 [89.0, 91.0]")
    assert "linear probe has 60.0 [59.0, 61.0] even with 160 labels" in advice.sentence
    assert "linear probe -40.0 in 1.0 s a fit: too little (2.0 points matter)" in advice.sentence
    assert [(row.strategy, row.labels) for row in advice.options] == [
        ("full-finetune", 80),
        ("linear-probe", 160),
    ]


def test_of_two_that_are_ahead_with_fewer_labels_the_lightest_is_chosen():
    options = [
        option("linear-probe", 0.60, size=16),
        option("full-finetune", 0.90),
        option("lora", 0.895, size=4),
    ]
    assert advise(options, margin=0.02).chosen.strategy == "lora"


def test_where_the_light_one_caught_up_with_more_labels_it_is_chosen_and_called_undecided():
    options = [
        option("linear-probe", 0.89, size=16),
        option("linear-probe", 0.80),
        option("full-finetune", 0.90),
    ]
    advice = advise(options, margin=0.02)
    assert advice.chosen.labels == 160
    assert [row.strategy for row in advice.undecided] == ["full-finetune"]
    assert (
        "undecided with 160 labels: full fine-tuning led by +10.0 in 1.0 s a fit with 80, and was not measured"
        in advice.sentence
    )
    measured = advise([*options, option("full-finetune", 0.95, size=16)], margin=0.02)
    assert (measured.chosen.strategy, measured.undecided) == ("full-finetune", ())


def test_a_lead_inside_the_noise_of_paired_runs_neither_wins_nor_leaves_it_undecided():
    options = [
        option("linear-probe", 0.80, size=16, runs=(0.80, 0.80, 0.80, 0.80)),
        option("linear-probe", 0.78, runs=(0.78, 0.78, 0.78, 0.78)),
        option("full-finetune", 0.84, runs=(0.99, 0.69, 0.99, 0.69)),
    ]
    advice = advise(options, margin=0.02)
    assert (advice.chosen.strategy, advice.undecided) == ("linear-probe", ())


def test_a_floor_is_no_final_answer_where_a_heavier_one_led_with_fewer_labels():
    options = [
        option("tfidf-logreg", 0.85, size=16),
        option("linear-probe", 0.80, size=16),
        option("tfidf-logreg", 0.70),
        option("full-finetune", 0.84),
    ]
    advice = advise(options, margin=0.02)
    assert (advice.chosen.strategy, advice.undecided[0].strategy) == ("tfidf-logreg", "full-finetune")
    assert "does not pay here" not in advice.sentence


def test_what_failed_with_fewer_labels_is_not_counted():
    options = [option("linear-probe", 0.60, size=16), option("full-finetune", 0.90, failed=1)]
    assert advise(options, margin=0.02).chosen.strategy == "linear-probe"


def test_the_sentence_starts_from_the_labels_that_there_are_and_says_when_runs_are_alike():
    supply = Supply("Your 300 labels", train=180, scored=60, metric="accuracy")
    curve = [
        option("linear-probe", value, size=size, runs=(value, value + 0.01))
        for size, value in ((2, 0.70), (4, 0.80), (8, 0.86), (16, 0.90))
    ]
    told = advise(curve, margin=0.02, supply=supply).sentence
    assert told.startswith(
        "Your 300 labels: trained on 160 of them and scored on 60 others, linear probe on mini has accuracy 90.0 "
    )
    assert "[79.9, 95.3]" in told  # 54 of 60 right, not the half point by which these runs differ
    assert (
        "its runs share 89 % of their labels, so the interval is of these samples, not of other labels"
        in told
    )
    assert "trained on 320 instead: about +" in told
    assert "its runs share" not in advise(curve[:3], margin=0.02, supply=supply).sentence


@pytest.mark.parametrize(
    ("name", "start"),
    [
        (
            "knn",
            "Your 300 labels: given 160 of them and scored on 60 others, k nearest neighbours on mini has ",
        ),
        (
            "zero-shot",
            "Your 300 labels: scored on 60 of them, and reading none, zero-shot by label names on mini has ",
        ),
    ],
)
def test_the_sentence_says_trained_of_nothing_that_trains_nothing(name, start):
    supply = Supply("Your 300 labels", train=180, scored=60, metric="accuracy")
    curve = [
        option(name, value, size=size, runs=(value, value + 0.01))
        for size, value in ((2, 0.70), (4, 0.80), (8, 0.86), (16, 0.90))
    ]
    told = advise(curve, margin=0.02, supply=supply).sentence
    assert told.startswith(start)
    assert "trained" not in told
    # What reads no label gains nothing by more.
    assert ("given 320 instead: about +" in told) is (name == "knn")
    assert ("its runs share" in told) is (name == "knn")


def test_without_a_transfer_there_is_no_advice():
    assert advise([option("tfidf-logreg", 0.9)], margin=0.02) is None


def test_runs_on_the_same_labels_give_a_difference_without_an_interval():
    one, other = option("linear-probe", 0.9, runs=(0.9, 0.9)), option("tfidf-logreg", 0.6, runs=(0.6, 0.6))
    assert (gap(one, other).value, gap(one, other).low) == (pytest.approx(0.3), None)
