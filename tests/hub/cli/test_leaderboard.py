"""`hub leaderboard TASK`: what was measured on a task's data, readable at 80 columns and by programs."""

from __future__ import annotations

import json
import re

import pytest

from hub.home import Home
from tests.hub.boards import TASK, kept, measured
from tests.synthetic import World

WORLD = World(runs=3, items=60)


@pytest.fixture
def place(tmp_path):
    return Home(tmp_path / "home").ready()


def test_rows_are_sorted_and_carry_interval_ties_protocol_and_document(run_hub, place):
    path = kept(measured(WORLD), place)
    done = run_hub("leaderboard", "help-desk", "--format", "json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["task"], found["digest"]) == ("help-desk", TASK.digest)
    assert [section["set"] for section in found["sections"]] == ["test", "validation"]
    rows = found["sections"][0]["rows"]
    values = [row["value"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert {row["evidence"] for row in rows} == {str(path.relative_to(place.root))}
    assert {row["protocol"] for row in rows} == {"standard"}
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows if row["strategy"] != "majority")
    assert rows[0]["tie"] == "best"


def test_people_read_it_at_80_columns(run_hub, place, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    kept(measured(WORLD.but(candidate="a-model-with-a-long-name-v2")), place)
    kept(measured(WORLD.but(accuracy={"linear-probe": 0.7}), day=4, protocol="quick"), place)
    done = run_hub("leaderboard", "help-desk")
    assert done.exit_code == 0, done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    flat = " ".join(done.stdout.split())
    assert "help-desk, locked test, 8 labels a class" in flat
    assert "rows of 2 protocols (quick, standard)" in flat
    assert "runs time tie of" in flat
    assert "best B" in flat
    assert "? A" in flat  # one arm alone was compared with nothing
    assert "A: 2026-11-04, protocol quick, mini@" in flat


def test_a_script_gets_the_arms_in_order(run_hub, place):
    kept(measured(WORLD.but(accuracy={"lora": 0.95, "majority": 0.25})), place)
    done = run_hub("leaderboard", "help-desk", "--format", "quiet")
    assert done.stdout.splitlines() == ["mini lora", "- majority"]


def test_an_unknown_task_is_answered_with_the_nearest_name(run_hub):
    done = run_hub("leaderboard", "helpdesk")
    assert (done.exit_code, "did you mean help-desk" in done.stderr) == (2, True)


def test_without_evidence_the_command_that_makes_some_is_told(run_hub):
    done = run_hub("leaderboard", "help-desk")
    assert done.exit_code == 2
    assert "hub evaluate MODEL --task help-desk" in done.stderr


def test_a_size_that_nobody_measured_is_answered_with_those_that_were(run_hub, place):
    kept(measured(WORLD), place)
    done = run_hub("leaderboard", "help-desk", "--labels-per-class", "5")
    assert (done.exit_code, "--labels-per-class: 2, 8" in done.stderr) == (2, True)


def test_reports_about_other_data_of_the_same_name_are_left_out_and_told(run_hub, place):
    kept(measured(WORLD, digest="e" * 64), place)
    assert "about other data of help-desk" in " ".join(run_hub("leaderboard", "help-desk").stderr.split())
    kept(measured(WORLD, day=5), place)
    done = run_hub("leaderboard", "help-desk")
    assert done.exit_code == 0
    assert "1 report left out" in " ".join(done.stderr.split())


def test_evidence_that_was_edited_is_no_part_of_it(run_hub, place):
    path = kept(measured(WORLD), place)
    path.write_text(path.read_text().replace('"value": 0.9', '"value": 0.8', 1))
    assert run_hub("leaderboard", "help-desk").exit_code == 2


def test_a_score_whose_draws_overlap_is_marked_and_others_are_not(run_hub, place):
    kept(measured(WORLD.but(sizes=(2, 100))), place)
    done = run_hub("leaderboard", "help-desk")
    flat = " ".join(done.stdout.split())
    assert "test: ~ conditional on this pool: a draw takes 83 % of it" in flat
    assert all("] ~ " in line for line in done.stdout.splitlines() if " lora " in line)
    assert "~" not in run_hub("leaderboard", "help-desk", "--labels-per-class", "2").stdout
    found = json.loads(run_hub("leaderboard", "help-desk", "--format", "json").stdout)
    assert {row["conditional_on_pool"] for row in found["sections"][0]["rows"]} == {True}
    assert found["sections"][0]["rows"][0]["pool_share"] == pytest.approx(400 / 480)


def test_over_items_a_score_has_an_interval_too(run_hub, place):
    kept(measured(WORLD), place)
    found = json.loads(run_hub("leaderboard", "help-desk", "--format", "json").stdout)
    (row, *_) = found["sections"][0]["rows"]
    low, high = row["over_items"]
    assert row["items"] == WORLD.items
    assert low < row["value"] < high
    flat = " ".join(run_hub("leaderboard", "help-desk").stdout.split())
    assert f"runs on the same {WORLD.items} items; over items the first row has [{100 * low:.1f}, " in flat


def test_no_interval_of_a_share_is_printed_beyond_0_and_100(run_hub, place):
    kept(measured(World(runs=2, items=20, shared=0.2, accuracy={"majority": 0.04, "lora": 0.97})), place)
    done = run_hub("leaderboard", "help-desk", "--labels-per-class", "2")
    ends = [float(end) for pair in re.findall(r"\[(-?[\d.]+), (-?[\d.]+)\]", done.stdout) for end in pair]
    assert {0.0, 100.0} <= set(ends)
    assert min(ends) >= 0.0
    assert max(ends) <= 100.0
