"""What pairs of texts and prompts cost: pairs are counted as the engine draws them, a text once an order."""

import numpy as np

from evaluators.cost.training import training
from evaluators.engine.contrastive import draw_pairs
from evaluators.engine.recipe import recipe_of
from evaluators.strategy import strategy
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol


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


def test_in_context_trains_nothing_and_reads_a_text_once_an_order(tmp_path):
    for name in ("in-context-0", "in-context-4"):
        how = training(planned(tmp_path, name), toy_candidate())
        assert how.samples == 0
        assert how.reading == strategy(name).defaults["orders"]
