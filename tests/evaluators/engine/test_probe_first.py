"""Fine-tuning that starts from the linear probe, and the networks between start and end."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from evaluators.data.draws import held_out
from evaluators.engine.encode import encode
from evaluators.engine.fit import fit
from evaluators.engine.heads import fit_linear_probe
from evaluators.engine.job import Inputs
from evaluators.engine.network import Network
from evaluators.engine.probe_first import ALPHA_GRID, probe_head
from evaluators.engine.records import read_facts
from evaluators.engine.reload import load_fitted
from evaluators.engine.training import train
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import silent

LP_FT, WISE_FT = strategy("lp-ft"), strategy("wise-ft")
modalities = pytest.mark.parametrize("modality", ["text", "image"])


def probe_on_normalised_features(world, job):
    """Return the linear probe, and what it predicts of the test samples."""

    def normalised(samples):
        features = torch.from_numpy(encode(world.backbone(), samples, dtype="float32", progress=silent))
        return Inputs(features=functional.layer_norm(features, features.shape[-1:]).numpy())

    settings = {**job.settings, "standardize": True}
    probe = fit_linear_probe(replace(job, inputs=normalised(world.train.samples), settings=settings))
    return probe, probe.predict(normalised(world.test.samples))


@modalities
def test_the_head_starts_as_the_linear_probe(worlds, modality):
    world = worlds[modality]
    job = world.job(LP_FT)
    probe, expected = probe_on_normalised_features(world, job)
    backbone = world.backbone()
    network = Network(backbone, probe_head(backbone, job), ())
    batch = backbone.batch(backbone.prepare(world.test.samples), range(60))
    with torch.no_grad():
        found = torch.softmax(network.logits(batch), dim=1).numpy()
    assert probe.converged
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_class_that_the_draw_does_not_hold_starts_as_unlikely_and_finite(worlds):
    world = worlds["image"]
    job = replace(world.job(LP_FT), classes=5)
    head = probe_head(world.backbone(), job)
    assert torch.isfinite(head.bias).all()
    assert (head.bias[3:] <= head.bias[:3].min() - 9.9).all()
    assert fit(LP_FT, replace(job, settings={**job.settings, "max_steps": 2})).steps == 2


@modalities
def test_none_of_the_way_is_the_probe_and_all_of_it_is_lp_ft(worlds, modality):
    world = worlds[modality]
    inputs = world.inputs(WISE_FT, world.test.samples)
    same = {"max_steps": 20, "learning_rate": 1e-3}
    at = {
        alpha: fit(WISE_FT, world.job(WISE_FT, alpha=alpha, **same)).predict(inputs)
        for alpha in (0.0, 0.5, 1.0)
    }
    job = world.job(LP_FT, **same)
    np.testing.assert_allclose(at[0.0], probe_on_normalised_features(world, job)[1], atol=1e-5)
    assert np.array_equal(at[1.0], fit(LP_FT, job).predict(inputs))
    assert not np.array_equal(at[0.5], at[1.0])


def test_the_trunk_is_trained_without_dropout_and_with_stored_statistics(worlds):
    world, loaded, modes = worlds["image"], [], []

    def load(pretrained: bool):
        loaded.append(world.backbone(pretrained))
        return loaded[-1]

    def look(done: int, total: int) -> None:
        modes.extend(
            part.training for part in loaded[-1].module.modules() if isinstance(part, nn.BatchNorm2d)
        )

    fit(LP_FT, replace(world.job(LP_FT, max_steps=2), load_backbone=load, progress=look))
    assert modes
    assert not any(modes)


def test_the_share_is_chosen_on_a_fifth_of_the_same_labels(worlds, tmp_path, monkeypatch):
    world = worlds["image"]
    job = replace(world.job(WISE_FT, max_steps=10, learning_rate=1e-3), selection="held-out")
    rest, aside = held_out(job.labels, job.seed)
    seen = []
    monkeypatch.setattr(
        "evaluators.engine.probe_first.train",
        lambda network, part, recipe, **cut: seen.append(part) or train(network, part, recipe, **cut),
    )
    fitted = fit(WISE_FT, job)
    selecting, final = seen
    assert selecting.inputs.samples.digests == world.train.samples.take(rest).digests
    assert np.array_equal(selecting.labels, job.labels[rest])
    assert final is job
    assert len(rest) + len(aside) == len(job.labels)
    fitted.save(tmp_path)
    chosen = read_facts(tmp_path)[1]["chosen"]["alpha"]
    assert chosen in ALPHA_GRID
    fixed = replace(job, selection="held-out", settings={**job.settings, "alpha": 0.123})
    inputs = world.inputs(WISE_FT, world.test.samples)
    assert np.array_equal(fit(WISE_FT, fixed).predict(inputs), fitted.predict(inputs))
    again = load_fitted(WISE_FT, tmp_path, settings=job.settings, classes=3, load_backbone=world.backbone)
    (tmp_path / "again").mkdir()
    again.save(tmp_path / "again")
    assert read_facts(tmp_path / "again") == read_facts(tmp_path)


def test_nothing_is_chosen_where_no_label_can_be_spared(worlds):
    world = worlds["image"]
    job = world.job(WISE_FT, max_steps=2)
    few = [int(np.flatnonzero(job.labels == label)[0]) for label in range(3)]
    part = replace(
        job,
        inputs=Inputs(samples=world.train.samples.take(few)),
        labels=job.labels[few],
        selection="held-out",
    )
    inputs = world.inputs(WISE_FT, world.test.samples)
    fixed = fit(WISE_FT, replace(part, selection="fixed")).predict(inputs)
    assert np.array_equal(fit(WISE_FT, part).predict(inputs), fixed)
