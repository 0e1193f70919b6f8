"""What a floor from scratch is trained with: a head that is faster than the trunk, and steps that grow with the labels.

That it leaves chance on many classes was measured (evaluators/README.md, decision 104); it takes minutes and data.
"""

import pytest

from evaluators.engine.recipe import recipe_of
from evaluators.strategy import strategy

ROW = strategy("from-scratch")


@pytest.mark.parametrize(("labels", "steps"), [(20, 60), (80, 60), (616, 390), (2310, 800), (10_003, 800)])
def test_steps_grow_with_the_labels_between_two_bounds(labels, steps):
    assert recipe_of(ROW.defaults_for("text")).steps(labels) == steps


def test_a_transformers_head_is_much_faster_than_its_trunk():
    recipe = recipe_of(ROW.defaults_for("text"))
    assert (recipe.learning_rate, recipe.head_rate * recipe.learning_rate) == (3e-4, pytest.approx(6e-3))


def test_images_keep_the_settings_that_their_stored_results_are_named_by():
    assert ROW.version == 2
    assert ROW.defaults_for("image") == {
        "epochs": 10, "min_steps": 150, "max_steps": 400, "batch_size": 16, "weight_decay": 0.01, "warmup": 0.1,
        "clip": 1.0, "head_rate": 1.0, "learning_rate": 2e-3,
    }  # fmt: skip
