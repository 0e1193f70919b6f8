"""What encoding costs is measured with the features; documents that lack it keep the bytes that were signed."""

import json

import numpy as np
import pytest

from evaluators.canonical import canonical_json
from evaluators.cell import FitCost
from evaluators.data.view import inputs
from evaluators.evidence import evidence_from_json, evidence_to_json
from evaluators.features import distinct, store_chunk
from evaluators.findings.collect import Reading, encoded
from evaluators.findings.gather import Spent, observe
from evaluators.observations import Observations
from evaluators.origin import Origin
from evaluators.results import ResultStore
from tests import synthetic
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.synthetic import ENVIRONMENT, World


@pytest.fixture
def reading(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "knn")))
    return Reading(plan, data, ResultStore(tmp_path / "results"), {})


def encode(reading, *, seconds):
    """Store the features of the validation set in two chunks, as a worker does."""
    cell = next(planned for planned in reading.plan.cells if planned.trunk)
    samples = distinct([inputs(cell.cell, "validation", reading.data["colours"])])
    half = len(samples) // 2
    for part in (range(half), range(half, len(samples))):
        chunk = samples.take(part)
        made = Origin(FitCost(seconds=seconds), ENVIRONMENT) if seconds else None
        features = np.zeros((len(chunk), 8), dtype=np.float32)
        store_chunk(reading.results, cell.trunk, chunk, features, made)
    return len(samples)


def test_chunks_of_a_task_are_added_up(reading):
    samples = encode(reading, seconds=1.5)
    (found,) = encoded(reading)
    assert (found.task, found.candidate, found.samples, found.seconds) == ("colours", "tiny", samples, 3.0)
    observed = observe([], Spent("2026-11-21T10:00:00Z", 1.0, encoded=(found,)))
    assert observed.encodings[0].seconds == 3.0
    assert observed.environments[observed.encodings[0].environment] == ENVIRONMENT


def test_features_that_an_earlier_version_stored_have_no_time(reading):
    encode(reading, seconds=None)
    assert encoded(reading) == ()


def test_a_document_without_encodings_keeps_its_bytes():
    document = synthetic.evidence(World(sizes=(2,), runs=2))
    written = json.loads(evidence_to_json(document))
    assert "encodings" not in written["observations"]
    again = evidence_from_json(json.dumps(written), where="test")
    assert canonical_json(again.unsigned) == canonical_json(
        {k: v for k, v in written.items() if k != "signature"}
    )
    assert again.observations.digest == document.observations.digest


def test_a_document_with_encodings_is_read_back_equal(reading):
    encode(reading, seconds=0.25)
    observed = observe([], Spent("2026-11-21T10:00:00Z", 1.0, encoded=encoded(reading)))
    assert Observations.model_validate_json(observed.model_dump_json()) == observed
