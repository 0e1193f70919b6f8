"""What a star means: the lightest sufficient strategy, or of the transfers alone where a floor scores higher."""

from functools import cache

from evaluators.report.html_scores import scores_section
from evaluators.report.markdown import evidence_markdown
from evaluators.report.starred import ahead_sentence, floor_ahead, starred_words
from tests.synthetic import World, evidence

#: From scratch is ahead of every transfer.
BEHIND = {"majority": 0.25, "tfidf-logreg": 0.6, "from-scratch": 0.95, "linear-probe": 0.8}


@cache
def found(*, behind):
    return evidence(World(runs=3, items=60, accuracy=BEHIND) if behind else World(runs=3, items=60))


def test_what_no_floor_is_ahead_of_is_the_lightest_sufficient():
    findings = found(behind=False).findings
    assert starred_words(findings) == "the lightest sufficient strategy, chosen on validation"
    assert {ahead_sentence(findings, row) for row in findings.recommendations} == {""}


def test_a_floor_that_is_ahead_is_named():
    findings = found(behind=True).findings
    (row,) = findings.recommendations
    assert (row.strategy, floor_ahead(findings, row)) == ("linear-probe", "from-scratch")
    assert starred_words(findings) == (
        "the lightest of the transfers, chosen on validation: from scratch scores higher on help-desk"
    )


def test_the_pages_say_it_too():
    words = "It is the lightest of the transfers; from scratch scores higher."
    assert words in evidence_markdown(found(behind=True))
    assert words in "".join(scores_section(found(behind=True)).parts)
    assert words not in evidence_markdown(found(behind=False))
