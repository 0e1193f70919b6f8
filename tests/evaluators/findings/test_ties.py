"""Tie groups in findings and on the page: nothing is ranked that was not separated."""

import json

from evaluators.evidence import Findings
from evaluators.report.table import result_table
from tests.synthetic import TEXT_LADDER, World, evidence, findings

EQUAL = World(items=100, accuracy=dict.fromkeys([name for name in TEXT_LADDER if name != "majority"], 0.8))


def group(found, size=8):
    (row,) = [row for row in found.tie_groups if row.labels_per_class == size]
    return row


def test_equal_strategies_on_a_hundred_items_are_all_tied():
    found = group(findings(EQUAL))
    assert len(found.tied) == len(EQUAL.accuracy) - 1
    assert found.worse == ()


def test_a_hundred_items_do_not_separate_what_thousands_do():
    few, many = (group(findings(World(items=items)), size=2) for items in (100, 4000))
    behind = {row.strategy for row in many.worse} - {row.strategy for row in few.worse}
    assert behind
    assert behind <= {few.best.strategy, *(row.strategy for row in few.tied)}


def test_what_is_far_behind_is_worse_and_every_arm_stands_once():
    found = group(findings(World(items=4000)), size=2)
    assert {"majority", "from-scratch", "tfidf-logreg"} <= {row.strategy for row in found.worse}
    assert {found.best.strategy, *(row.strategy for row in found.tied)} == {"linear-probe", "lora"}
    assert sorted(row.strategy for row in (found.best, *found.tied, *found.worse)) == sorted(TEXT_LADDER)


def test_one_run_ties_everything():
    assert group(findings(EQUAL.but(runs=1))).worse == ()


def test_report_says_in_words_who_is_tied():
    texts = [row[2] for row in result_table(evidence(EQUAL), "help-desk", "mini").rows]
    assert sum(text.endswith(", tied with the best") for text in texts) == len(texts) - 1
    assert sum(text.endswith(", highest of a tie") for text in texts) == 1


def test_findings_of_an_earlier_version_are_written_as_they_were_read():
    before = findings(EQUAL).model_dump(mode="json")
    del before["tie_groups"]
    assert Findings.model_validate_json(json.dumps(before)).model_dump(mode="json") == before
