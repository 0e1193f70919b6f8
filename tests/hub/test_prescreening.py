"""Models are looked at by features that are stored already, and by labels of training alone."""

from dataclasses import dataclass

import numpy as np
import pytest

from evaluators.features import store_chunk
from evaluators.planning import trunk_key
from evaluators.results import ResultStore
from hub.preparation import Prepared
from hub.prescreening import look_before
from tests.evaluators.advice.options import option
from tests.evaluators.toy_plans import toy_plan
from tests.fakes_models import tiny_bert


@dataclass(frozen=True)
class World:
    """A plan of two models, and where their features are."""

    prepared: Prepared
    results: ResultStore


@pytest.fixture
def world(tmp_path):
    """Two models, of which `seeing` separates the classes and `blind` has noise; only training was encoded."""
    candidate, _ = tiny_bert(tmp_path / "model")
    plan, data = toy_plan(tmp_path, candidate)
    (planned,) = plan.request.candidates
    seeing, blind = (
        planned.model_copy(update={"candidate": _renamed(candidate, name, size)})
        for name, size in (("seeing", 10), ("blind", 1000))
    )
    request = plan.request.model_copy(update={"candidates": (seeing, blind)})
    results = ResultStore(tmp_path / "results")
    (task,) = request.tasks
    train = data[task.id].open("train")
    rng = np.random.default_rng(0)
    for row in (seeing, blind):
        noise = rng.normal(size=(len(train), 6)).astype(np.float32)
        marks = np.eye(6, dtype=np.float32)[train.labels] * (9.0 if row is seeing else 0.0)
        store_chunk(results, trunk_key(row.candidate, request.protocol.dtype), train.samples, noise + marks)
    prepared = Prepared(plan.model_copy(update={"request": request}), data, {}, {})
    return World(prepared, results)


def _renamed(candidate, name, size):
    structure = candidate.structure.model_copy(update={"parameters": size, "architecture": name})
    files = tuple(
        entry.model_copy(update={"sha256": f"{size:064d}"}) if number == 0 else entry
        for number, entry in enumerate(candidate.files)
    )
    return candidate.model_copy(update={"name": name, "structure": structure, "files": files})


def test_the_model_whose_features_separate_the_classes_looks_better_than_the_larger_one(world):
    found = look_before(world.prepared, world.results, [])
    large, small = found.looks
    assert (large.candidate, small.candidate) == ("blind", "seeing")
    assert small.neighbours == 1.0 > large.neighbours
    assert small.log_me > large.log_me
    assert not found.worth


def test_realised_scores_are_those_with_most_labels_that_there_are(world):
    options = [
        option("linear-probe", 0.7, candidate="seeing", size=2),
        option("linear-probe", 0.9, candidate="seeing", size=8),
    ]
    assert look_before(world.prepared, world.results, options, labels=30).looks[1].realised == 0.7


def test_no_more_labels_are_looked_at_than_there_are(world):
    found = look_before(world.prepared, world.results, [], labels=12)
    assert {row.samples for row in found.looks} == {12}
