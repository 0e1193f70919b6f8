"""An adaptation feeds every frozen strategy what it reads: features, all blocks, labels' names, or a language model."""

import numpy as np
import pytest

from evaluators.data.samples import LabelledSet
from evaluators.engine.adaptation import Adaptation
from evaluators.errors import IntegrityError
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import NAMES

READERS = ["zero-shot", "in-context-4", "linear-probe", "head2toe", "mlp-head"]


def adaptation_of(fits, name, **changes):
    row = strategy(name)
    world = fits.world(row, "text")
    settings = {**row.defaults_for("text"), **changes}
    return Adaptation(world.candidate, world.folder, row, settings, NAMES), world


@pytest.mark.parametrize("name", READERS)
def test_it_predicts_as_a_cell_does_and_reads_back_the_same(fits, name, tmp_path):
    adaptation, world = adaptation_of(fits, name)
    fitted = adaptation.fit(
        LabelledSet("train", world.train.samples, world.train.labels), seed=0, progress=silent
    )
    found = adaptation.predict(fitted, world.test.samples)
    row = strategy(name)
    assert np.array_equal(found, fits.fit(row, "text").predict(fits.test_inputs(row, "text")))
    fitted.save(tmp_path)
    assert np.array_equal(adaptation.predict(adaptation.reload(tmp_path), world.test.samples), found)


@pytest.mark.parametrize(
    ("name", "changes"), [("zero-shot", {"temperature": 0.1}), ("head2toe", {"keep_fraction": 0.5})]
)
def test_what_other_settings_made_is_refused(fits, name, changes, tmp_path):
    adaptation, world = adaptation_of(fits, name)
    training = LabelledSet("train", world.train.samples, world.train.labels)
    adaptation.fit(training, seed=0, progress=silent).save(tmp_path)
    with pytest.raises(IntegrityError, match="does not fit the lineage"):
        adaptation_of(fits, name, **changes)[0].reload(tmp_path)
