"""Too little memory and too little precision: the fit is made in a gentler way, comes out the same, and says so."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from evaluators.backbones.backbone import Backbone
from evaluators.engine import batching, finetuning, training
from evaluators.engine.adapters import add_adapters
from evaluators.engine.classifier import network_state
from evaluators.engine.fit import fit
from evaluators.engine.job import DivergedError, Inputs
from evaluators.engine.memory import WHOLE, Footprint
from evaluators.engine.network import Network
from evaluators.engine.recipe import recipe_of
from evaluators.engine.records import read_facts
from evaluators.engine.recovery import is_out_of_memory
from evaluators.engine.reload import load_fitted
from evaluators.engine.training import seeded, train
from evaluators.strategy import STRATEGIES, strategy
from tests.fakes_models import CLASSES

FULL, LORA = strategy("full-finetune"), strategy("lora")
ALLOCATOR = (
    "[enforce fail at alloc_cpu.cpp:124] data. DefaultCPUAllocator: not enough memory: you tried to allocate"
)
SHORTAGES = {
    "gpu": torch.OutOfMemoryError("CUDA out of memory."),
    "cpu": RuntimeError(ALLOCATOR),
    "python": MemoryError(),
}


@dataclass
class Faulty:
    """A backbone that fails as a small or imprecise machine would; everything else is the real one's.

    Attributes:
        inner: The real backbone.
        rows: While gradients are taken, more rows at once than this raise `shortage`.
        shortage: What is raised.
        overflows: Whether features become NaN in reduced precision.
    """

    inner: Backbone
    rows: int = 10**9
    shortage: Exception = SHORTAGES["gpu"]
    overflows: bool = False

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def features(self, batch):
        """Return the real features, or fail."""
        found = self.inner.features(batch)
        if torch.is_grad_enabled() and len(found) > self.rows:
            raise self.shortage
        return found * float("nan") if self.overflows and torch.is_autocast_enabled("cpu") else found


def faulty(world, job, **faults):
    """Return a job whose backbones are faulty, and what it is told."""
    told = []
    load = lambda pretrained: Faulty(world.backbone(pretrained), **faults)  # noqa: E731
    return replace(job, load_backbone=load, remedy=told.append), told


def logits(network, samples):
    backbone = network.backbone
    with torch.no_grad():
        return network.logits(backbone.batch(backbone.prepare(samples), range(len(samples)))).numpy()


@pytest.mark.parametrize("shortage", SHORTAGES.values(), ids=SHORTAGES)
def test_a_batch_that_does_not_fit_is_cut_until_it_does(worlds, shortage):
    world = worlds["text"]
    job = world.job(FULL, max_steps=6)
    cramped, told = faulty(world, job, rows=4, shortage=shortage)
    fitted = fit(FULL, cramped)
    assert [words.split(":")[0].removeprefix("trained again with ") for words in told] == [
        "blocks recomputed in the backward pass",
        "blocks recomputed in the backward pass, micro-batches of 8",
        "blocks recomputed in the backward pass, micro-batches of 4",
    ]
    samples = world.test.samples
    assert np.abs(logits(fitted.network, samples) - logits(fit(FULL, job).network, samples)).max() < 1e-6


def test_what_does_not_fit_sample_by_sample_fails_with_the_reason(worlds):
    cramped, told = faulty(worlds["text"], worlds["text"].job(FULL, max_steps=6), rows=0)
    with pytest.raises(torch.OutOfMemoryError):
        fit(FULL, cramped)
    assert told[-1].startswith(
        "trained again with blocks recomputed in the backward pass, micro-batches of 1"
    )


def test_what_torch_says_here_where_memory_runs_out_is_understood():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert is_out_of_memory(caught.value)


def test_another_error_is_not_tried_again(worlds):
    cramped, told = faulty(
        worlds["text"], worlds["text"].job(FULL), rows=4, shortage=RuntimeError("sizes do not match")
    )
    with pytest.raises(RuntimeError, match="sizes do not match"):
        fit(FULL, cramped)
    assert not told
    assert not is_out_of_memory(ValueError("not enough memory"))


def test_what_becomes_nan_in_bfloat16_is_trained_again_in_float32(worlds, tmp_path):
    world = worlds["text"]
    job = world.job(FULL, max_steps=6)
    imprecise, told = faulty(world, replace(job, dtype="bfloat16"), overflows=True)
    fitted = fit(FULL, imprecise)
    assert told == ["trained again in float32: in bfloat16 the loss became NaN or infinite at step 1 of 6"]
    inputs = Inputs(samples=world.test.samples)
    np.testing.assert_array_equal(fitted.predict(inputs), fit(FULL, job).predict(inputs))
    fitted.save(tmp_path)
    _, facts = read_facts(tmp_path)
    assert (facts["dtype"], facts["asked_dtype"]) == ("float32", "bfloat16")
    again = load_fitted(FULL, tmp_path, settings=job.settings, classes=CLASSES, load_backbone=world.backbone)
    np.testing.assert_array_equal(again.predict(inputs), fitted.predict(inputs))


def test_what_diverges_in_float32_is_a_failure(worlds):
    job, told = faulty(worlds["text"], worlds["text"].job(FULL, learning_rate=1e30, clip=1e30, max_steps=4))
    with pytest.raises(DivergedError):
        fit(FULL, job)
    assert not told


def trained(worlds, row, modality, cut, **changes):
    """Return a network, with dropout, that was trained in steps that are cut."""
    world = worlds[modality]
    settings = {"dropout": 0.1} if row is LORA else {}
    job = replace(world.job(row, max_steps=12, **settings), **changes)
    with seeded(job.seed, "cpu"):
        backbone = job.load_backbone(True)
        active = add_adapters(backbone, job.settings) if row is LORA else finetuning.everything(backbone)
        network = Network(backbone, finetuning.new_head(backbone.width, CLASSES), active)
        train(network, job, recipe_of(job.settings), footprint=cut)
    return network


@pytest.mark.parametrize("row", [FULL, LORA], ids=lambda row: row.id)
@pytest.mark.parametrize(
    "cut",
    [Footprint(1), Footprint(4), Footprint(16), Footprint(None, True), Footprint(4, True)],
    ids=str,
)
def test_how_steps_are_cut_does_not_change_what_is_trained(worlds, row, cut, record_property):
    samples = worlds["text"].test.samples
    whole, parts = (logits(trained(worlds, row, "text", how), samples) for how in (WHOLE, cut))
    record_property("largest difference of logits", f"{np.abs(whole - parts).max():.1e}")
    assert np.abs(whole - parts).max() < 1e-6


@pytest.mark.parametrize(
    "row", [row for row in STRATEGIES if row.sees == "samples" and row.fit != FULL.fit and row.cost.passes],
    ids=lambda row: row.id,
)  # fmt: skip
def test_every_strategy_trains_the_same_with_recomputed_blocks(worlds, row, monkeypatch):
    if row.id == "qlora":
        pytest.importorskip("bitsandbytes")
    world, found = worlds["text"], []
    for cut in (WHOLE, Footprint(None, True)):
        monkeypatch.setattr(training, "fitting", lambda *_, cut=cut: cut)
        fitted = fit(row, world.job(row, max_steps=3))
        found.append(fitted.predict(Inputs(samples=world.test.samples)))
    np.testing.assert_array_equal(found[0], found[1])


def test_recomputed_blocks_count_a_batch_once_for_batchnorm(worlds):
    whole, again = (
        network_state(trained(worlds, FULL, "image", cut)) for cut in (WHOLE, Footprint(None, True))
    )
    for name in whole:
        assert torch.equal(whole[name], again[name]), name


def test_micro_batches_are_another_training_where_batchnorm_is_active(worlds):
    """Why blocks are recomputed first: half a batch has other statistics."""
    samples = worlds["image"].test.samples
    whole, parts = (logits(trained(worlds, FULL, "image", cut), samples) for cut in (WHOLE, Footprint(4)))
    assert np.abs(whole - parts).max() > 1e-3


@pytest.mark.parametrize(("cut", "forwards"), [(WHOLE, 12), (Footprint(None, True), 24)], ids=str)
def test_blocks_are_computed_twice_a_step_and_afterwards_are_as_before(worlds, cut, forwards):
    calls, loaded = [], []

    def watched(pretrained):
        loaded.append(worlds["text"].backbone(pretrained))
        inside = next(loaded[-1].blocks()[1].children())
        inside.register_forward_hook(lambda *_: calls.append(1))
        return loaded[-1]

    trained(worlds, FULL, "text", cut, load_backbone=watched)
    assert len(calls) == forwards
    assert "forward" not in vars(loaded[0].blocks()[1])


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("modality", ["text", "image"])
def test_the_batch_size_of_prediction_does_not_matter(
    worlds, fits, monkeypatch, size, modality, record_property
):
    fitted = fits.fit(FULL, modality)
    inputs = Inputs(samples=worlds[modality].test.samples)
    usual = np.log(fitted.predict(inputs))
    monkeypatch.setattr(batching, "BATCH", size)
    apart = np.abs(np.log(fitted.predict(inputs)) - usual).max()
    record_property("largest difference of log-probabilities", f"{apart:.1e}")
    assert apart < 1e-4
