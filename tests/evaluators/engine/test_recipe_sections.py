"""Sections of a recipe do what the engine does: the same features, and the same parts trained and active."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import ModernBertConfig, ModernBertModel

from evaluators.backbones.load import load_backbone
from evaluators.candidate import TextInput
from evaluators.data.samples import image_samples, text_samples
from evaluators.engine.encode import encode
from evaluators.engine.finetuning import upper_part
from evaluators.engine.fit import fit
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.layerwise import decayed
from evaluators.engine.probe_first import probe_head
from evaluators.strategy import strategy
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


@pytest.mark.parametrize(
    ("kind", "pooling"),
    [("bert", "mean"), ("bert", "model"), ("modernbert", "mean"), ("llama", "last"), ("gpt2", "last")]
    + [(name, "model") for name in ("test_resnet", "test_vit", "test_convnext")],
)
def test_layers_decay_alike(tmp_path, kind, pooling):
    written = write_base(tmp_path, kind)
    accepts = written.input.model_copy(update={"pooling": pooling})
    candidate = written.model_copy(update={"input": accepts})
    names = run_page(tmp_path, "layer-decay", accepts, "width =", count=2)
    name_of = {id(weight): name for name, weight in names["model"].named_parameters()}
    theirs = {name_of[id(weight)]: scale for weight, scale in names["scale"].items()}
    backbone = load_backbone(candidate, tmp_path / "base", pretrained=True, device="cpu")
    decay = strategy("layer-decay").defaults_for(candidate.modality)["layer_decay"]
    ours = {name: layer.rate for layer in decayed(backbone, decay) for name in layer.names}
    # The engine removed a pooler that the pooling does not read.
    assert {name: theirs[name] for name in ours} == pytest.approx(ours)
    assert {name.partition(".")[0] for name in theirs.keys() - ours.keys()} <= {"pooler"}


@pytest.mark.parametrize("kind", ["bert", "test_resnet"])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_head_starts_at_the_same_optimum(tmp_path, kind, classes):
    candidate = write_base(tmp_path, kind)
    inputs, samples = inputs_of(candidate)
    targets = np.arange(len(inputs)) % classes
    names = run_page(
        tmp_path, "lp-ft", candidate.input, "trained =",
        count=len(inputs), targets=torch.tensor(targets), names=list(range(classes)),
    )  # fmt: skip
    job = SimpleNamespace(
        inputs=Inputs(samples=samples), labels=targets, classes=classes, seed=0, selection="fixed",
        settings=strategy("lp-ft").defaults,
    )  # fmt: skip
    ours = probe_head(load_backbone(candidate, tmp_path / "base", pretrained=True, device="cpu"), FitJob(
        **vars(job), load_backbone=None, device="cpu", dtype="float32", progress=silent
    ))  # fmt: skip
    theirs = names["head"][1]
    np.testing.assert_allclose(theirs.weight.detach(), ours.weight.detach(), rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(theirs.bias.detach(), ours.bias.detach(), rtol=2e-3, atol=2e-3)


def test_the_page_pulls_back_as_the_engine_does(tmp_path):
    """One step from the same start: the gradient that the optimiser sees is that of the loss and of the pull."""
    candidate = write_base(tmp_path, "test_resnet")
    settings = {
        "epochs": 1,
        "min_steps": 2,
        "max_steps": 2,
        "alpha": 5.0,
        "beta": 3.0,
        "clip": 1e9,
        "batch_size": 64,
    }
    inputs, samples = inputs_of(candidate)
    targets = np.arange(len(inputs)) % 2
    names = run_page(
        tmp_path, "l2-sp", candidate.input, "model.eval()", settings=settings,
        count=len(inputs), targets=torch.tensor(targets), names=["a", "b"],
    )  # fmt: skip
    row = strategy("l2-sp")
    fitted = fit(row, FitJob(
        inputs=Inputs(samples=samples), labels=targets, classes=2, seed=0, selection="fixed",
        settings={**row.defaults_for("image"), **settings}, device="cpu", dtype="float32", progress=silent,
        load_backbone=lambda pretrained: load_backbone(
            candidate, tmp_path / "base", pretrained=pretrained, device="cpu"
        ),
    ))  # fmt: skip
    theirs = names["model"].state_dict()
    for name, value in fitted.network.backbone.module.state_dict().items():
        np.testing.assert_allclose(value, theirs[name], atol=1e-5, err_msg=name)


def run_page(folder, row, accepts, line, *, count, settings=None, **given):
    """Run a row's page on the inputs of its modality up to a line."""
    inputs = list(TEXTS) if accepts.modality == "text" else [Image.fromarray(image) for image in IMAGES]
    return run_until(
        page(row, accepts, settings=settings), line, folder=folder, inputs=inputs,
        **{"targets": torch.arange(count), "used": torch.arange(count), "out": None, **given},
    )  # fmt: skip
