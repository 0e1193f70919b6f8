"""More runs are for what they can settle: an undecided gain, of a model that is not refused anyway."""

from evaluators.evidence import Estimate
from evaluators.looks import Looks
from hub.undecided import left_undecided, next_looks, open_questions
from tests.approval import good_evidence, judged, rule, with_comparisons, with_difference

GAIN = "gain-over-best-baseline"


OVER_ITEMS = {"crossed_low": -0.006, "crossed_high": 0.021}


def undecided(**changes):
    return with_difference(GAIN, -0.002, 0.008, 0.018, detectable=0.011, **{**OVER_ITEMS, **changes})


def asked(evidence, *rules):
    return open_questions([judged(*(rules or (rule(GAIN),)), evidence=evidence)], evidence)


def test_a_gain_inside_the_noise_is_an_open_question():
    (found,) = asked(undecided())
    assert (found.model, found.task, found.rule.rule) == ("mini", "help-desk", GAIN)


def test_what_is_decided_is_none():
    assert asked(good_evidence()) == ()


def test_a_model_that_is_refused_anyway_is_not_measured_longer():
    assert asked(undecided(), rule(GAIN), rule("licence", allow=("MIT",))) == ()
    failing = rule("generalization-gap", at_most=-1.0)
    assert asked(undecided(), rule(GAIN), failing) == ()


def test_a_personal_task_can_promote_nothing_and_is_measured_longer_all_the_same():
    evidence = undecided()
    tasks = tuple(row.model_copy(update={"promotable": False}) for row in evidence.findings.tasks)
    evidence = evidence.model_copy(update={"findings": evidence.findings.model_copy(update={"tasks": tasks})})
    assert len(asked(evidence, rule(GAIN), rule("promotable-task"))) == 1


def test_a_rule_that_only_advises_is_not_measured_longer():
    assert asked(undecided(), rule(GAIN, required=False)) == ()


def test_what_more_runs_do_not_decide_is_left():
    assert asked(good_evidence(), rule("final-scores"), rule("minimum-runs", at_least=5)) == ()
    assert len(asked(good_evidence(), rule("minimum-runs", at_least=9))) == 1


def test_where_all_runs_agree_more_of_them_add_nothing():
    assert asked(with_difference(GAIN, -0.002, 0.008, 0.018, detectable=0.0)) == ()


def test_where_the_items_are_what_is_lacking_more_runs_add_nothing():
    assert asked(undecided(crossed_low=-0.03, crossed_high=0.046)) == ()


def test_a_gain_that_items_leave_open_is_undecided_and_one_of_a_refused_model_is_not():
    open_by_items = undecided(crossed_low=-0.03, crossed_high=0.046)
    assert left_undecided([judged(rule(GAIN), evidence=open_by_items)])
    assert not left_undecided([judged(rule(GAIN), rule("licence", allow=("MIT",)), evidence=open_by_items)])
    assert not left_undecided([judged(rule(GAIN), evidence=good_evidence())])


def test_what_was_not_compared_is_not_settled_by_runs():
    gone = with_comparisons(lambda row: None if row.purpose == GAIN else row)
    assert asked(gone) == ()


def test_the_next_look_measures_the_recommended_strategy_and_its_floors_longer():
    evidence = undecided()
    looks = next_looks(Looks(), asked(evidence), evidence.findings)
    assert looks.look("help-desk") == 2
    assert looks.again["help-desk"].arms == {
        "": ("majority", "tfidf-logreg"),
        "mini": ("from-scratch", "linear-probe"),
    }
    assert next_looks(looks, asked(evidence), evidence.findings).look("help-desk") == 3


def test_no_look_is_taken_that_was_not_promised():
    evidence = undecided()
    looks = Looks(most=2)
    looks = next_looks(looks, asked(evidence), evidence.findings)
    assert next_looks(looks, asked(evidence), evidence.findings) is None


def test_where_nothing_is_open_there_is_no_next_look():
    assert next_looks(Looks(), (), good_evidence().findings) is None


def test_one_open_size_is_enough():
    def at_eight(row):
        seen = Estimate(value=0.008, low=-0.002, high=0.018, n=5)
        wide = row.purpose == GAIN and row.labels_per_class == 8
        return row.model_copy(update={"difference": seen, **OVER_ITEMS}) if wide else row

    assert len(asked(with_comparisons(at_eight))) == 1
