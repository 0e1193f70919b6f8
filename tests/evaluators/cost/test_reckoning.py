"""An estimate against what was measured: kind of work by kind of work, and what the next estimate learns of it."""

import dataclasses
import json

import pytest

from evaluators.cost.calibration import Calibration
from evaluators.cost.demand import Demand
from evaluators.cost.estimate import Pace, estimate
from evaluators.cost.reckoning import learnt, reckon
from evaluators.cost.roofline import Roofline
from evaluators.cost.workload import Workload
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor, Unit
from evaluators.running.run import Computed, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_plan, toy_protocol

IDLE = Roofline(flops_per_second=1e11, bytes_per_second=1e10, free=1.0, threads=1)


def left(plan, data, tmp_path):
    return Workload(Demand(plan, data, ResultStore(tmp_path / "results"), ()), {})


def pace(known=None):
    return Pace(IDLE, known or Calibration(), "here")


@pytest.fixture
def everything(tmp_path):
    """A plan, its workload, and every unit of it, each of which took three seconds."""
    plan, data = toy_plan(tmp_path)
    workload = left(plan, data, tmp_path)
    units = [Unit("encode", trunk=trunk) for trunk in workload.encodings]
    units += [Unit("measure", cells=places) for places in workload.fits]
    return workload, [Computed(unit, 3.0, 0.0) for unit in units]


def test_every_kind_of_work_is_held_against_its_estimate(everything):
    workload, computed = everything
    expected = estimate(workload, pace(), stored=0, place="")
    found = reckon(workload, pace(), computed)
    assert [row.phase for row in found.phases] == [row.phase for row in expected.phases]
    assert [row.estimated for row in found.phases] == pytest.approx([row.seconds for row in expected.phases])
    assert found.estimated == pytest.approx(expected.seconds)
    assert found.took == 3.0 * len(computed)
    training = next(row for row in found.phases if row.phase == "training")
    least = sum(IDLE.seconds(work.flops, work.moved) for work in workload.works if work.phase == "training")
    assert training.roofline_share == pytest.approx(least / training.took)


def test_the_next_estimate_is_what_was_measured(everything):
    workload, computed = everything
    known = learnt(workload, pace(), computed)
    again = estimate(workload, pace(known), stored=0, place="")
    assert again.seconds == pytest.approx(3.0 * len(computed))
    assert again.calibrated == 1.0


def test_what_broke_off_counts_on_neither_side(everything):
    workload, computed = everything
    found = reckon(workload, pace(), computed[:2])
    assert found.took == 6.0
    assert found.estimated < estimate(workload, pace(), stored=0, place="").seconds


def test_the_halves_of_a_pass_are_counted_as_what_they_are(everything):
    workload, _ = everything
    places = [index for cells in workload.fits for index in cells][:2]
    one, two = (reckon(workload, pace(), [Computed(Unit("measure", cells=part), 1.0, 0.0)]) for part in
                ((places[0],), tuple(places)))  # fmt: skip
    assert (one.phases[1].cells, two.phases[1].cells) == (1, 2)


def test_an_encoding_that_found_nothing_to_do_teaches_nothing(everything):
    workload, _ = everything
    nothing = [Computed(Unit("encode", trunk="stored already"), 0.01, 5.0)]
    assert learnt(workload, pace(), nothing).ratios == {}
    assert reckon(workload, pace(), []) is None


def test_a_run_tells_what_each_unit_took_and_waited_for(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "tfidf-logreg")))
    results = ResultStore(tmp_path / "results")
    workload = left(plan, data, tmp_path)
    bench = Workbench(plan, data, {}, results, "cpu")
    computed = [e for e in run_plan(plan, results, InProcessExecutor(bench)) if isinstance(e, Computed)]
    assert [row.unit.cells for row in computed] == list(workload.fits)
    assert all(row.seconds > 0 and row.waited >= 0 for row in computed)
    found = reckon(workload, pace(), computed)
    assert found.took == pytest.approx(sum(row.seconds + row.waited for row in computed))
    assert json.loads(json.dumps(dataclasses.asdict(found)))["phases"][1]["phase"] == "floors"
