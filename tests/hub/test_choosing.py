"""The page of choices: a function of table, cards and evidence, without what is personal, restricted or outdated."""

from dataclasses import replace

import pytest

from evaluators.observations import EncodingCost
from evaluators.strategy import STRATEGIES
from hub.catalog import load_catalog
from hub.choosing import choosing_page, refreshed, stale
from tests import synthetic
from tests.hub.checkouts import ROOT
from tests.synthetic import ENVIRONMENT, World

MODEL = "all-minilm-l6-v2"


@pytest.fixture(scope="module")
def catalog():
    return load_catalog(ROOT / "catalog")


def measured(catalog, task="help-desk", *, created="2026-11-20T10:00:00Z", facts=None, **world):
    """Return evidence about a task of the catalog, by a model that the catalog pins."""
    known = {"candidate": MODEL, "digest": catalog.locks[MODEL].digest, "task": task, "sizes": (2, 4, 8)}
    made = synthetic.evidence(World(**{**known, **world}))
    changed = {"digest": catalog.tasks[task].digest, **(facts or {})}
    rows = tuple(row.model_copy(update=changed) for row in made.findings.tasks)
    encoding = EncodingCost(
        task=task, candidate=MODEL, samples=10, seconds=1.0, environment=ENVIRONMENT.digest
    )
    return made.model_copy(
        update={
            "findings": made.findings.model_copy(update={"tasks": rows}),
            "observations": made.observations.model_copy(
                update={"created": created, "encodings": (encoding,)}
            ),
        }
    )


def page(catalog, *documents, **options):
    return choosing_page(catalog, documents, folder="choosing", **options)


@pytest.fixture(scope="module")
def document(catalog):
    return measured(catalog)


def test_equal_inputs_give_equal_bytes_in_any_order(catalog, document):
    other = measured(catalog, created="2026-11-21T10:00:00Z", runs=3)
    one, two = page(catalog, document, other), page(catalog, other, document)
    assert one.markdown == two.markdown
    assert one.pictures == two.pictures


def test_every_strategy_stands_on_the_ladder_with_its_words_and_its_cost(catalog, document):
    text = page(catalog, document).markdown
    for row in STRATEGIES:
        assert f"| {row.tier.value} | {row.title} |" in text
    (lora,) = (line for line in text.splitlines() if line.startswith("| parameter-efficient | LoRA"))
    # 15.08 s beside 0.18 s and the encoding of 32 labels at a tenth of a second each.
    assert lora.endswith("| 4.5x a linear probe |")


def test_a_task_shows_what_was_enough_with_numbers_and_a_picture(catalog, document):
    text = page(catalog, document).markdown
    assert "### help-desk" in text
    assert "![help-desk: accuracy by number of labels](choosing/help-desk.svg)" in text
    (probe,) = (line for line in text.splitlines() if line.startswith(f"| {MODEL} | linear probe"))
    assert r"\*" in probe
    assert "32 labels: linear probe on all-minilm-l6-v2 " in text


def test_scores_are_of_validation_also_where_the_locked_test_was_opened(catalog):
    sets = {"validation": 0.0, "test": 0.3}
    final = page(catalog, measured(catalog, sets=sets)).markdown
    ordinary = page(catalog, measured(catalog, sets={"validation": 0.0})).markdown
    table = [line for line in final.splitlines() if line.startswith(f"| {MODEL}")]
    assert table == [line for line in ordinary.splitlines() if line.startswith(f"| {MODEL}")]


def test_the_rule_of_thumb_is_contradicted_where_the_numbers_do(catalog):
    ladder = {"tfidf-logreg": 0.4, "linear-probe": 0.6, "full-finetune": 0.9}
    text = page(catalog, measured(catalog, accuracy=ladder)).markdown
    assert "Against the rule of thumb:" in text
    assert (
        "32 labels: it says linear probe (close domain); here full fine-tuning on all-minilm-l6-v2 is" in text
    )


