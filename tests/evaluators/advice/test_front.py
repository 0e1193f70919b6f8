"""The Pareto set and the reasons: what noise cannot tell apart is not dominated, and nothing is dropped unsaid."""

import random
from dataclasses import replace

from evaluators.advice.choice import advise
from evaluators.advice.front import exclusions, pareto
from evaluators.advice.limits import Limits, unknown, within
from evaluators.advice.supply import Supply
from tests.evaluators.advice.options import option

RUNS = (0.80, 0.81, 0.79, 0.80, 0.82)


def _up(by, noise=0.002):
    return tuple(value + by + (noise if i % 2 else -noise) for i, value in enumerate(RUNS))


def _probe(**more):
    return option("linear-probe", 0.804, runs=RUNS, machine="m", encoding=1.0, **more)


def test_an_option_that_costs_more_and_is_shown_worse_is_dominated():
    heavy = option("full-finetune", 0.75, runs=_up(-0.05), seconds=60.0, machine="m")
    assert pareto([_probe(), heavy]) == (_probe(),)


def test_one_that_noise_cannot_tell_from_a_cheaper_one_stands_in_the_set():
    heavy = option("full-finetune", 0.80, runs=_up(-0.002, noise=0.05), seconds=60.0, machine="m")
    assert pareto([_probe(), heavy]) == (_probe(), heavy)


def test_a_better_one_that_costs_more_dominates_nothing():
    heavy = option("full-finetune", 0.90, runs=_up(0.1), seconds=60.0, machine="m")
    assert len(pareto([_probe(), heavy])) == 2


def test_by_time_a_network_that_trains_faster_dominates_whatever_its_rung():
    quick = option("full-finetune", 0.90, runs=_up(0.1), seconds=0.1, machine="m")
    assert pareto([_probe(), quick]) == (quick,)


def test_every_option_that_is_not_the_answer_has_its_reason():
    worse = option("lora", 0.70, runs=_up(-0.1, noise=0.004), seconds=30.0, machine="m")
    equal = option("full-finetune", 0.81, runs=_up(0.003, noise=0.005), seconds=60.0, machine="m")
    floor = option("tfidf-logreg", 0.75, runs=_up(-0.05, noise=0.003), seconds=0.1, machine="m")
    broken = replace(option("partial-freeze", 0.9, runs=RUNS, machine="m"), failed=2)
    advice = advise([_probe(), worse, equal, floor, broken], margin=0.02)
    assert advice.chosen.strategy == "linear-probe"
    reasons = {row.strategy: row.reason for row in exclusions(advice)}
    assert reasons.keys() == {"lora", "full-finetune", "tfidf-logreg", "partial-freeze"}
    assert reasons["lora"].startswith("negative transfer: -5.0 [")
    assert reasons["full-finetune"].startswith("heavier, but not shown better by the margin of 2.0: +")
    assert reasons["tfidf-logreg"].startswith("lighter, but too far below: -")
    assert reasons["partial-freeze"] == "2 runs of it failed"


def test_dominated_names_what_dominates():
    other = option("knn", 0.70, runs=_up(-0.1), seconds=5.0, machine="m", encoding=1.0)
    advice = advise([_probe(), other], margin=0.01)
    assert exclusions(advice)[0].reason.startswith("dominated by linear probe on mini: -10.0 [")


def test_limits_exclude_with_their_reason():
    small = _probe(size=8)
    big = _probe(size=64)
    slow = option("full-finetune", 0.9, size=8, seconds=7200.0, machine="m")
    late = option("lora", 0.9, size=64, seconds=1.0, machine="m")
    kept, out = within([small, big, slow, late], Limits(labels=100, budget=600.0))
    assert kept == (small,)
    assert {row.strategy: row.reason for row in out} == {
        "full-finetune": "over the budget: takes 2.0 h with 80 labels",
        "lora": "too few labels: measured with 640 at least",
    }


def test_what_answers_too_slowly_is_excluded_and_what_nobody_timed_is_spared():
    quick = replace(_probe(), latency=0.019, served_on="2 cores")
    slow = replace(option("lora", 0.9, runs=RUNS), latency=0.0213, served_on="2 cores")
    untimed = option("full-finetune", 0.9, runs=RUNS)
    kept, out = within([quick, slow, untimed], Limits(latency=0.02))
    assert kept == (quick, untimed)
    assert [row.reason for row in out] == ["over the latency: p95 21.3 ms for one input on 2 cores"]


def test_what_the_limits_ask_and_nobody_measured_is_said():
    untimed = option("linear-probe", 0.8, seconds=0.0)
    said = unknown([untimed], Limits(labels=400, budget=60.0, latency=0.02))
    assert said[0] == "nothing was measured with more than 80 of 400 labels"
    assert "the cost of 1 measurement is not known" in said[1]
    assert said[2].startswith(
        "how long an answer takes was not timed of linear probe on mini, so its limit spares"
    )
    assert "--results NEW" in said[2]
    timed = replace(untimed, latency=0.5)
    assert not [text for text in unknown([timed], Limits(latency=0.02)) if "answer" in text]
    assert unknown([untimed], Limits()) == ()


def test_the_answer_is_never_one_that_its_own_set_dominates():
    names = ("linear-probe", "knn", "lora", "partial-freeze", "full-finetune", "tfidf-logreg", "from-scratch")
    for seed in range(300):
        generator = random.Random(seed)
        options = [
            option(
                name,
                generator.uniform(0.7, 0.9),
                runs=_up(generator.uniform(-0.05, 0.05), noise=generator.uniform(0.0, 0.01)),
                seconds=generator.uniform(0.1, 60.0),
                encoding=generator.uniform(0.0, 5.0),
                machine="m",
            )
            for name in generator.sample(names, generator.randint(2, len(names)))
        ]
        options = [
            replace(row, estimate=row.estimate.model_copy(update={"value": sum(v for _, v in row.runs) / 5}))
            for row in options
        ]
        advice = advise(options, margin=generator.choice([0.005, 0.02, 0.05]), or_floor=True)
        assert advice.chosen in pareto(advice.peers), seed


def test_within_limits_that_no_base_model_keeps_a_floor_is_the_answer():
    floors = [option("tfidf-logreg", 0.7), option("majority", 0.1)]
    assert advise(floors, margin=0.02) is None
    advice = advise(floors, margin=0.02, or_floor=True)
    assert advice.chosen.strategy == "tfidf-logreg"
    assert "no base model is within the limits" in advice.sentence
    assert advise([], margin=0.02, or_floor=True) is None


def test_where_draws_are_alike_a_reason_says_that_it_is_of_this_pool():
    heavy = option("full-finetune", 0.75, runs=_up(-0.05), seconds=60.0, machine="m")
    alike = Supply("Your 120 labels", 82, 38, "accuracy")
    (reason,) = exclusions(advise([_probe(), heavy], margin=0.02, supply=alike))
    assert reason.reason.startswith("dominated by")
    assert reason.reason.endswith("(draws share 98 % of their labels: of this pool alone)")
