"""The rule of thumb: called so, narrowed where the domain's distance is known, contradicted by what was measured."""

import pytest

from evaluators.advice.domain_distance import DomainDistance, domain_distance
from evaluators.advice.rule_of_thumb import contradiction, elsewhere, rule_of_thumb
from tests import synthetic
from tests.evaluators.advice.options import option
from tests.synthetic import World

CLOSE, FAR = DomainDistance("close", "because"), DomainDistance("far", "because")


@pytest.mark.parametrize(("labels", "close"), [(80, "linear-probe"), (20_000, "full-finetune")])
def test_the_rule_of_thumb_is_called_so(labels, close):
    rule = rule_of_thumb(labels)
    assert rule.close == close
    assert rule.sentence.startswith("Rule of thumb, not measured")


def test_without_the_distance_both_answers_are_given():
    rule = rule_of_thumb(80)
    assert rule.strategies == ("linear-probe", "lora")
    assert rule.sentence.endswith("How far yours is, is not known.")
    assert rule_of_thumb(20_000).sentence.endswith("whether the domain is close to the model's or far.")


@pytest.mark.parametrize(
    ("distance", "named", "said"),
    [
        (CLOSE, "linear-probe", "a domain close to the model's (because): linear probe."),
        (FAR, "lora", "a domain far from the model's (because): LoRA."),
    ],
)
def test_with_the_distance_one_answer_is_given(distance, named, said):
    rule = rule_of_thumb(80, distance)
    assert rule.strategies == (named,)
    assert rule.sentence.endswith(said)


@pytest.mark.parametrize(
    ("probe", "floor", "distance"),
    [
        ((0.90, 0.91, 0.89), (0.60, 0.61, 0.62), "close"),
        ((0.60, 0.61, 0.62), (0.90, 0.91, 0.89), "far"),
        ((0.90, 0.70, 0.80), (0.75, 0.78, 0.76), None),
    ],
)
def test_features_that_beat_the_data_alone_are_close_and_noise_says_nothing(probe, floor, distance):
    rows = [
        option("linear-probe", sum(probe) / 3, runs=probe),
        option("tfidf-logreg", sum(floor) / 3, runs=floor),
    ]
    found = domain_distance(rows, margin=0.02)
    assert (found.distance if found else None) == distance


def test_without_a_floor_the_distance_is_not_known():
    assert domain_distance([option("linear-probe", 0.9)], margin=0.02) is None
    assert domain_distance([option("lora", 0.9), option("tfidf-logreg", 0.5)], margin=0.02) is None


def test_measurements_that_contradict_the_rule_are_told():
    options = [option("linear-probe", 0.70), option("full-finetune", 0.80)]
    assert contradiction(rule_of_thumb(80), options, margin=0.02) == (
        "Measured here it is otherwise: full fine-tuning on mini is +10.0 points above linear probe on mini."
    )
    assert contradiction(rule_of_thumb(80), options, margin=0.2) is None
    assert contradiction(rule_of_thumb(20_000), options[:1], margin=0.02) is None


def test_a_difference_within_the_noise_contradicts_nothing():
    options = [
        option("linear-probe", 0.70, runs=(0.5, 0.9, 0.7)),
        option("full-finetune", 0.80, runs=(0.9, 0.7, 0.8)),
    ]
    assert contradiction(rule_of_thumb(80), options, margin=0.02) is None


def test_a_lighter_strategy_that_is_as_good_contradicts_a_heavy_rule():
    options = [
        option("linear-probe", 0.905, runs=(0.90, 0.91, 0.905)),
        option("full-finetune", 0.905, runs=(0.905, 0.91, 0.90)),
    ]
    told = contradiction(rule_of_thumb(20_000), options, margin=0.02)
    assert "linear probe on mini is lighter and as good as full fine-tuning, to within the margin" in told


def world(task, **accuracy):
    ladder = {name.replace("_", "-"): value for name, value in accuracy.items()}
    return synthetic.evidence(
        World(task=task, accuracy={"tfidf-logreg": 0.4, **ladder}, sizes=(2, 8), runs=5)
    )


def tasks_of(*documents):
    return [facts.digest for document in documents for facts in document.findings.tasks]


def test_evidence_about_other_tasks_is_asked_at_the_nearest_size():
    agrees = world("agrees", linear_probe=0.90, full_finetune=0.85)
    differs = world("differs", linear_probe=0.70, full_finetune=0.85)
    found = elsewhere(rule_of_thumb(40), [agrees, differs], about=tasks_of(agrees, differs))
    assert [(row.task, row.labels, row.against is None) for row in found] == [
        ("differs", 32, False),
        ("agrees", 32, True),
    ]
    assert found[0].sentence.startswith(
        "On differs (32 labels) our evidence says otherwise: full fine-tuning on mini"
    )
    assert found[1].sentence == "On agrees (32 labels) our evidence agrees with the rule."
    assert {row.labels for row in elsewhere(rule_of_thumb(8), [agrees], about=tasks_of(agrees))} == {8}


def test_the_task_asked_about_personal_and_restricted_tasks_are_no_other_tasks():
    document = world("differs", linear_probe=0.70, full_finetune=0.85)
    rule, facts = rule_of_thumb(40), document.findings.tasks[0]
    assert elsewhere(rule, [document], about=()) == ()
    for change in ({"promotable": False}, {"sensitivity": "restricted"}):
        changed = document.findings.model_copy(update={"tasks": (facts.model_copy(update=change),)})
        assert (
            elsewhere(rule, [document.model_copy(update={"findings": changed})], about=[facts.digest]) == ()
        )


def test_few_labels_elsewhere_say_nothing_of_many_here():
    differs = world("differs", linear_probe=0.7, full_finetune=0.85)
    assert elsewhere(rule_of_thumb(20_000), [differs], about=tasks_of(differs)) == ()
