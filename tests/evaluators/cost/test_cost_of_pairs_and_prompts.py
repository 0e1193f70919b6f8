"""What pairs of texts and prompts cost: pairs are counted as the engine draws them, a text once an order."""

from dataclasses import replace

import numpy as np
import pytest
from torch.nn.attention import SDPBackend, sdpa_kernel

from evaluators.backbones.structure import count_flops
from evaluators.cost.prompting import Prompt, asking
from evaluators.cost.training import training
from evaluators.data.task_data import load_task
from evaluators.engine.contrastive import draw_pairs
from evaluators.engine.recipe import recipe_of
from evaluators.strategy import strategy
from tests.counting import flop_counter
from tests.evaluators.cost.cost_world import make_world, real_texts
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol
from tests.fakes_models import episode_llama

IN_CONTEXT = ("in-context-0", "in-context-4", "in-context-16")


def planned(folder, name):
    plan, _ = toy_plan(folder, protocol=toy_protocol(strategies=(name,)))
    return max(plan.cells, key=lambda row: row.cell.labels)


def test_setfit_takes_the_steps_of_its_pairs(tmp_path):
    row = planned(tmp_path, "setfit")
    settings = dict(row.cell.settings)
    labels = np.repeat(np.arange(3), row.cell.labels_per_class)
    pairs = draw_pairs(labels, int(settings["pairs"]), seed=0)
    how = training(row, toy_candidate())
    assert how.steps == recipe_of(settings).steps(len(pairs.places))
    assert how.batch == row.cell.labels  # a batch of 32 texts has no more distinct ones
    assert (how.passes, how.before) == (3.0, row.cell.labels)


@pytest.mark.parametrize("per_class", [2, 11])
def test_a_step_over_pairs_reads_each_of_its_samples_once(tmp_path, per_class):
    plan, _ = toy_plan(tmp_path, protocol=toy_protocol(strategies=("setfit",), labels_per_class=(2,)))
    row = plan.cells[0]
    cell = replace(row.cell, labels_per_class=per_class, labels=3 * per_class)
    how = training(row.model_copy(update={"cell": cell}), toy_candidate())
    places = draw_pairs(np.repeat(np.arange(3), per_class), 10, seed=0).places
    drawn = [len(np.unique(places[start : start + 16])) for start in range(0, len(places) - 15, 16)]
    assert how.batch == pytest.approx(np.mean(drawn), rel=0.05)
    assert how.mixed


def language_world(folder, source, strategies, labels):
    """Return real texts and a language model; texts are cut, so that sixteen of them fit its context."""
    task, files = real_texts(source, folder)
    candidate, place = episode_llama()
    flops = count_flops(place, "transformers", candidate.input)
    structure = candidate.structure.model_copy(update={"flops_per_input": flops})
    return make_world(
        candidate.model_copy(update={"structure": structure}), place, task, load_task(task, files), strategies,
        labels, settings={name: {"text_tokens": 8} for name in strategies}, store=folder,
    )  # fmt: skip


def counted(world, places):
    with sdpa_kernel(SDPBackend.MATH), flop_counter() as counter:
        world.computation.measure([world.plan.cells[index] for index in places], lambda *_: None)
    return counter.get_total_flops()


@pytest.fixture(scope="module")
def speaking(tmp_path_factory, hub_data):
    return language_world(tmp_path_factory.mktemp("speaking"), hub_data, IN_CONTEXT, (24,))


@pytest.mark.parametrize("row", IN_CONTEXT)
def test_asking_in_context_costs_what_torch_counts(speaking, row):
    ((places, work),) = [(p, w) for p, w in speaking.workload.fits.items() if w.strategy == row]
    assert work.flops == pytest.approx(counted(speaking, places), rel=0.1)


def test_without_examples_all_sizes_are_asked_in_one_pass_and_a_set_once(tmp_path, hub_data):
    world = language_world(tmp_path, hub_data, ("in-context-0",), (2, 4, 8))
    ((places, work),) = world.workload.fits.items()
    assert len(places) == 3
    assert work.forwards == world.workload.demand.data["texts"].sizes["validation"] + 4 * (2 + 4 + 8)
    assert work.flops == pytest.approx(counted(world, places), rel=0.1)


def test_a_text_is_read_once_an_order_and_nothing_is_trained(speaking):
    sizes = sum(speaking.workload.demand.sizes(speaking.plan.cells[0]).values())
    for work in speaking.workload.fits.values():
        orders = strategy(work.strategy).defaults["orders"]
        assert work.forwards == orders * sizes


def test_more_examples_and_more_labels_cost_more():
    candidate = toy_candidate()
    texts = np.full(10, 20.0)
    prompt = Prompt(orders=1, before=0.0, around=4.0, beside=12.0, text_tokens=128)
    plain = asking(candidate, prompt, texts, 100).flops
    assert asking(candidate, replace(prompt, orders=5), texts, 100).flops == 5 * plain
    assert asking(candidate, replace(prompt, before=400.0), texts, 100).flops > 2 * plain
    assert asking(candidate, replace(prompt, beside=300.0), texts, 100).flops > 5 * plain
    assert asking(candidate, replace(prompt, text_tokens=5), texts, 100).flops < plain
