"""Sections of a recipe do what the engine does: the same features, and the same parts trained and active."""

import json
import shutil

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import ModernBertConfig, ModernBertModel

from evaluators.backbones.load import load_backbone
from evaluators.candidate import TextInput
from evaluators.engine.encode import encode
from evaluators.engine.finetuning import upper_part
from evaluators.samples import image_samples, text_samples
from tests.evaluators.backbones.test_text import causal
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import VOCABULARY, tiny_bert, tiny_image, tiny_tokenizer, toy_images, toy_texts
from tests.pages import page, run_until

TEXTS = [*toy_texts(3, seed=5).samples.texts, "the", "today where how the a my is was please about card"]
IMAGES = toy_images(2, seed=5).samples.images


def modernbert(folder):
    """Write an encoder with a norm after its layers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        size = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 64}
        special = {
            "pad_token_id": 0,
            "cls_token_id": 2,
            "sep_token_id": 3,
            "bos_token_id": 2,
            "eos_token_id": 3,
        }
        ModernBertModel(ModernBertConfig(vocab_size=len(VOCABULARY), **size, **special)).save_pretrained(
            folder
        )
    tiny_tokenizer().save_pretrained(folder)


def convnext(folder):
    """Write a convolutional network without BatchNorm."""
    module = timm.create_model("test_convnext", num_classes=0)
    save_file(
        {name: tensor.contiguous() for name, tensor in module.state_dict().items()},
        folder / "model.safetensors",
    )
    config = {
        "architecture": "test_convnext",
        "num_classes": 0,
        "pretrained_cfg": {"input_size": [3, 32, 32]},
    }
    (folder / "config.json").write_text(json.dumps(config))


def write_base(folder, kind):
    """Write base/ of a folder; return its candidate."""
    if kind == "test_convnext":
        candidate, base = tiny_image(folder / "base")
        convnext(base)
        return candidate
    if kind.startswith("test_"):
        return tiny_image(folder / "base", architecture=kind)[0]
    candidate, base = tiny_bert(folder / "base")
    if kind != "bert":
        shutil.rmtree(base)
        modernbert(base) if kind == "modernbert" else causal(base, kind)
    return candidate


def inputs_of(candidate):
    if candidate.modality == "text":
        return list(TEXTS), text_samples(TEXTS)
    return [Image.fromarray(image) for image in IMAGES], image_samples(IMAGES)


CASES = [
    ("bert", "mean"), ("bert", "cls"), ("bert", "model"), ("modernbert", "mean"), ("llama", "last"), ("gpt2", "last"),
    ("test_resnet", "model"), ("test_resnet", "mean"), ("test_vit", "mean"), ("test_vit", "cls"),
]  # fmt: skip


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize(("kind", "pooling"), CASES)
def test_features_are_those_of_the_engine(tmp_path, kind, pooling, normalize):
    written = write_base(tmp_path, kind)
    changed = written.input.model_copy(
        update={"pooling": pooling, "normalize": normalize, **unusual(written.input)}
    )
    candidate = written.model_copy(update={"input": changed})
    inputs, samples = inputs_of(candidate)
    names = run_until(
        page("knn", changed), "if out:", folder=tmp_path, inputs=inputs, targets=torch.arange(len(inputs)),
        used=torch.arange(len(inputs)), out=None,
    )  # fmt: skip
    backbone = load_backbone(candidate, tmp_path / "base", pretrained=True, device="cpu")
    ours = encode(backbone, samples, dtype="float32", progress=silent)
    np.testing.assert_allclose(names["encode"](torch.arange(len(inputs))), ours, atol=1e-6)


def unusual(accepts):
    """Return input settings that differ from what a library would do by itself."""
    if isinstance(accepts, TextInput):
        return {"prompt": "please ", "max_tokens": 8}
    return {"crop": 0.8, "mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4), "interpolation": "bicubic"}


def trained_and_active(module):
    trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
    # Elsewhere the mode makes no difference.
    kinds = ("Dropout", "DropPath", "BatchNorm2d", "BatchNormAct2d")
    active = {
        name
        for name, part in module.named_modules()
        if part.training and (type(part).__name__ in kinds or "Attention" in type(part).__name__)
    }
    return trained, active


@pytest.mark.parametrize(
    ("row", "settings"),
    [
        ("partial-freeze", {"trained_share": 0.5}),
        ("partial-freeze-quarter", {"trained_share": 0.25}),
        ("partial-freeze-last", {"trained_blocks": 1}),
        ("partial-freeze-last", {"trained_blocks": 9}),
    ],
)
@pytest.mark.parametrize(
    "kind", ["bert", "modernbert", "llama", "gpt2", "test_resnet", "test_vit", "test_convnext"]
)
def test_a_partial_freeze_trains_the_same_parts(tmp_path, kind, row, settings):
    candidate = write_base(tmp_path, kind)
    text = page(row, candidate.input, settings=settings)
    inputs, _ = inputs_of(candidate)
    theirs = run_until(
        text,
        "width =",
        folder=tmp_path,
        inputs=inputs,
        targets=torch.arange(2),
        used=torch.arange(2),
        out=None,
    )["model"]
    backbone = load_backbone(candidate, tmp_path / "base", pretrained=True, device="cpu")
    parts = upper_part(backbone, settings)
    backbone.module.eval()
    for part in parts:
        part.train()
    trained, active = trained_and_active(theirs)
    ours, ours_active = trained_and_active(backbone.module)
    unread = {name for name in trained if name.startswith("pooler.")}  # the engine removed it
    assert trained - unread == ours
    assert active == ours_active
