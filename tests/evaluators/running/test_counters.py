"""What a plan reads of its bases, by counters that no clock disturbs: every sample once, again never."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.cell import Scored
from evaluators.data.view import inputs
from evaluators.features import distinct
from evaluators.plan import PlannedCandidate, Request
from evaluators.planning import make_plan
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, Finished, run_plan
from evaluators.running.workbench import Workbench
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import banking, minilm, pictures, small_resnet
from tests.counting import counting
from tests.evaluators.toy_plans import toy_protocol

FROZEN = ("knn", "linear-probe")
SHORT = {"min_steps": 3, "max_steps": 3, "batch_size": 4}


class Requests:
    """An executor that counts what is asked of it, around a real one."""

    def __init__(self, bench: Workbench) -> None:
        self.units: list[str] = []
        self._inner = InProcessExecutor(bench)

    def execute(self, unit):
        self.units.append(unit.kind)
        yield from self._inner.execute(unit)

    def close(self):
        self._inner.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return Scene(tmp_path_factory.mktemp("counters"), Path(), tiny=True)


def made(scene, store, base, task, protocol, *, final=False):
    """Run a plan; return it, what was counted, what was asked of the executor, and the counters of the run."""
    request = Request(
        candidates=(PlannedCandidate(candidate=base.candidate),),
        tasks=(task.task,),
        protocol=protocol,
        final=final,
    )
    data = {task.task.id: task.data}
    plan = make_plan(request, data)
    bench = Workbench(plan, data, {base.candidate.name: base.folder}, ResultStore(store), "cpu")
    executor = Requests(bench)
    with counting() as counts:
        events = list(run_plan(plan, bench.results, executor))
    assert all(isinstance(event.result, Scored) for event in events if isinstance(event, Ended))
    assert isinstance(events[-1], Finished)
    return plan, counts, executor.units, events[-1].counters


def demanded(plan, task):
    """Return the distinct samples of every set of every cell that reads features."""
    sets = [inputs(p.cell, name, task.data) for p in plan.cells if p.trunk for name in p.predict]
    return len(distinct(sets))


WORLDS = [
    pytest.param(
        lambda scene: (minilm(scene), banking(scene, intents=3, pool=24, validation=18, test=30)), id="text"
    ),
    pytest.param(lambda scene: (small_resnet(scene), pictures(scene)), id="image"),
]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("final", [False, True])
def test_the_frozen_family_reads_each_distinct_sample_once(scene, tmp_path, world, final):
    base, task = world(scene)
    protocol = toy_protocol(strategies=FROZEN, labels_per_class=(1, 2, 4), runs=3)
    plan, counts, units, counters = made(scene, tmp_path, base, task, protocol, final=final)
    union = demanded(plan, task)
    assert counts.sample_forwards == counters["samples_encoded"] == union
    assert counts.layer_forwards == union * base.candidate.structure.blocks
    assert units.count("encode") == 1
    assert len(units) <= 1 + len(plan.cells)


def test_no_token_is_read_that_sorting_by_length_does_not_need(scene, tmp_path):
    base, task = WORLDS[0].values[0](scene)
    protocol = toy_protocol(strategies=FROZEN, labels_per_class=(4,), runs=3)
    plan, counts, _, _ = made(scene, tmp_path, base, task, protocol)
    sets = [inputs(p.cell, name, task.data) for p in plan.cells for name in p.predict]
    # Words and two special tokens; chunks hold up to 512 samples, so here one batch of the longest.
    lengths = [len(text.split()) + 2 for text in distinct(sets).texts]
    assert sum(lengths) <= counts.tokens <= len(lengths) * max(lengths)


@pytest.mark.parametrize("world", WORLDS)
def test_a_finished_matrix_is_run_again_without_a_forward_or_a_request(scene, tmp_path, world):
    base, task = world(scene)
    strategies = (*FROZEN, "partial-freeze")
    protocol = toy_protocol(
        strategies=strategies, settings={"partial-freeze": SHORT}, labels_per_class=(2,), runs=1
    )
    plan, first, _, _ = made(scene, tmp_path, base, task, protocol)
    assert first.layer_forwards > 0
    _, again, units, counters = made(scene, tmp_path, base, task, protocol)
    assert (again.sample_forwards, again.layer_forwards, again.tokens) == (0, 0, 0)
    assert units == []
    assert counters["cells_reused"] == len(plan.cells)


def test_one_more_run_of_the_frozen_family_reads_only_what_it_draws_anew(scene, tmp_path):
    base, task = WORLDS[0].values[0](scene)
    few = toy_protocol(strategies=FROZEN, labels_per_class=(1, 2), runs=2)
    before, first, _, _ = made(scene, tmp_path, base, task, few)
    after, added, units, counters = made(scene, tmp_path, base, task, few.model_copy(update={"runs": 3}))
    assert added.sample_forwards == demanded(after, task) - demanded(before, task)
    assert added.sample_forwards < first.sample_forwards
    assert counters["cells_run"] == len(after.cells) - len(before.cells)
    assert units.count("measure") <= len(after.cells) - len(before.cells)


def test_two_candidates_do_not_share_features(scene, tmp_path):
    base, task = WORLDS[0].values[0](scene)
    protocol = toy_protocol(strategies=("knn",), labels_per_class=(2,), runs=1)
    plan, first, _, _ = made(scene, tmp_path, base, task, protocol)
    other = base.candidate.model_copy(
        update={"name": "other", "input": base.candidate.input.model_copy(update={"max_tokens": 9})}
    )
    _, second, _, _ = made(scene, tmp_path, type(base)(other, base.folder), task, protocol)
    assert second.sample_forwards == first.sample_forwards == demanded(plan, task)
