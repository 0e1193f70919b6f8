"""The page of an evaluation: one file that asks nobody for anything, says all of it, and cannot be injected."""

import base64
import hashlib
import json
import re
from functools import cache
from xml.etree import ElementTree

import pytest

from evaluators.errors import IntegrityError
from evaluators.evidence import Evidence
from evaluators.report.example import Example
from evaluators.wording import title
from hub.decision import Decision
from hub.report_page import report_page
from tests import synthetic
from tests.approval import card, good_evidence, judged, record, with_difference, world
from tests.evaluators.report.test_candidates import WORLD, several, worse
from tests.html_reading import Page

HOSTILE = (
    "<img src=x onerror=alert(1)>\"'</script></style></title><script>alert(2)</script>$\\frac$]]>-->&lt;"
)
#: A model, a task, a title, a class, a reason, a set, a processor, what a rule protects.
WORDS = (
    "mini",
    "help-desk",
    "Help-Desk",
    "label 1",
    "the loss became NaN",
    "typos",
    "Synthetic",
    "It is a test.",
)
#: Every kind of outcome: a failed cell, a rule that lacks runs, a strategy that loses.
MIXED = {"majority": 0.25, "tfidf-logreg": 0.6, "from-scratch": 0.4, "linear-probe": 0.9, "lora": 0.5}


@cache
def mixed() -> tuple[Decision, Evidence]:
    found = synthetic.evidence(
        world(accuracy=MIXED, failed=frozenset({("lora", 2, 1)}), incumbent=("old", 0.8), runs=3, items=60)
    )
    return judged(evidence=found), found


@cache
def mixed_page() -> str:
    decision, found = mixed()
    return report_page([decision], found)


def replaced(value: object, words: dict[str, str]) -> object:
    """Return a JSON-able value with words replaced in all its texts; keys stay."""
    if isinstance(value, dict):
        return {key: replaced(each, words) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, words) for each in value]
    if isinstance(value, str):
        for old, new in words.items():
            value = value.replace(old, new)
    return value


@cache
def hostile_page() -> str:
    decision, found = mixed()
    words = {word: f"{word} {HOSTILE}" for word in WORDS}
    evil = Evidence.model_validate_json(json.dumps(replaced(found.model_dump(mode="json"), words)))
    judgement = replaced(decision.model_dump(mode="json", by_alias=True), words)
    about = {"findings_digest": evil.findings.digest}
    return report_page([Decision.model_validate_json(json.dumps({**judgement, **about}))], evil)


def test_the_verdict_comes_first_and_in_a_sentence():
    decision, _ = mixed()
    page = Page(mixed_page())
    body = page.named("body")[0].text
    assert page.named("h1")[0].text == f"? mini: {decision.verdict}"
    assert body.index(decision.sentence) < body.index("Rule by rule")


def test_sections_stand_in_the_order_in_which_they_are_asked_for():
    assert [row.text for row in Page(mixed_page()).named("h2")] == [
        "Rule by rule",
        "Every base with every strategy",
        "What labels buy",
        "Accuracy against cost",
        "Gaps and shift",
        "Calibration",
        "What it gets wrong",
        "Failed and skipped",
        "How it was decided",
        "Provenance and digests",
    ]


def test_every_rule_stands_there_with_both_sides_and_its_outcome_in_words():
    decision, _ = mixed()
    rows = [row.text for row in Page(mixed_page()).named("tr")]
    rules = [*decision.rules, *decision.tasks[0].rules]
    assert {rule.outcome for rule in rules} >= {"pass", "insufficient evidence"}
    for rule in rules:
        (row,) = [text for text in rows if text.startswith(rule.rule) and rule.required in text]
        assert rule.outcome in row
        assert rule.measured in row
        assert (rule.settles or "") in row


def test_every_arm_stands_in_the_table_with_its_base():
    _, found = mixed()
    tables = [table.text for table in Page(mixed_page()).named("table")]
    arms = {(cell.strategy, cell.candidate) for cell in found.findings.cells}
    assert len(arms) == 6
    scores = next(text for text in tables if "seconds a fit" in text and "8 labels a class" in text)
    for name, candidate in arms:
        base = {"": "the data alone", "old": "old (incumbent)"}.get(candidate, candidate)
        assert re.search(re.escape(title(name)) + "( recommended)?" + re.escape(base), scores)


def test_failures_digests_and_the_next_command_are_told():
    decision, found = mixed()
    text = Page(mixed_page()).named("main")[0].text
    assert "failed: 1 at 2 labels a class" in text
    assert "the loss became NaN at step 12" in text
    for digest in (found.findings.digest, found.observations.digest, found.findings.plan_digest):
        assert digest in text
    assert found.findings.tasks[0].digest in text
    assert decision.policy_digest in text
    assert "--final --until-decided --budget 1h" in text


