"""The evidence of a large task, measured once and committed: its ladder and its decision follow from it again.

How it was made stands in tests/evidence/README.md. Nothing is computed here but what the documents say.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest

from evaluators.errors import IntegrityError
from evaluators.evidence import evidence_from_json
from evaluators.statistics.paired import paired_t
from evaluators.strategy import strategy
from hub.catalog import load_catalog
from hub.gate import decide
from hub.report import decision_report

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "evidence" / "banking77"
TEXT = gzip.decompress((FOLDER / "evidence.json.gz").read_bytes()).decode("utf-8")
DECISION = json.loads((FOLDER / "decision.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def evidence():
    return evidence_from_json(TEXT, where="banking77")


@pytest.fixture(scope="module")
def replayed(evidence):
    catalog = load_catalog(ROOT / "catalog")
    name = DECISION["model"]
    day = dt.date.fromisoformat(DECISION["decided_on"])
    return decide(catalog.card(name), catalog.locks[name], evidence, catalog.policy("default"), today=day)


def values(evidence, name, size):
    """Return the accuracy on validation of a strategy at a size, by run."""
    return {
        cell.run: scores.metrics["accuracy"]
        for cell in evidence.findings.cells
        for scores in cell.scores
        if (cell.strategy, cell.labels_per_class, scores.set) == (name, size, "validation")
    }


def test_it_is_of_the_whole_task(evidence):
    (task,) = evidence.findings.tasks
    assert (len(task.labels), task.sizes["test"], task.sizes["train"] + task.sizes["validation"]) == (
        77,
        3080,
        10003,
    )
    assert max(cell.labels_per_class for cell in evidence.findings.cells) * 77 > 2000


def test_the_decision_is_replayed_byte_for_byte(replayed):
    assert replayed.model_dump_json() == json.dumps(DECISION, separators=(",", ":"), ensure_ascii=False)


def test_every_rung_follows_from_the_scores_of_its_cells(evidence):
    (climb,) = evidence.findings.climbs
    margin = evidence.findings.tasks[0].margin
    for rung in climb.rungs:
        best = next(row.strategy for row in rung.tried if row.status == "best")
        ours, theirs = (values(evidence, name, climb.labels_per_class) for name in (best, rung.over))
        found = paired_t([ours[run] - theirs[run] for run in sorted(ours)])
        assert (rung.gain.value, rung.gain.low, rung.gain.high) == pytest.approx(
            (found.estimate, found.low, found.high)
        )
        expected = "stop" if found.high < margin else "pays" if found.low >= margin else "undecided"
        assert rung.verdict == expected
    assert [rung.verdict == "stop" for rung in climb.rungs[:-1]] == [False] * (len(climb.rungs) - 1)


def test_what_is_heavier_than_the_rung_that_stopped_it_was_not_tried(evidence):
    (climb,) = evidence.findings.climbs
    tried = {row.strategy for rung in climb.rungs for row in rung.tried}
    for cell in evidence.findings.cells:
        row = strategy(cell.strategy)
        if row.is_baseline or cell.strategy in tried:
            assert cell.status == "scored"
        else:
            assert cell.status == "skipped"
            assert cell.reason.startswith(f"not climbed to {row.tier.value}: ")


def test_only_what_the_decision_needs_has_seen_the_test(evidence):
    (recommended,) = evidence.findings.recommendations
    opened = {
        cell.strategy
        for cell in evidence.findings.cells
        if any(scores.set == "test" for scores in cell.scores)
    }
    assert opened == {"majority", "tfidf-logreg", "from-scratch", recommended.strategy}


def test_one_edited_digit_belongs_to_no_decision(evidence, replayed):
    place = TEXT.index('"accuracy": 0.') + len('"accuracy": 0.')
    other = "1" if TEXT[place] != "1" else "2"
    edited = evidence_from_json(TEXT[:place] + other + TEXT[place + 1 :], where="edited")
    assert edited.findings.digest != DECISION["findings_digest"]
    with pytest.raises(IntegrityError):
        decision_report(replayed, edited)
