"""The ladder: a rung shown not to pay stops the climb, an undecided one does not, and losers stay in the trail."""

from __future__ import annotations

import json

import pytest

from evaluators.evidence import Findings
from evaluators.findings.arms import ArmTable, build_arms
from evaluators.findings.rungs import climb, refusal
from evaluators.findings.scoring import score_cell
from evaluators.ladder.row import Tier
from evaluators.report.climb import climb_tables, trail_sentences
from tests.synthetic import World, findings, measured, task_facts, truths

#: knn and the probe are frozen, LoRA is efficient, full fine-tuning full; the probe gains 30 points over TF-IDF.
BASE = {
    "majority": 0.25, "tfidf-logreg": 0.60, "from-scratch": 0.40, "knn": 0.80, "linear-probe": 0.90,
}  # fmt: skip


def climbed(world: World, *, without: tuple[str, ...] = ()):
    facts = task_facts(world)
    cells = [score_cell(one, facts, truths(world)) for one in measured(world)]
    arms = build_arms(cell for cell in cells if cell.finding.strategy not in without)
    found = climb(ArmTable(arms.arms), facts, world.candidate)
    assert found
    return found


def verdicts(found):
    return {rung.tier: rung.verdict for rung in found.rungs}


def test_it_goes_on_while_rungs_pay_and_stops_after_the_first_that_does_not():
    world = World(accuracy={**BASE, "lora": 0.90, "partial-freeze": 0.99, "full-finetune": 0.99}, items=2000)
    found = climbed(world)
    # What is beyond the rung that stopped it is no part of the climb, whatever was measured there.
    assert verdicts(found) == {"frozen": "pays", "parameter-efficient": "stop"}
    assert found.rungs[1].gain.high < 0.01
    assert found.rungs[1].over == "linear-probe"


def test_an_undecided_rung_does_not_stop_it():
    world = World(accuracy={**BASE, "lora": 0.91, "full-finetune": 0.97}, items=2000, own=0.012)
    found = climbed(world)
    straddling = found.rungs[1]
    assert straddling.verdict == "undecided"
    assert straddling.gain.low < 0.01 < straddling.gain.high
    assert verdicts(found)["full"] == "pays"


def test_the_best_of_a_tier_is_chosen_on_validation_and_those_that_lost_say_why():
    (frozen, *_) = climbed(World(accuracy=BASE)).rungs
    tried = {row.strategy: row for row in frozen.tried}
    assert tried["linear-probe"].status == "best"
    assert tried["knn"].status == "lost"
    assert "below linear probe" in tried["knn"].reason
    assert frozen.over == "tfidf-logreg"


def test_a_heavier_rung_is_measured_against_the_best_of_all_lighter_ones():
    world = World(accuracy={**BASE, "lora": 0.85, "partial-freeze": 0.93}, items=2000, own=0.02, margin=0.2)
    found = climbed(world, without=("tfidf-logreg",))
    assert found.rungs[1].over == "linear-probe"


def test_what_failed_stays_in_the_trail_with_its_reason():
    world = World(accuracy={**BASE, "lora": 0.95}, failed=frozenset({("lora", 0, 0)}))
    last = climbed(world).rungs[-1]
    assert (last.verdict, last.tried[0].status) == ("not measured", "failed")
    assert last.tried[0].reason


def test_one_run_stops_nothing():
    found = climbed(World(accuracy={**BASE, "lora": 0.5}, runs=1))
    assert set(verdicts(found).values()) == {"undecided"}


@pytest.mark.parametrize("tier", [Tier.PARTIAL, Tier.FULL])
def test_a_refusal_names_the_gain_and_the_margin(tier):
    world = World(accuracy={**BASE, "lora": 0.90}, items=2000)
    found = climbed(world)
    assert refusal(found, tier, 0.01).startswith(f"not climbed to {tier.value}: LoRA gained ")
    assert refusal(found, tier, 0.01).endswith("points over linear probe, under the margin of 1.0")
    assert refusal(climbed(World(accuracy=BASE)), tier, 0.01) is None


def test_findings_hold_the_climb_only_where_the_protocol_climbs():
    world = World(accuracy={**BASE, "lora": 0.90}, items=400)
    assert findings(world).climbs == ()
    assert "climbs" not in findings(world).model_dump(mode="json")
    found = findings(world.but(climb=True))
    assert [row.candidate for row in found.climbs] == [world.candidate]
    assert Findings.model_validate_json(json.dumps(found.model_dump(mode="json"))) == found
    (table,) = climb_tables(found, world.task)
    assert [row[0] for row in table.rows] == ["frozen", "parameter-efficient"]
    (narrow,) = climb_tables(found, world.task, narrow=True)
    widths = [max(map(len, column)) + 2 for column in zip(narrow.columns, *narrow.rows, strict=True)]
    assert sum(widths) <= 80
    assert [row[-1] for row in narrow.rows] == ["pays", "stop"]
    assert "kNN" in trail_sentences(found.climbs[0])[0] or "neighbours" in trail_sentences(found.climbs[0])[0]
