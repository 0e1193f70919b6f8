"""Options: what was measured of one task, with what it cost in all and what its runs can be paired by."""

import pytest

from evaluators.advice.option import options_of
from evaluators.observations import EncodingCost
from evaluators.wording import machine_words
from tests import synthetic
from tests.synthetic import ENVIRONMENT, World

WORLD = World(sizes=(2, 4), runs=3)


def measured(*encodings):
    document = synthetic.evidence(WORLD)
    observed = document.observations.model_copy(update={"encodings": encodings})
    return document.model_copy(update={"observations": observed})


def one(documents, strategy, size):
    digest = documents[0].findings.tasks[0].digest
    (found,) = [
        row
        for row in options_of(documents, digest)
        if (row.strategy, row.labels_per_class) == (strategy, size)
    ]
    return found


def encoding(samples, seconds):
    return EncodingCost(
        task=WORLD.task, candidate="mini", samples=samples, seconds=seconds, environment=ENVIRONMENT.digest
    )


def test_options_are_of_the_task_asked_for_and_its_validation_set():
    document = measured()
    digest = document.findings.tasks[0].digest
    found = options_of([document, document], digest)
    assert {row.labels_per_class for row in found} == {2, 4}
    assert len(found) == len({(row.candidate, row.strategy, row.labels_per_class) for row in found})
    assert options_of([document], "0" * 64) == ()


def test_runs_of_two_options_can_be_paired():
    probe, lora = one([measured()], "linear-probe", 4), one([measured()], "lora", 4)
    assert len(probe.runs) == 3
    assert {name for name, _ in probe.runs} == {name for name, _ in lora.runs}
    assert sum(value for _, value in probe.runs) / 3 == pytest.approx(probe.estimate.value)


def test_a_frozen_strategy_costs_its_fit_and_the_encoding_of_its_labels():
    probe = one([measured(encoding(samples=100, seconds=20.0))], "linear-probe", 4)
    assert probe.encoding == pytest.approx(0.2 * 16)
    assert probe.spent == pytest.approx(probe.seconds + 0.2 * 16)


def test_where_encoding_was_not_timed_the_whole_cost_is_not_known():
    assert one([measured()], "linear-probe", 4).spent is None
    assert one([measured()], "lora", 4).spent == one([measured()], "lora", 4).seconds


def test_encoding_that_another_machine_timed_is_not_added():
    elsewhere = ENVIRONMENT.model_copy(update={"hardware": {"cpu": "another"}})
    document = measured(encoding(100, 20.0).model_copy(update={"environment": elsewhere.digest}))
    places = {**document.observations.environments, elsewhere.digest: elsewhere}
    observed = document.observations.model_copy(update={"environments": places})
    assert one([document.model_copy(update={"observations": observed})], "linear-probe", 4).spent is None


@pytest.mark.parametrize(
    ("hardware", "words"),
    [
        ({"cpu": "Intel(R) Xeon(R) Processor @ 2.60GHz", "cores": "2"}, "2 cores of Intel Xeon"),
        ({"cpu": "AMD EPYC 9B14 96-Core Processor", "cores": "1"}, "1 core of AMD EPYC 9B14"),
        ({}, "a processor"),
    ],
)
def test_a_machine_is_named_in_a_few_words(hardware, words):
    assert machine_words(ENVIRONMENT.model_copy(update={"hardware": hardware})) == words


def test_a_gpu_is_named_where_it_computed():
    place = ENVIRONMENT.model_copy(update={"device": "cuda", "hardware": {"gpu": "NVIDIA H100", "cpu": "x"}})
    assert machine_words(place) == "NVIDIA H100"
    assert machine_words(place.model_copy(update={"device": "cpu"})) == "x"
