"""What a row says that training costs, held against what torch counts: a transformer and a convnet of some depth."""

from dataclasses import replace

import pytest
import torch
from transformers import BertConfig, BertModel

from evaluators.backbones.load import load_backbone
from evaluators.engine.boundary_cache import trial
from evaluators.engine.encode import encode
from evaluators.engine.fit import fit
from evaluators.engine.job import FitJob, Inputs
from evaluators.ladder.depth import freezes_blocks, frozen_blocks
from evaluators.strategy import STRATEGIES, Tier, strategy
from tests.counting import flop_counter
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import CLASSES, VOCABULARY, tiny_bert, tiny_image, toy_images, toy_texts

ROWS = [row for row in STRATEGIES if row.tier in (Tier.PARTIAL, Tier.FULL)]
#: Blocks of each base.
BLOCKS = {"text": 12, "image": 16}
#: Steps that show a row's average: only of this one they differ.
STEPS = {"gradual-unfreezing": 8}
CASES = [(row.id, modality, {}) for row in ROWS for modality in sorted(row.modalities)]
CASES += [("surgical", "text", {"block": 6}), ("surgical", "image", {"block": -1})]
CASES += [("partial-freeze", "text", {"trained_share": 0.75})]
CASES += [("gradual-unfreezing", "text", {"groups": 2, "unfreezing": 0.75})]


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """Write a BERT of 12 layers, so wide that attention over 14 tokens hardly counts (torch does not count all of its
    forms), and a ResNet-34.
    """
    folder = tmp_path_factory.mktemp("deep")
    text, base = tiny_bert(folder / "text")
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=128,
        num_hidden_layers=BLOCKS["text"],
        num_attention_heads=2,
        intermediate_size=512,
    )
    with torch.random.fork_rng(devices=[]):
        BertModel(config).save_pretrained(base)
    image, picture = tiny_image(folder / "image", architecture="resnet34")
    return {"text": (text, base, toy_texts(2, seed=0)), "image": (image, picture, toy_images(2, seed=0))}


@pytest.mark.parametrize(("name", "modality", "changes"), CASES)
def test_a_row_says_what_its_training_costs(deep, name, modality, changes):
    row, (candidate, folder, data) = strategy(name), deep[modality]
    steps = STEPS.get(name, 1)
    settings = {**row.defaults_for(modality), **changes, "epochs": 1, "min_steps": steps, "max_steps": steps}
    # One batch holds all samples, so every step reads all of them, each padded to the longest.
    settings["batch_size"] = len(data.labels)

    def load(pretrained: bool):
        return load_backbone(candidate, folder, pretrained=pretrained, device="cpu")

    with flop_counter() as forward:
        encode(load(True), data.samples, dtype="float32", progress=silent)
    job = FitJob(
        inputs=Inputs(samples=data.samples),
        labels=data.labels,
        classes=CLASSES,
        settings=settings,
        seed=0,
        selection="fixed",
        load_backbone=load,
        device="cpu",
        dtype="float32",
        progress=silent,
    )
    with flop_counter() as training:
        fit(row, job)
    with flop_counter() as trying:
        # That a network can be cut there is tried on a few samples, once a fit: of many labels it is next to nothing.
        if depth := freezes_blocks(settings) and frozen_blocks(settings, BLOCKS[modality]):
            trial(load(True), data.samples, [depth])
    counted = (training.get_total_flops() - trying.get_total_flops()) / forward.get_total_flops()
    said = row.cost.before(settings, BLOCKS[modality]) + steps * row.cost.at(settings, BLOCKS[modality])
    assert counted == pytest.approx(said, rel=0.05)


def test_a_block_that_a_base_does_not_have_is_skipped_with_the_reason(worlds):
    from evaluators.engine.job import NotApplicable

    job = worlds["text"].job(strategy("surgical"), block=2)
    with pytest.raises(NotApplicable, match="2 blocks and no block 2"):
        fit(strategy("surgical"), job)
    assert (
        fit(strategy("surgical"), replace(job, settings={**job.settings, "block": -1, "max_steps": 1})).steps
        == 1
    )
