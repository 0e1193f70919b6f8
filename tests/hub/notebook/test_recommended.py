"""A recommendation in a notebook, also where nothing could be measured."""

from evaluators.advice.choice import advise
from evaluators.advice.rule_of_thumb import Elsewhere, rule_of_thumb
from hub.first_guess import FirstGuess
from hub.notebook.recommended import Recommendation
from hub.recommended import Recommended, Unmeasured
from tests.evaluators.advice.options import option

AGAINST = Elsewhere("help-desk", 80, "LoRA on mini is +3.0 points above linear probe on mini")
AGREES = Elsewhere("routes", 80, None)


def test_a_guess_shows_its_rule_and_why_nothing_was_measured():
    shown = Recommendation(FirstGuess("too few samples", rule_of_thumb(2), (AGAINST, AGREES)))
    assert (shown.model, shown.strategy, shown.records) == (None, None, [])
    assert shown.page.lead.startswith("Rule of thumb, not measured: with 2 labels (few)")
    assert "On help-desk (80 labels) our evidence says otherwise" in shown.page.lead
    assert shown.page.notes == ("no answer from measurements: too few samples",)


def test_what_speaks_against_the_rule_stands_below_what_was_measured():
    advice = advise([option("linear-probe", 0.9, seconds=0.5, encoding=0.5, machine="a laptop")], margin=0.02)
    missing = Unmeasured(("mini",), ("lora",), "not measured yet")
    answer = Recommended(advice, rule_of_thumb(80), None, (AGAINST, AGREES), missing)
    page = Recommendation(answer).page
    assert "1.0 s on a laptop" in page.lead
    assert "our evidence says otherwise" in page.notes[0]
    assert "agrees" not in page.notes[0]
    assert page.tables[0].rows[0][4] == "1.0 s"
    assert "hub.evaluate('mini', ..., protocol='screen', strategies=['lora'])" in page.notes[1]
    assert answer.value["measured"] is True
    assert answer.value["elsewhere"] == [AGAINST.value, AGREES.value]
