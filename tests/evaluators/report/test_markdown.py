"""Tables and pages: lightest first, failures shown, words of documents never become markup."""

import pytest

from evaluators.report.comparison_table import transfer_table
from evaluators.report.markdown import evidence_markdown, plain
from evaluators.report.table import failures, result_table
from tests.synthetic import World, evidence

SMALL = World(items=60, runs=3)


def test_strategies_stand_lightest_first_and_the_recommended_one_is_marked():
    rows = result_table(evidence(SMALL), "help-desk", "mini").rows
    assert [row[0].removesuffix(" *") for row in rows] == [
        "majority class",
        "TF-IDF + logistic regression",
        "from scratch",
        "k nearest neighbours",
        "linear probe",
        "LoRA",
        "full fine-tuning",
    ]
    assert sum(row[0].endswith(" *") for row in rows) == 1


def test_every_row_has_as_many_texts_as_there_are_columns():
    found = evidence(SMALL.but(failed=frozenset({("lora", 0, 1)}), sizes=(1, 2, 4, 8, 16)))
    for narrow in (True, False):
        table = result_table(found, "help-desk", "mini", narrow=narrow)
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_narrow_table_fits_eighty_columns():
    table = result_table(evidence(SMALL.but(sizes=(1, 2, 4, 8, 16))), "help-desk", "mini", narrow=True)
    widths = [
        max(len(row[index]) for row in (table.columns, *table.rows)) for index in range(len(table.columns))
    ]
    assert sum(widths) + 2 * len(widths) <= 80


def test_failed_runs_are_shown_beside_the_score():
    found = evidence(SMALL.but(failed=frozenset({("lora", 8, 1), ("knn", 8, 0)})))
    rows = {row[0].removesuffix(" *"): row for row in result_table(found, "help-desk", "mini").rows}
    assert rows["LoRA"][2].endswith(" !1")
    assert rows["k nearest neighbours"][2] == "failed"
    assert (
        "help-desk",
        "mini",
        "LoRA",
        "failed: 1 at 8 labels a class",
        "the loss became NaN at step 12",
    ) in failures(found.findings).rows


def test_negative_transfer_is_named_where_it_is_beyond_noise():
    found = evidence(SMALL.but(accuracy={"majority": 0.2, "tfidf-logreg": 0.9, "linear-probe": 0.5}))
    (row,) = transfer_table(found.findings, "help-desk", "mini").rows
    assert row[:2] == ("linear probe", "TF-IDF + logistic regression")
    assert all(text.endswith(": negative transfer") for text in row[2:])


def test_transfer_is_shown_against_every_floor_and_is_unclear_where_the_interval_straddles_zero():
    ladder = {"majority": 0.2, "tfidf-logreg": 0.9, "from-scratch": 0.7, "linear-probe": 0.9}
    rows = transfer_table(evidence(SMALL.but(accuracy=ladder)).findings, "help-desk", "mini").rows
    over = {row[1]: row[2:] for row in rows}
    assert set(over) == {"TF-IDF + logistic regression", "from scratch"}
    assert all(text.endswith("]") for text in over["from scratch"])
    assert all(text.endswith(": unclear") for text in over["TF-IDF + logistic regression"])


def test_page_says_first_whether_the_locked_test_was_opened():
    assert "The locked test was opened." in evidence_markdown(evidence(SMALL))
    assert "was **not** opened" in evidence_markdown(evidence(SMALL.but(sets={"validation": 0.0})))


def test_page_carries_digests_runs_and_test_reads():
    found = evidence(SMALL)
    page = evidence_markdown(found)
    assert found.findings.tasks[0].digest in page
    assert "3 paired runs" in page
    assert "read by 42 cells now, by 42 distinct cells ever" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("ask @ada today", "ask `@ada` today"),
        ("ada@example.org", "ada@example.org"),
        ("[x](http://example.org)", r"[x\](http://example.org)"),
        ("91.2 [90.1, 92.3]", "91.2 [90.1, 92.3]"),
        ("two\nlines", "two lines"),
    ],
)
def test_words_of_documents_are_text(text, shown):
    assert plain(text) == shown


def test_what_could_not_be_fitted_as_planned_is_told():
    found = evidence(SMALL)
    remedy = "trained again in float32: in bfloat16 the loss became NaN at step 3"
    costs = tuple(
        row.model_copy(update={"remedies": (remedy,)}) if row.strategy == "lora" else row
        for row in found.observations.costs
    )
    changed = found.model_copy(
        update={"observations": found.observations.model_copy(update={"costs": costs})}
    )
    number = sum(row.strategy == "lora" for row in costs)
    assert f"- fitted otherwise than planned: LoRA, {number} fits {remedy}" in evidence_markdown(changed)
    assert "otherwise than planned" not in evidence_markdown(found)
