"""A store that machines share: what is there is found with few requests, and nothing is computed twice."""

from collections import Counter

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from evaluators.cost.demand import Demand
from evaluators.features import chunks, store_chunk
from evaluators.inventory import intact_cells, listed_cells
from evaluators.recall import Recall
from evaluators.results import ResultStore, Stored
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, Started, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.kills import remove
from tests.evaluators.toy_plans import toy_plan, toy_protocol

DATA_ONLY = toy_protocol(strategies=("majority", "tfidf-logreg"))
REQUESTS = ("find", "ls", "exists", "info", "cat_file", "pipe_file", "rm_file")


@pytest.fixture
def place():
    """An empty remote place."""
    yield "memory://shared/results"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture
def requests(monkeypatch):
    """Count what is asked of remote places; what a request asks of itself is no further one."""
    counted, inside = Counter(), []

    def watched(name, method):
        def ask(self, *arguments, **options):
            if not inside:
                counted[name] += 1
            inside.append(name)
            try:
                return method(self, *arguments, **options)
            finally:
                inside.pop()

        return ask

    for name in REQUESTS:
        monkeypatch.setattr(MemoryFileSystem, name, watched(name, getattr(MemoryFileSystem, name)))
    return counted


def measure(plan, data, place):
    """Measure a plan as another machine would, which knows only the place; return (units computed, events)."""
    worker = InProcessExecutor(Workbench(plan, data, {}, ResultStore(place), "cpu"))
    units = []

    class Counting:
        def execute(self, unit):
            units.append(unit)
            return worker.execute(unit)

        def close(self):
            worker.close()

    return units, list(run_plan(plan, ResultStore(place, Recall()), Counting()))


def test_the_second_machine_computes_nothing_that_the_first_did(tmp_path, place):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    first, _ = measure(plan, data, place)
    second, events = measure(plan, data, place)
    assert len(first) == len(plan.cells)
    assert second == []
    assert events[0] == Started(len(plan.cells), len(plan.cells), 0, place)
    assert all(event.reused for event in events if isinstance(event, Ended))


def test_a_plan_that_overlaps_computes_the_rest_and_says_what_is_there(tmp_path, place):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    measure(plan, data, place)
    larger, data = toy_plan(tmp_path, protocol=DATA_ONLY.model_copy(update={"runs": 3}))
    units, events = measure(larger, data, place)
    assert (events[0].stored, events[0].cells) == (8, 12)
    assert len(units) == 4


def test_to_say_what_is_there_one_listing_is_asked_for(tmp_path, place, requests):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    assert listed_cells(plan, ResultStore(place)) == frozenset()
    measure(plan, data, place)
    requests.clear()
    assert len(listed_cells(plan, ResultStore(place))) == len(plan.cells)
    assert requests == {"find": 1}


def test_a_finished_plan_is_read_with_one_request_an_object(tmp_path, place, requests):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    measure(plan, data, place)
    requests.clear()
    measure(plan, data, place)
    objects = sum(len(planned.predict) for planned in plan.cells)
    assert requests == {"find": 1, "cat_file": objects}


def test_what_is_damaged_is_computed_again(tmp_path, place):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    measure(plan, data, place)
    broken = plan.cells[0].predict["validation"]
    system = MemoryFileSystem()
    system.pipe_file(ResultStore(place)._path("predict", broken), b"no archive")
    whole = intact_cells(plan, ResultStore(place, Recall()))
    assert whole == {planned.cell.key for planned in plan.cells[1:]}
    assert not ResultStore(place).intact("predict", broken)
    units, _ = measure(plan, data, place)
    assert [unit.cells for unit in units] == [(0,)]
    assert ResultStore(place).intact("predict", broken)


def test_a_pass_that_was_torn_is_not_taken_for_whole(tmp_path, place):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    measure(plan, data, place)
    store, (first, second) = ResultStore(place), [plan.cells[i].predict["validation"] for i in (0, 1)]
    together = store.read("predict", first)
    store.write("predict", first, Stored(together.arrays, {**together.facts, "together": [first, second]}))
    assert plan.cells[0].cell.key in intact_cells(plan, ResultStore(place, Recall()))
    remove(store, "predict", second)
    assert plan.cells[0].cell.key not in intact_cells(plan, ResultStore(place, Recall()))


def test_company_from_another_plan_is_looked_for(tmp_path, place):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    measure(plan, data, place)
    store, node = ResultStore(place), plan.cells[0].predict["validation"]
    stored = store.read("predict", node)
    store.write("predict", node, Stored(stored.arrays, {**stored.facts, "together": [node, "elsewhere"]}))
    assert plan.cells[0].cell.key not in intact_cells(plan, ResultStore(place))
    store.write("predict", "elsewhere", stored)
    assert plan.cells[0].cell.key in intact_cells(plan, ResultStore(place))


def test_features_that_are_all_there_are_known_by_their_names(tmp_path, place, requests):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("linear-probe",)))
    trunk = plan.cells[0].trunk
    demanded = Demand(plan, data, ResultStore(place), ()).demanded(trunk)
    for chunk in chunks(demanded):
        store_chunk(ResultStore(place), trunk, chunk, np.zeros((len(chunk), 8), dtype=np.float32))
    requests.clear()
    assert len(Demand(plan, data, ResultStore(place), ()).missing(trunk)) == 0
    assert requests == {"ls": 1}