@pytest.mark.parametrize(
    "change",
    [
        {"facts": {"promotable": False}},
        {"facts": {"sensitivity": "restricted"}},
        {"facts": {"digest": "0" * 64}},
        {"digest": "0" * 64},
        {"candidate": "folder-of-somebody"},
    ],
    ids=["personal", "restricted", "other data", "other bytes", "no card"],
)
def test_what_does_not_belong_on_the_page_is_left_out(catalog, change):
    text = page(catalog, measured(catalog, **change)).markdown
    assert "### help-desk" not in text
    assert "No evidence about a task of this catalog was at hand." in text


def test_a_task_that_the_catalog_calls_restricted_is_left_out_whatever_old_evidence_says(catalog, document):
    task = catalog.tasks["help-desk"].model_copy(update={"sensitivity": "restricted"})
    hidden = replace(catalog)
    hidden.__dict__["tasks"] = {**catalog.tasks, "help-desk": task}
    assert "### help-desk" not in page(hidden, document).markdown


def test_settings_that_differ_are_rows_of_their_own(catalog, document):
    cells = tuple(
        cell.model_copy(update={"settings": {"C": 9.0}}) if cell.strategy == "lora" else cell
        for cell in document.findings.cells
    )
    protocol = {**document.findings.protocol, "id": "quick"}
    findings = document.findings.model_copy(update={"cells": cells, "protocol": protocol})
    text = page(catalog, document, document.model_copy(update={"findings": findings})).markdown
    rows = [line for line in text.splitlines() if line.startswith(f"| {MODEL} | LoRA")]
    assert len(rows) == 2
    assert {"LoRA (quick)", "LoRA (standard)"} == {row.split(" | ")[1] for row in rows}
    assert len([line for line in text.splitlines() if line.startswith(f"| {MODEL} | linear probe")]) == 1


def test_a_picture_is_a_small_svg_without_a_date_that_reads_on_dark(catalog, document):
    picture = page(catalog, document).pictures["help-desk.svg"]
    assert picture.startswith(b"<?xml")
    assert b"#ffffff" in picture
    assert b"dc:date" not in picture
    assert len(picture) < 80_000


def test_one_size_has_no_curve(catalog):
    made = page(catalog, measured(catalog, sizes=(2,)))
    assert made.pictures == {}
    assert ".svg" not in made.markdown


def test_a_fresh_page_is_up_to_date_whatever_evidence_it_had(catalog, document):
    assert stale(page(catalog).markdown, catalog) == ()
    assert stale(page(catalog, document, note="Busy.").markdown, catalog) == ()


def test_a_page_of_another_table_card_or_task_is_told(catalog, document):
    text = page(catalog, document).markdown
    assert stale(text.replace("a logistic regression on frozen features", "something"), catalog) == (
        "the part `ladder` is not what evaluators/strategy.py give now",
    )
    assert stale(text.replace("| MIT, any |", "| GPL-3.0-only, any |"), catalog) == (
        "the part `models` is not what the cards and locks give now",
    )
    digest = catalog.tasks["help-desk"].digest[:12]
    assert stale(text.replace(digest, "0" * 12), catalog) == (
        "task help-desk has other data now, or is gone",
    )
    assert len(stale("# Choosing\n", catalog)) == 2


def test_without_evidence_the_measured_parts_are_kept(catalog, document):
    text = page(catalog, document).markdown
    old = text.replace("a logistic regression on frozen features", "something").replace(
        "| MIT, any |", "| ?, any |"
    )
    assert refreshed(old, catalog) == text


def test_the_committed_page_is_what_the_strategy_table_and_the_cards_give(catalog):
    text = (ROOT / "catalog" / "choosing.md").read_text(encoding="utf-8")
    assert stale(text, catalog) == ()


def test_the_committed_page_shows_only_pictures_that_are_committed():
    folder = ROOT / "catalog"
    text = (folder / "choosing.md").read_text(encoding="utf-8")
    named = [part.split(")")[0] for part in text.split("](")[1:] if part.split(")")[0].endswith(".svg")]
    assert named
    assert all((folder / name).is_file() for name in named)
