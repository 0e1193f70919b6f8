"""How a gain is judged where its test is looked at more than once, and where all runs answer the same items."""

import pytest

from evaluators.looks import Looks, TaskLook
from tests.approval import with_difference
from tests.hub.gate_rules.test_comparison_rules import GAINS, outcome


def at_look(evidence, **changes):
    looks = Looks(again={"help-desk": TaskLook(look=2, arms={})}, **changes)
    return evidence.model_copy(update={"findings": evidence.findings.model_copy(update={"looks": looks})})


@pytest.mark.parametrize("kind", GAINS)
def test_one_look_of_several_is_judged_by_a_wider_interval(kind):
    seen = with_difference(kind, 0.001, 0.01, 0.019, detectable=0.011)
    assert outcome(kind, seen).outcome == "pass"
    found = outcome(kind, at_look(seen))
    # t of four degrees of freedom: 3.85 at 98.2 % for 2.78 at 95 %.
    assert found.outcome == "insufficient evidence"
    assert found.measured.startswith("+1.0 [-0.2, 2.2] points")
    assert found.required == "> 0.0 points at every size (98.2 % interval, look 2 of 4)"
    assert outcome(kind, at_look(with_difference(kind, 0.01, 0.02, 0.03))).outcome == "pass"


@pytest.mark.parametrize("kind", GAINS)
def test_a_look_does_not_refuse_what_only_one_look_would(kind):
    seen = with_difference(kind, -0.019, -0.01, -0.001)
    assert outcome(kind, seen).outcome == "fail"
    assert outcome(kind, at_look(seen)).outcome == "insufficient evidence"


def read_by(looks):
    evidence = with_difference(GAINS[1], 0.0005, 0.01, 0.0195, detectable=0.011)
    (read,) = evidence.observations.test_reads
    digest = next(row.digest for row in evidence.findings.candidates)
    reads = (read.model_copy(update={"looks": {digest: looks, "f" * 64: 9}}),)
    observed = evidence.observations.model_copy(update={"test_reads": reads})
    return evidence.model_copy(update={"observations": observed})


def test_every_earlier_look_of_this_model_at_the_test_widens_the_interval():
    once, again = outcome(GAINS[1], read_by(1)), outcome(GAINS[1], read_by(3))
    assert (once.outcome, once.required) == ("pass", "> 0.0 points at every size (95 % interval)")
    assert again.outcome == "insufficient evidence"
    assert again.required == "> 0.0 points at every size (97.8 % interval, 3 looks at this test)"
    # A sequence that promised four looks has paid for three already.
    assert outcome(GAINS[1], at_look(read_by(3))).required.endswith("(98.2 % interval, look 2 of 4)")
    assert outcome(GAINS[1], at_look(read_by(6))).required.endswith("(98.6 % interval, 6 looks at this test)")


@pytest.mark.parametrize("kind", GAINS)
def test_a_gain_that_all_runs_show_may_be_one_of_these_items_alone(kind):
    # knn against pixels on the digits: 20 runs agree, and 269 items do not carry it.
    seen = with_difference(
        kind, 0.007, 0.013, 0.018, detectable=0.006, crossed_low=-0.011, crossed_high=0.037
    )
    found = outcome(kind, seen)
    assert found.outcome == "insufficient evidence"
    assert "; +1.3 [-1.1, 3.7] over runs and items together" in found.measured
    assert found.settles.endswith("more runs on the same items add nothing")
    assert found.settles.startswith("about 1,")
    wide = with_difference(kind, 0.007, 0.013, 0.018, detectable=0.006, crossed_low=0.001, crossed_high=0.03)
    assert outcome(kind, wide).outcome == "pass"
    assert outcome(kind, at_look(wide)).outcome == "insufficient evidence"
