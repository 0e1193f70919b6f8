"""What to use: the lightest that is as good as the best, said with its numbers; a floor where nothing beats it."""

import pytest

from evaluators.advice import Option, advise, options_of
from evaluators.evidence import Estimate
from evaluators.rule_of_thumb import contradiction, rule_of_thumb
from tests import synthetic
from tests.synthetic import World


def option(strategy, value, *, candidate="mini", size=8, seconds=1.0, parameters=22_000_000):
    floor = strategy in ("majority", "tfidf-logreg")
    estimate = Estimate(value=value, low=value - 0.01, high=value + 0.01, n=5)
    return Option(
        "" if floor else candidate, strategy, size, 10 * size, estimate, seconds, 0 if floor else parameters
    )


def test_the_lightest_within_the_margin_is_chosen_and_the_heavier_one_is_named_with_its_price():
    advice = advise(
        [option("linear-probe", 0.912), option("lora", 0.92, seconds=30.0), option("tfidf-logreg", 0.6)],
        margin=0.02,
    )
    assert advice.chosen.strategy == "linear-probe"
    assert advice.sentence == (
        "80 labels: linear probe on mini 91.2 [90.2, 92.2], 1.0 s a fit; LoRA on mini +0.8 at 30x the time: less than "
        "the 2.0 points that matter; TF-IDF + logistic regression 60.0 [59.0, 61.0]."
    )


def test_a_heavier_one_is_chosen_where_it_pays():
    advice = advise([option("linear-probe", 0.85), option("full-finetune", 0.92)], margin=0.02)
    assert advice.chosen.strategy == "full-finetune"


def test_of_equal_strategies_the_smaller_model_is_chosen():
    small = option("linear-probe", 0.90, candidate="small", parameters=1_000)
    assert advise([option("linear-probe", 0.91), small], margin=0.02).chosen.candidate == "small"


def test_a_floor_that_nothing_beats_is_the_answer():
    advice = advise([option("linear-probe", 0.80), option("tfidf-logreg", 0.85)], margin=0.02)
    assert advice.chosen.strategy == "tfidf-logreg"
    assert "a base model does not pay here" in advice.sentence


def test_what_more_labels_brought_is_said():
    advice = advise([option("knn", 0.7, size=4), option("knn", 0.8, size=8)], margin=0.02)
    assert "from 40 to 80 labels it gained +10.0" in advice.sentence
    assert [row.labels for row in advice.earlier] == [40]


def test_without_a_transfer_there_is_no_advice():
    assert advise([option("tfidf-logreg", 0.9)], margin=0.02) is None


def test_options_are_of_the_task_asked_for_and_its_validation_set():
    document = synthetic.evidence(World(sizes=(2, 4), runs=3))
    digest = document.findings.tasks[0].digest
    found = options_of([document, document], digest)
    assert {row.labels_per_class for row in found} == {2, 4}
    assert len(found) == len({(row.candidate, row.strategy, row.labels_per_class) for row in found})
    assert options_of([document], "0" * 64) == ()


@pytest.mark.parametrize(("labels", "close"), [(80, "linear-probe"), (20_000, "full-finetune")])
def test_the_rule_of_thumb_is_called_so(labels, close):
    rule = rule_of_thumb(labels)
    assert rule.close == close
    assert rule.sentence.startswith("Rule of thumb, not measured")


def test_measurements_that_contradict_the_rule_are_told():
    options = [option("linear-probe", 0.70), option("full-finetune", 0.80)]
    assert contradiction(rule_of_thumb(80), options, margin=0.02) == (
        "Measured here it is otherwise: full fine-tuning on mini is +10.0 points above linear probe on mini."
    )
    assert contradiction(rule_of_thumb(80), options, margin=0.2) is None
    assert contradiction(rule_of_thumb(20_000), options[:1], margin=0.02) is None
