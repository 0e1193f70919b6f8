"""What a machine took corrects what it is expected to take: medians, by kind and size, in a file that may rot."""

from dataclasses import replace

import pytest

from evaluators.cost.calibration import (
    KEPT,
    START_SECONDS,
    Calibration,
    Took,
    modelled_seconds,
    read_calibration,
    write_calibration,
)
from evaluators.cost.roofline import Roofline
from evaluators.cost.work import Work

IDLE = Roofline(flops_per_second=1e11, bytes_per_second=1e10, free=1.0, threads=1)
WORK = Work("training", "lora", cells=1, launches=24, flops=1e12, moved=1e9, forwards=400)


def after(*ratios, work=WORK):
    known = Calibration()
    for ratio in ratios:
        known = known.with_run([Took(work.kind, work.size_class, ratio)], start=5.0)
    return known


def test_what_was_never_measured_is_as_the_model_says():
    assert Calibration().seconds(WORK, IDLE) == modelled_seconds(WORK, IDLE)
    assert Calibration().start_seconds == START_SECONDS
    assert not Calibration().knows(WORK)


def test_one_run_that_was_disturbed_does_not_move_the_estimate():
    known = after(2.0, 2.2, 30.0)
    assert known.seconds(WORK, IDLE) == pytest.approx(2.2 * modelled_seconds(WORK, IDLE))
    assert known.knows(WORK)
    assert known.start_seconds == 5.0


def test_only_recent_runs_count():
    known = after(*[9.0] * KEPT, *[1.5] * KEPT)
    assert known.correction(WORK) == 1.5


def test_another_size_of_the_same_strategy_is_told_by_the_nearest():
    larger = replace(WORK, flops=WORK.flops * 64)
    largest = replace(WORK, flops=WORK.flops * 4**6)
    assert larger.size_class == WORK.size_class + 3
    known = after(2.0).with_run([Took(largest.kind, largest.size_class, 0.5)], start=5.0)
    assert known.correction(replace(WORK, flops=WORK.flops * 4)) == 2.0
    assert known.correction(replace(WORK, flops=WORK.flops * 4**5)) == 0.5


def test_one_network_tells_of_another_and_one_floor_does_not():
    known = after(2.0)
    assert known.correction(replace(WORK, strategy="full-finetune")) == 2.0
    assert not known.knows(replace(WORK, strategy="full-finetune"))
    floor = Work("floors", "majority", cells=1, launches=100, flops=0, moved=0, forwards=0)
    assert after(0.1, work=floor).correction(replace(floor, strategy="tfidf-logreg")) == 1.0


def test_a_pass_of_several_cells_is_another_kind():
    assert after(2.0).knows(replace(WORK, cells=1))
    assert not after(2.0).knows(replace(WORK, cells=8))


def test_a_file_keeps_what_is_known_of_each_machine(tmp_path):
    path = tmp_path / "home" / "calibration.json"
    known = after(2.0, 3.0)
    write_calibration(path, "this one", known)
    write_calibration(path, "another", after(7.0))
    assert read_calibration(path, "this one") == known
    assert read_calibration(path, "another").correction(WORK) == 7.0
    assert read_calibration(path, "a third") == Calibration()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 0, "machines": {}}',
        '{"version": 1, "machines": {"m": {"ratios": 3, "starts": []}}}',
    ],
)
def test_a_file_that_rotted_is_an_empty_one_and_is_written_anew(tmp_path, text):
    path = tmp_path / "calibration.json"
    path.write_text(text)
    assert read_calibration(path, "m") == Calibration()
    write_calibration(path, "m", after(2.0))
    assert read_calibration(path, "m").correction(WORK) == 2.0
