"""What has to be known beside a verdict: contamination, advice that is not met, draws that overlap; in short."""

from hub.card import Contamination
from hub.report import decision_report
from hub.report_page import report_page
from hub.verdict_caveats import verdict_caveats
from tests import synthetic
from tests.approval import card, good_evidence, judged, rule, world
from tests.html_reading import Page

SEEN = "Its recipe was tuned on it."


def contaminated(reason=SEEN):
    return judged(of=card(contamination=(Contamination(task="help-desk", reason=reason),)))


def advised(**changes):
    """Return a decision whose advice about the gap has this bound."""
    return judged(rule("generalization-gap", required=False, **changes))


def test_a_verdict_on_which_there_is_nothing_to_say_has_none():
    assert verdict_caveats(judged(), good_evidence().findings) == ()


def test_known_contamination_is_one():
    assert verdict_caveats(contaminated()) == (f"Known contamination: {SEEN} (help-desk)",)


def test_a_long_reason_is_cut():
    (text,) = verdict_caveats(contaminated("It saw them. " * 100))
    assert len(text) < 200
    assert "\u2026" in text


def test_advice_that_is_not_met_is_one_and_what_is_met_is_none():
    assert verdict_caveats(advised(at_most=0.9)) == ()
    (text,) = verdict_caveats(advised(at_most=-0.9))
    assert text.startswith("The advice generalization-gap on help-desk is not met: ")


def test_draws_that_take_most_of_the_pool_are_one():
    found = synthetic.evidence(world(sizes=(2, 150), runs=3))
    (text,) = verdict_caveats(judged(rule("final-scores"), evidence=found), found.findings)
    assert text.startswith("What is said of help-desk is conditional on this pool: a draw takes ")


def test_they_stand_between_the_sentence_and_the_rules_on_the_page_and_in_the_report():
    decision = contaminated()
    page = Page(report_page([decision], good_evidence())).named("main")[0].text
    for text in (page, decision_report(decision, good_evidence())):
        place = text.index(f"Known contamination: {SEEN}")
        assert text.index(decision.sentence) < place < text.index("identity")
