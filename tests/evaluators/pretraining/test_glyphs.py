"""The glyph recipes draw what they say, the training learns, and the committed bases are whole.

A change of a recipe's number or of the drawing makes the committed weights a different base than the recipe's, so
both are pinned here: whoever changes one retrains the other.
"""

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file

from evaluators.pretraining import glyphs
from evaluators.pretraining.glyphs import CHARACTERS, FONTS, GOOD, PLAIN, RECIPES, draw_glyphs
from evaluators.pretraining.train_glyphs import CONFIG, main, new_model, save_base, to_pixels, train

DATA = Path(__file__).parents[3] / "catalog" / "data"
BASES = [DATA / "glyph-resnet", DATA / "glyph-resnet-plain"]
FEW = replace(GOOD, images=len(CHARACTERS) * 2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread: on a busy machine, two wait for each other far longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_same_seed_draws_same_images() -> None:
    first, again = draw_glyphs(FEW)[0], draw_glyphs(FEW)[0]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, draw_glyphs(replace(FEW, seed=1))[0])


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_images_are_grey_squares_with_ink(recipe: glyphs.GlyphRecipe) -> None:
    images, labels = draw_glyphs(replace(recipe, images=len(CHARACTERS)))
    assert images.shape == (62, 32, 32)
    assert images.dtype == np.uint8
    assert images.min() == 0
    assert (images.max(axis=(1, 2)) > 60).all()  # each has ink, also the hairlines of cmmi10
    assert labels.tolist() == list(range(62))


def test_crop_brings_ink_to_two_opposite_edges() -> None:
    images, _ = draw_glyphs(FEW)
    rows = images.any(axis=2)[:, [0, -1]].all(axis=1)
    columns = images.any(axis=1)[:, [0, -1]].all(axis=1)
    assert (rows | columns).all()


def test_plain_differs_from_good_in_the_distortions_only() -> None:
    changed = {name for name, value in asdict(GOOD).items() if value != asdict(PLAIN)[name]}
    assert changed == {"warp", "shear", "rotation", "dilation", "crop", "average"}
    good, plain = draw_glyphs(FEW)[0], draw_glyphs(replace(PLAIN, images=FEW.images))[0]
    assert good.mean() > 3 * plain.mean()  # cropped and thickened against a small printed letter


def test_recipe_cannot_be_changed_and_has_the_released_numbers() -> None:
    with pytest.raises(FrozenInstanceError):
        GOOD.epochs = 1  # type: ignore[misc]  # that it is refused is the point
    drawn = {"images": 40_000, "seed": 0, "font_pixels": 32, "crop": True, "average": True}
    bent = {"warp": 0.12, "shear": 0.3, "rotation": 12.0, "dilation": 1}
    trained = {"epochs": 8, "batch": 128, "max_lr": 3e-3, "weight_decay": 0.05, "threads": 2}
    assert asdict(GOOD) == drawn | bent | trained
    assert len(FONTS) == len(set(FONTS)) == 22


def test_pixels_follow_the_config() -> None:
    pixels = to_pixels(np.array([[[0, 255]]], np.uint8))
    assert pixels.shape == (1, 3, 1, 2)
    assert pixels[0, :, 0].tolist() == [[-1.0, 1.0]] * 3


def test_training_lowers_the_loss_and_is_deterministic() -> None:
    recipe = replace(FEW, images=248, epochs=4, batch=62)
    images, labels = draw_glyphs(recipe)
    first = [epoch.loss for epoch in train(new_model(recipe), images, labels, recipe)]
    again = [epoch.loss for epoch in train(new_model(recipe), images, labels, recipe)]
    assert first[-1] < first[0] - 0.1
    assert first == again


def test_command_writes_a_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = replace(FEW, images=62, epochs=1, batch=62, threads=1)
    monkeypatch.setitem(RECIPES, "good", tiny)
    main(["--recipe", "good", "--into", str(tmp_path / "base")])
    assert sorted(file.name for file in (tmp_path / "base").iterdir()) == ["config.json", "model.safetensors"]
    assert "epoch 1/1" in capsys.readouterr().err


def test_saved_base_has_no_classifier_and_the_committed_config(tmp_path: Path) -> None:
    save_base(new_model(FEW), tmp_path)
    assert not [name for name in load_file(tmp_path / "model.safetensors") if name.startswith("fc.")]
    assert (tmp_path / "config.json").read_bytes() == (BASES[0] / "config.json").read_bytes()


def test_config_loads_in_transformers() -> None:
    assert "model_args" not in CONFIG  # TimmWrapper would pass num_classes twice


def test_committed_configs_are_the_same_bytes() -> None:
    first, second = [(base / "config.json").read_bytes() for base in BASES]
    assert first == second


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_committed_weights_are_small_finite_and_fit(base: Path) -> None:
    file = base / "model.safetensors"
    assert file.stat().st_size < 2_000_000
    weights = load_file(file)
    expected = {name: tensor.shape for name, tensor in new_model(GOOD).state_dict().items()}
    assert {**expected, **{name: tensor.shape for name, tensor in weights.items()}} == expected
    assert set(expected) - set(weights) == {"fc.weight", "fc.bias"}
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_timm_and_transformers_load_the_same_features(base: Path) -> None:
    from transformers import AutoModel

    pixels = to_pixels(draw_glyphs(replace(FEW, images=8))[0])
    by_timm = timm.create_model(f"local-dir:{base}", pretrained=True, num_classes=0).eval()
    by_transformers, report = AutoModel.from_pretrained(base, output_loading_info=True)
    with torch.inference_mode():
        features = by_timm(pixels)
        # Not bit for bit: transformers maps the file, so its weights lie unaligned and are summed in another order.
        torch.testing.assert_close(features, by_transformers(pixels).pooler_output, rtol=0, atol=1e-5)
    assert features.shape == (8, CONFIG["num_features"])
    assert not report["missing_keys"] | report["unexpected_keys"]


def test_committed_weights_differ() -> None:
    good, plain = [load_file(base / "model.safetensors") for base in BASES]
    assert not torch.equal(good["conv1.0.weight"], plain["conv1.0.weight"])
