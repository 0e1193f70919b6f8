"""Peers measure the same cells as the engine: the same steps on the same labels, and as good in the end."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.data.samples import LabelledSet
from evaluators.engine.fit import fit
from evaluators.peers import mteb_loop, peft_sequential, timm_loop, trainer_default, trainer_tuned
from evaluators.peers.cell import PeerCell
from evaluators.peers.mteb_loop import Head, HeadGrid, run_grid
from evaluators.peers.script import read_cell, run_script, write_cell
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import make_worlds
from tests.fakes_models import CLASSES

# peft 0.21 asks transformers 5.24 for a name of before; theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
TRAINERS = {"text": (trainer_default.fit, trainer_tuned.fit), "image": (timm_loop.fit,)}
SAME_AS = {
    "everything": "full-finetune",
    "scratch": "from-scratch",
    "upper": "partial-freeze",
    "adapters": "lora",
}
ADAPTS = {"text": peft_sequential.fit, "image": timm_loop.fit}


@pytest.fixture(scope="module", autouse=True)
def as_before():
    """Peers seed the global generator, as scripts do; other tests must not notice."""
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    return make_worlds(tmp_path_factory.mktemp("worlds"))


def peer_cell(world, trains, settings):
    train = LabelledSet("train", world.train.samples, world.train.labels)
    return PeerCell(
        world.folder, world.candidate.input, trains, train, train, {"test": world.test.samples},
        CLASSES, settings, seed=0,
    )  # fmt: skip


def accuracy(world, probabilities):
    return float(np.mean(np.argmax(probabilities, axis=1) == world.test.labels))


def cases():
    for modality, peers in TRAINERS.items():
        for trains, name in SAME_AS.items():
            for peer in (ADAPTS[modality],) if trains == "adapters" else peers:
                yield pytest.param(
                    modality, trains, name, peer, id=f"{modality}-{trains}-{peer.__module__[17:]}"
                )


@pytest.mark.parametrize(("modality", "trains", "name", "peer"), list(cases()))
def test_a_peer_takes_our_steps_and_learns_what_we_learn(worlds, modality, trains, name, peer):
    world, row = worlds[modality], strategy(name)
    job = world.job(row)
    ours = fit(row, job)
    result = peer(peer_cell(world, trains, job.settings))
    assert result.steps == ours.steps
    found = accuracy(world, result.probabilities["test"])
    assert abs(found - accuracy(world, ours.predict(world.inputs(row, world.test.samples)))) <= 0.1
    assert found > 0.5
    assert result.counters["sample_forwards"] >= result.steps


@pytest.mark.parametrize("modality", ["text", "image"])
def test_the_grid_of_heads_is_ours(worlds, modality):
    world = worlds[modality]
    draw = LabelledSet("train", world.train.samples, world.train.labels)
    heads = [Head(c=1.0), Head(c=0.01), Head(k=5)]
    grid = HeadGrid(world.folder, world.candidate.input, [draw], heads, {"test": world.test.samples}, CLASSES)
    ((regression, strict, neighbours),) = run_grid(grid)
    for row, found, changes in (
        ("linear-probe", regression, {}),
        ("linear-probe", strict, {"C": 0.01}),
        ("knn", neighbours, {}),
    ):
        job = world.job(strategy(row), **changes)
        ours = fit(strategy(row), job).predict(world.inputs(strategy(row), world.test.samples))
        np.testing.assert_allclose(found["test"], ours, atol=5e-3)


def test_a_head_that_is_padded_to_128_tokens_finds_the_same(worlds):
    world = worlds["text"]
    job = world.job(strategy("linear-probe"))
    result = mteb_loop.fit(peer_cell(world, "head", job.settings))
    ours = fit(strategy("linear-probe"), job).predict(
        world.inputs(strategy("linear-probe"), world.test.samples)
    )
    np.testing.assert_allclose(result.probabilities["test"], ours, atol=5e-3)


@pytest.mark.parametrize("modality", ["text", "image"])
def test_a_script_is_given_the_whole_cell(worlds, modality, tmp_path):
    cell = peer_cell(worlds[modality], "everything", {"epochs": 1})
    write_cell(cell, tmp_path)
    again = read_cell(tmp_path)
    assert again.train.samples.digests == cell.train.samples.digests
    assert again.sets["test"].digests == cell.sets["test"].digests
    np.testing.assert_array_equal(again.train.labels, cell.train.labels)
    assert (again.input, again.settings, again.trains) == (cell.input, cell.settings, cell.trains)


@pytest.mark.slow
def test_a_script_of_its_own_gives_back_what_it_found(worlds):
    world = worlds["text"]
    job = world.job(strategy("linear-probe"))
    cell = peer_cell(world, "head", job.settings)
    found = run_script("evaluators.peers.mteb_loop", cell)
    np.testing.assert_allclose(
        found.probabilities["test"], mteb_loop.fit(cell).probabilities["test"], atol=1e-5
    )


@pytest.mark.slow
def test_a_script_that_fails_says_why(worlds):
    cell = peer_cell(worlds["text"], "head", {})
    with pytest.raises(RuntimeError, match="No module named"):
        run_script("evaluators.peers.absent", cell)
