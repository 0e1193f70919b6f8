"""A plan that reads one base by several taps: a sample goes through it once, and every table is what it would be."""

import numpy as np
import pytest
import torch

from evaluators.cost.demand import Demand
from evaluators.data.view import label_inputs
from evaluators.features import read_table
from evaluators.findings.collect import Reading, distinct_samples
from evaluators.results import ResultStore
from evaluators.running.compute import Computation
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, Finished, run_plan
from evaluators.running.workbench import Workbench
from evaluators.strategy import strategy
from tests.evaluators.kills import killed_after
from tests.evaluators.toy_plans import COLOURS, toy_plan, toy_protocol
from tests.fakes_models import tiny_bert


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("base"))


def bench_of(folder, base, *strategies, results="results"):
    folder.mkdir(exist_ok=True)
    candidate, weights = base
    plan, data = toy_plan(folder, candidate, protocol=toy_protocol(strategies=strategies))
    return Workbench(plan, data, {candidate.name: weights}, ResultStore(folder / results), "cpu")


def trunks(bench):
    """Return the key of each tap that the plan reads."""
    return {strategy(p.cell.strategy).sees: p.trunk for p in bench.plan.cells if p.trunk}


def texts_read(monkeypatch):
    """Count the texts that go through the first layer, from now on."""
    from transformers.models.bert.modeling_bert import BertLayer

    seen, forward = [], BertLayer.forward

    def counted(self, hidden_states, *arguments, **options):
        seen.append(len(hidden_states))
        return forward(self, hidden_states, *arguments, **options)

    monkeypatch.setattr(BertLayer, "forward", counted)
    return lambda: sum(seen) // 2  # of two layers


def test_features_layers_and_label_names_are_read_in_one_pass(tmp_path, base, monkeypatch):
    bench = bench_of(tmp_path, base, "majority", "zero-shot", "knn", "head2toe", "mlp-head")
    read = texts_read(monkeypatch)
    demand = Demand(bench.plan, bench.data, bench.results, ())
    planned = sum(len(demand.missing(trunk)) for trunk in demand.readers)
    events = list(run_plan(bench.plan, bench.results, InProcessExecutor(bench)))
    ended = [event for event in events if isinstance(event, Ended)]
    assert all(type(event.result).__name__ == "Scored" for event in ended)
    demanded = distinct_samples(Reading(bench.plan, bench.data, bench.results, {}))
    finished = next(event for event in events if isinstance(event, Finished))
    assert read() == planned == demanded == finished.counters["samples_encoded"]
    again = list(run_plan(bench.plan, bench.results, InProcessExecutor(bench)))
    assert next(event for event in again if isinstance(event, Finished)).counters["samples_encoded"] == 0


@pytest.mark.parametrize("first", ["features", "layers"])
def test_a_table_is_the_same_whether_its_tap_is_read_alone_or_with_the_other(tmp_path, base, first):
    both = bench_of(tmp_path / "both", base, "knn", "head2toe")
    Computation(both).encode(trunks(both)[first], lambda _done, _total: None)
    for name, tap in (("knn", "features"), ("head2toe", "layers")):
        alone = bench_of(tmp_path / tap, base, name)
        Computation(alone).encode(trunks(alone)[tap], lambda _done, _total: None)
        key = trunks(alone)[tap]
        assert key == trunks(both)[tap]
        rows, expected = (read_table(bench.results, key).rows for bench in (both, alone))
        assert rows.keys() == expected.keys()
        assert all(np.array_equal(rows[digest], expected[digest]) for digest in expected)
        assert {len(row) for row in rows.values()} == {32 if tap == "features" else 64}


@pytest.mark.parametrize("writes", [0, 1])
def test_a_kill_between_both_tables_changes_no_row(tmp_path, base, monkeypatch, writes):
    whole, torn = (bench_of(tmp_path / name, base, "knn", "head2toe") for name in ("whole", "torn"))
    key = trunks(torn)["layers"]
    Computation(whole).encode(key, lambda _done, _total: None)
    with killed_after(writes, monkeypatch):
        Computation(torn).encode(key, lambda _done, _total: None)
    assert Computation(torn).encode(key, lambda _done, _total: None) == len(
        read_table(whole.results, key).rows
    )
    for trunk in trunks(torn).values():
        rows, expected = (read_table(bench.results, trunk).rows for bench in (torn, whole))
        assert rows.keys() == expected.keys()
        assert all(np.array_equal(rows[digest], expected[digest]) for digest in expected)


def test_a_tap_that_is_asked_for_later_is_read_alone(tmp_path, base):
    first = bench_of(tmp_path, base, "knn")
    list(run_plan(first.plan, first.results, InProcessExecutor(first)))
    later = bench_of(tmp_path, base, "knn", "head2toe")
    before = dict(read_table(first.results, trunks(first)["features"]).rows)
    list(run_plan(later.plan, later.results, InProcessExecutor(later)))
    after = read_table(later.results, trunks(later)["features"]).rows
    assert all(np.array_equal(after[digest], row) for digest, row in before.items())
    assert read_table(later.results, trunks(later)["layers"]).rows.keys() == before.keys()


def test_label_names_are_part_of_the_plan_of_zero_shot_alone(tmp_path, base):
    bench = bench_of(tmp_path, base, "zero-shot", "knn")
    cells = {planned.cell.strategy: planned for planned in bench.plan.cells}
    data = bench.data["colours"]
    expected = tuple(f"This is about {label}." for label in data.labels)
    assert label_inputs(cells["zero-shot"].cell, data).texts == expected
    assert set(data.labels) == set(COLOURS)
    assert len(label_inputs(cells["knn"].cell, data)) == 0
    inputs_of = {node.key: node.inputs for node in bench.plan.nodes}
    assert len(inputs_of[cells["zero-shot"].fit]) == len(inputs_of[cells["knn"].fit]) + 1


def test_zero_shot_uses_no_label(tmp_path, base):
    bench = bench_of(tmp_path, base, "zero-shot")
    list(run_plan(bench.plan, bench.results, InProcessExecutor(bench)))
    found = [
        bench.results.read("predict", planned.predict["validation"]).arrays["probabilities"]
        for planned in bench.plan.cells
    ]
    assert len(found) == 4
    assert all(np.array_equal(one, found[0]) for one in found)
