"""Every row of the table of strategies on a GPU: it learns, repeats itself, and agrees with the processor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluators.engine.adapters import fit_lora, fit_lora_together
from evaluators.engine.finetuning import fit_full, fit_full_together
from evaluators.engine.job import Fitted, NotApplicable
from evaluators.strategy import Strategy, strategy
from tests.evaluators.engine.worlds import CASE_IDS, CASES

contract = pytest.mark.parametrize(("row", "modality"), CASES, ids=CASE_IDS)
#: Rows that train a network: rounding of the two devices is carried on from step to step.
TRAINED = frozenset(row.id for row, _ in CASES if "epochs" in row.defaults)


def fitted(fits, row: Strategy, modality: str, repeat: int = 0) -> Fitted:
    """Return a fit; skipped, with the reason, where a package that the row needs is missing."""
    try:
        return fits.fit(row, modality, repeat=repeat)
    except NotApplicable as reason:
        pytest.skip(str(reason))


@contract
def test_it_learns_and_agrees_with_the_processor(on_cpu, on_gpu, row, modality, record_property):
    inputs = on_cpu.test_inputs(row, modality)
    here = fitted(on_cpu, row, modality).predict(inputs)
    there = fitted(on_gpu, row, modality).predict(on_gpu.test_inputs(row, modality))
    labels = on_cpu.world(row, modality).test.labels
    assert there.dtype == np.float32
    assert np.isfinite(there).all()
    if row.id != "majority":
        assert (there.argmax(axis=1) == labels).mean() > 0.55
    apart = float(np.abs(here - there).max())
    record_property("largest difference of probabilities", f"{apart:.1e}")
    print(f"{row.id}-{modality}: {apart:.1e}")  # noqa: T201  a figure for whoever runs this
    assert apart < (0.05 if row.id in TRAINED else 1e-3)


@contract
def test_same_seed_same_bits(on_gpu, row, modality):
    inputs = on_gpu.test_inputs(row, modality)
    first, again = (fitted(on_gpu, row, modality, repeat).predict(inputs) for repeat in (0, 1))
    assert np.array_equal(first, again)


@pytest.mark.parametrize(
    ("name", "alone", "together"),
    [("lora", fit_lora, fit_lora_together), ("full-finetune", fit_full, fit_full_together)],
)
def test_a_cell_alone_is_the_cell_in_its_group(on_gpu, name, alone, together):
    row = strategy(name)
    world = on_gpu.world(row, "text")
    jobs = [world.job(row, seed=seed) for seed in range(3)]
    inputs = world.inputs(row, world.test.samples)
    for job, member in zip(jobs, together(jobs).members, strict=True):
        apart = np.abs(member.predict(inputs) - alone(job).predict(inputs)).max()
        print(f"{name}: {apart:.1e}")  # noqa: T201
        assert apart < 1e-4


def test_a_compiled_training_gives_what_a_plain_one_gives(on_gpu, monkeypatch):
    row = strategy("full-finetune")
    world = on_gpu.world(row, "text")
    inputs = world.inputs(row, world.test.samples)
    plain = fit_full(world.job(row)).predict(inputs)
    monkeypatch.setattr("evaluators.engine.acceleration.COMPILE_SECONDS", 0.0)
    compiled = fit_full(world.job(row)).predict(inputs)
    apart = float(np.abs(plain - compiled).max())
    print(f"compiled: {apart:.1e}")  # noqa: T201
    assert apart < 0.05


def test_bfloat16_trains_and_stays_close(on_gpu):
    row = strategy("full-finetune")
    world = on_gpu.world(row, "text")
    inputs = world.inputs(row, world.test.samples)
    half = fit_full(replace(world.job(row), dtype="bfloat16")).predict(inputs)
    labels = world.test.labels
    assert half.dtype == np.float32
    assert (half.argmax(axis=1) == labels).mean() > 0.55


def test_memory_that_runs_out_is_recovered_from(on_gpu):
    row = strategy("full-finetune")
    world = on_gpu.world(row, "text")
    told = []
    blocked = []

    def starved(pretrained):
        backbone = world.backbone(pretrained)
        # The driver's own refusal, once: everything of the device is asked for.
        if not blocked:
            blocked.append(True)
            backbone.module.register_forward_pre_hook(
                lambda *_: torch.empty(1 << 42, dtype=torch.uint8, device="cuda")
            )
        return backbone

    recovered = fit_full(replace(world.job(row), load_backbone=starved, remedy=told.append))
    assert told
    assert "memory ran out" in told[0]
    assert np.isfinite(recovered.predict(world.inputs(row, world.test.samples))).all()
