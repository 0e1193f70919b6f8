"""A cap on latency is held against what was timed, on the machine that timed it, and never against nothing."""

from evaluators.serving_evidence import Serving
from tests.approval import good_evidence, judged, result, rule, with_observations


def answering(**changes):
    place = next(iter(good_evidence().observations.environments))
    values = {
        "task": "help-desk", "candidate": "mini", "strategy": "linear-probe", "labels_per_class": 8, "calls": 200,
        "p50": 0.008, "p95": 0.012, "p99": 0.02, "trained_bytes": 5000, "base_bytes": 90_000_000, "environment": place,
    }  # fmt: skip
    return with_observations(serving=(Serving.model_validate({**values, **changes}),))


def outcome(evidence=None, **fields):
    return result(judged(rule("latency-cap", **fields), evidence=evidence), "latency-cap")


def test_what_answers_in_time_passes_and_says_where():
    found = outcome(answering(), at_most=12.0)
    assert (found.outcome, found.required) == ("pass", "p95 of one input at most 12 ms")
    assert found.measured == "p95 12 ms of 200 calls, linear probe on 2 cores of Synthetic"


def test_what_answers_too_slowly_fails():
    assert outcome(answering(), at_most=11.9).outcome == "fail"


def test_what_was_not_timed_is_undecided_and_says_how_to_time_it():
    for evidence in (None, answering(strategy="lora"), answering(candidate="other")):
        found = outcome(evidence, at_most=12.0)
        assert found.outcome == "insufficient evidence"
        assert "--results NEW" in found.settles


def test_too_few_calls_pass_nothing_and_fail_what_is_too_slow_already():
    few = answering(calls=7, p95=None, p99=None)
    assert outcome(few, at_most=12.0).outcome == "insufficient evidence"
    assert outcome(few, at_most=7.0).outcome == "fail"


def test_a_rule_without_a_bound_passes_nothing():
    assert outcome(answering()).outcome == "insufficient evidence"