def test_what_the_log_says_of_the_model_is_part_of_the_trail():
    decision, found = mixed()
    text = report_page([decision], found, [record(), record(model="other", reason="not about this one")])
    assert record().reason in Page(text).named("main")[0].text
    assert "not about this one" not in text


@pytest.mark.parametrize("page", [mixed_page, hostile_page], ids=["plain", "hostile"])
def test_a_page_asks_nobody_for_anything(page):
    read = Page(page())
    assert not read.named("link", "img", "iframe", "object", "embed", "base", "form")
    assert read.references
    for reference in read.references:
        assert reference.startswith(("#", "data:image/svg+xml;base64,")), reference
    (policy,) = [
        row.attributes["content"]
        for row in read.named("meta")
        if row.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")


@pytest.mark.parametrize("page", [mixed_page, hostile_page], ids=["plain", "hostile"])
def test_the_one_script_is_ours_and_the_only_one_that_may_run(page):
    read = Page(page())
    (script,) = read.named("script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in "".join(
        row.attributes.get("content", "") for row in read.named("meta")
    )
    assert not [name for row in read.elements for name in row.attributes if name.startswith("on")]


def test_words_of_documents_are_shown_and_never_become_markup():
    plain, evil = Page(mixed_page()), Page(hostile_page())
    assert [row.name for row in evil.named("section", "table", "script", "svg", "figure", "h1", "h2")] == [
        row.name for row in plain.named("section", "table", "script", "svg", "figure", "h1", "h2")
    ]
    for word in WORDS:
        assert f"{word} {HOSTILE}" in evil.named("main")[0].text
    assert f"mini {HOSTILE}" in evil.named("svg")[0].text
    assert "<img" not in hostile_page()


def test_a_restricted_task_shows_no_name_of_a_class():
    decision, found = mixed()
    assert "label 1, label 2" in mixed_page()
    tasks = tuple(task.model_copy(update={"sensitivity": "restricted"}) for task in found.findings.tasks)
    findings = found.findings.model_copy(update={"tasks": tasks})
    page = report_page(
        [decision.model_copy(update={"findings_digest": findings.digest})],
        found.model_copy(update={"findings": findings}),
    )
    assert "label 1, label 2" not in page
    assert "a restricted task" in page


def test_tables_can_be_sorted_and_are_whole_without_the_script():
    page = Page(mixed_page())
    tables = page.named("table")
    assert {table.attributes["class"] for table in tables} == {"sortable"}
    assert "table.sortable" in page.named("script")[0].text
    assert "aria-sort" in page.named("script")[0].text
    # A heading becomes a button by the script alone: without it nothing looks as if it could be pressed.
    assert not page.named("button")


def test_figures_can_be_saved_as_they_are():
    page = Page(mixed_page())
    links = [row for row in page.named("a") if "download" in row.attributes]
    assert [link.attributes["download"] for link in links] == [
        "sample-efficiency-1.svg",
        "comparisons-2.svg",
        "cost-1.svg",
        "shift-1.svg",
        "reliability-1.svg",
        "confusion-1.svg",
    ]
    assert len(page.named("svg")) == len(links)
    for link in links:
        svg = base64.b64decode(link.attributes["href"].partition("base64,")[2])
        root = ElementTree.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_ids_are_unique_and_every_reference_inside_has_its_target():
    page = Page(mixed_page())
    ids = [row.attributes["id"] for row in page.elements if "id" in row.attributes]
    assert len(ids) == len(set(ids))
    inside = {reference[1:] for reference in page.references if reference.startswith("#")}
    assert inside <= set(ids)


def test_equal_evidence_gives_equal_bytes():
    decision, found = mixed()
    again = Evidence.model_validate_json(found.model_dump_json())
    assert report_page([decision], again) == mixed_page()


def test_a_page_of_other_evidence_is_refused():
    with pytest.raises(IntegrityError, match="this evidence has"):
        report_page([judged()], with_difference("gain-over-best-baseline", 0.1, 0.2, 0.3))


def test_an_approval_says_so_with_a_mark_and_a_word():
    page = Page(report_page([judged()], good_evidence()))
    assert page.named("h1")[0].text == "✓ mini: approved"
    assert "Every cell of the plan was scored." in page.named("main")[0].text


def test_nothing_scored_gives_a_page_without_pictures():
    failed = frozenset((name, 0, 0) for name in MIXED)
    found = synthetic.evidence(world(accuracy=MIXED, failed=failed, runs=2, items=60))
    page = Page(report_page([judged(evidence=found)], found))
    assert not page.named("svg")
    assert "from scratch" in page.named("table")[2].text


def test_a_long_table_of_comparisons_waits_behind_its_title():
    long = {**MIXED, "lora": 0.97, "full-finetune": 0.88, "knn": 0.8, "mlp-head": 0.8}
    found = synthetic.evidence(world(accuracy=long, sizes=tuple(range(1, 11)), runs=3, items=60))
    page = Page(report_page([judged(evidence=found)], found))
    (table,) = [row for row in page.named("details") if "paired differences (test)" in row.text]
    assert table.text.count("gain over") > 40
    assert len(page.named("details")) == 3  # the table, its picture, and the names of the classes
    assert len(Page(mixed_page()).named("details")) == 1


def test_an_evaluation_of_several_models_is_one_page_with_a_verdict_each():
    found = several(WORLD, worse("midi"))
    decisions = [judged(evidence=found), judged(evidence=found, of=card(id="midi"))]
    page = Page(report_page(decisions, found))
    assert [row.text[2:].split(":")[0] for row in page.named("h1")] == ["mini", "midi"]
    assert page.named("title")[0].text == "mini, midi on help-desk"
    assert "Candidates on help-desk" in page.named("main")[0].text
    ids = [row.attributes["id"] for row in page.elements if "id" in row.attributes]
    assert len(ids) == len(set(ids))


def test_the_answer_stands_in_a_sentence_between_the_verdict_and_the_rules():
    body = Page(mixed_page()).named("main")[0].text
    (answer,) = [row.text for row in Page(mixed_page()).named("p") if row.attributes.get("class") == "answer"]
    assert answer.startswith("help-desk (validation): 32 labels: linear probe on mini")
    assert body.index("Decided ") < body.index(answer) < body.index("Rule by rule", body.index(answer))


def example(**changes):
    facts = {
        "task": "help-desk", "candidate": "mini", "set": "validation", "label": 1, "predicted": 2,
        "confidence": 0.83, "text": f"where is my mouse {HOSTILE}",
    }  # fmt: skip
    return Example(**{**facts, **changes})


def test_examples_are_shown_where_they_are_passed_and_stay_text():
    decision, found = mixed()
    page = Page(report_page([decision], found, examples=[example()]))
    (table,) = [row for row in page.named("table") if "where is my mouse" in row.text]
    assert table.text.endswith("label 1label 283.0")
    assert HOSTILE in table.text
    assert not page.named("img")
    assert "where is my mouse" not in mixed_page()


def test_an_image_is_part_of_the_page():
    decision, found = mixed()
    page = Page(report_page([decision], found, examples=[example(text="", picture=b"\x89PNG")]))
    (image,) = page.named("img")
    assert image.attributes["src"] == "data:image/png;base64,iVBORw=="
    assert image.attributes["alt"] == "an item of label 1"


def test_a_restricted_task_shows_no_example_even_if_one_is_passed():
    decision, found = mixed()
    tasks = tuple(task.model_copy(update={"sensitivity": "restricted"}) for task in found.findings.tasks)
    findings = found.findings.model_copy(update={"tasks": tasks})
    restricted = found.model_copy(update={"findings": findings})
    about = decision.model_copy(update={"findings_digest": findings.digest})
    text = Page(report_page([about], restricted, examples=[example()])).named("main")[0].text
    assert "where is my mouse" not in text
    assert "class 2" in text


def test_evidence_of_earlier_versions_has_a_page_without_what_it_lacks():
    decision, found = mixed()
    lacking = {"answers": (), "overtakings": (), "label_savings": (), "effective_robustness": ()}
    findings = found.findings.model_copy(update=lacking)
    about = decision.model_copy(update={"findings_digest": findings.digest})
    headings = [
        row.text
        for row in Page(report_page([about], found.model_copy(update={"findings": findings}))).named("h2")
    ]
    assert "What it gets wrong" not in headings
    assert "Calibration" in headings


def test_a_strategy_that_is_no_longer_on_the_ladder_leaves_the_page_whole_but_for_the_answer():
    decision, found = mixed()
    older = json.dumps(replaced(found.model_dump(mode="json"), {"lora": "lora-of-old"}))
    evidence = Evidence.model_validate_json(older)
    about = decision.model_copy(update={"findings_digest": evidence.findings.digest})
    page = Page(report_page([about], evidence))
    assert "lora-of-old" in page.named("main")[0].text
    assert not [row for row in page.named("p") if row.attributes.get("class") == "answer"]
