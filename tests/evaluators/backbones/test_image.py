"""Image backbones: preprocessing, pooling, groups, what is refused, and equality with other loaders."""

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image as Pillow
from transformers import AutoModel

from evaluators.backbones.image import load_image
from evaluators.backbones.load import load_backbone
from evaluators.candidate import ImageInput
from evaluators.data.samples import image_samples
from evaluators.engine.encode import encode
from evaluators.errors import IntegrityError, InvalidDocument
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import MEAN, STD, tiny_image, toy_images

IMAGES = toy_images(3, seed=3).samples
SPEC = ImageInput(size=32, mean=MEAN, std=STD, interpolation="bilinear")


@pytest.fixture(scope="module", params=["test_resnet", "test_vit"])
def network(request, tmp_path_factory):
    return tiny_image(tmp_path_factory.mktemp("timm"), architecture=request.param)


def pixels() -> torch.Tensor:
    """The images normalised by hand."""
    return (torch.from_numpy(np.stack(IMAGES.images)).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5


def features(folder: Path, spec: ImageInput) -> np.ndarray:
    return encode(load_image(spec, folder, pretrained=True), IMAGES, dtype="float32", progress=silent)


def test_features_equal_those_of_timm_and_of_transformers(network):
    candidate, folder = network
    ours = encode(
        load_backbone(candidate, folder, pretrained=True, device="cpu"),
        IMAGES,
        dtype="float32",
        progress=silent,
    )
    with torch.no_grad():
        of_timm = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()(pixels())
        wrapped = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        of_transformers = wrapped(pixel_values=pixels()).pooler_output
    np.testing.assert_allclose(ours, of_timm.numpy(), atol=1e-5)
    np.testing.assert_allclose(ours, of_transformers.numpy(), atol=1e-5)


def test_pooling_by_hand(network):
    _, folder = network
    module = load_image(SPEC, folder, pretrained=True).module
    with torch.no_grad():
        hidden = module.forward_features(pixels())
    mean = hidden.mean(dim=(2, 3)) if hidden.dim() == 4 else hidden[:, 1:].mean(dim=1)
    ours = features(folder, SPEC.model_copy(update={"pooling": "mean", "normalize": True}))
    np.testing.assert_allclose(ours, torch.nn.functional.normalize(mean, dim=1).numpy(), atol=1e-5)
    cls = SPEC.model_copy(update={"pooling": "cls"})
    if hidden.dim() == 4:
        with pytest.raises(InvalidDocument, match="class token"):
            features(folder, cls)
    else:
        np.testing.assert_allclose(features(folder, cls), hidden[:, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "blocks", "has_top"),
    [("test_resnet", 4, False), ("test_vit", 6, True), ("test_convnext", 9, True)],
)
def test_blocks_cover_the_network_bottom_up(tmp_path, architecture, blocks, has_top):
    _, folder = (
        tiny_image(tmp_path)
        if architecture == "test_convnext"
        else tiny_image(tmp_path, architecture=architecture)
    )
    if architecture == "test_convnext":
        config = {"architecture": architecture, "num_classes": 0, "pretrained_cfg": {}}
        (folder / "config.json").write_text(json.dumps(config))
    backbone = load_image(SPEC, folder, pretrained=False)
    parts = backbone.blocks()
    assert len(parts) - 2 == blocks
    assert bool(list(parts[-1].parameters())) is has_top
    listed = [weight for part in parts for weight in part.parameters()]
    assert len({id(weight) for weight in listed}) == len(listed)
    names = {id(weight): name for name, weight in backbone.module.named_parameters()}
    assert set(names.values()) - {names[id(weight)] for weight in listed} <= {"cls_token", "pos_embed"}


def test_resizes_the_shorter_side_and_crops_the_centre():
    wide = np.zeros((20, 40, 3), dtype=np.uint8)
    wide[:, 10:30] = 200
    tiny = load_any(ImageInput(size=10, mean=MEAN, std=STD, interpolation="nearest"))
    (prepared,) = tiny.prepare(image_samples([wide]))
    assert (prepared.shape, prepared.dtype) == ((3, 10, 10), torch.uint8)
    assert (prepared == 200).all()


def test_size_and_crop_are_those_of_timm():
    random = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    spec = ImageInput(size=32, mean=MEAN, std=STD, interpolation="bicubic", crop=0.8)
    transform = timm.data.create_transform(
        input_size=(3, 32, 32), interpolation="bicubic", crop_pct=0.8, mean=MEAN, std=STD, is_training=False
    )
    backbone = load_any(spec)
    ours = backbone.batch(backbone.prepare(image_samples([random])), [0])["pixels"][0]
    torch.testing.assert_close(ours, transform(Pillow.fromarray(random)), atol=1e-6, rtol=0)


def load_any(spec: ImageInput):
    """Return a backbone for its preprocessing only."""
    from evaluators.backbones.image import ImageBackbone

    return ImageBackbone(timm.create_model("test_resnet", num_classes=0), spec)


def rewrite(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"architecture": "local-dir:/etc"}, InvalidDocument, "no architecture"),
        ({"architecture": "hf-hub:timm/resnet18"}, InvalidDocument, "no architecture"),
        ({"model_args": {"checkpoint_path": "evil.pt"}}, IntegrityError, "checkpoint_path"),
        ({"architecture": "resnet18"}, IntegrityError, "do not fill"),
    ],
    ids=["folder", "hub", "checkpoint", "other-architecture"],
)
def test_configurations_that_lead_elsewhere_are_refused(tmp_path, changes, error, words):
    _, folder = tiny_image(tmp_path)
    rewrite(folder, **changes)
    with pytest.raises(error, match=words):
        load_image(SPEC, folder, pretrained=True)


def test_a_stored_classifier_is_left_out(tmp_path):
    from safetensors.torch import load_file, save_file

    _, folder = tiny_image(tmp_path)
    expected = features(folder, SPEC)
    weights = load_file(folder / "model.safetensors")
    save_file(
        {**weights, "fc.weight": torch.ones(5, 96), "fc.bias": torch.ones(5)}, folder / "model.safetensors"
    )
    np.testing.assert_array_equal(features(folder, SPEC), expected)


def test_the_glyph_base_of_the_catalog_loads():
    folder = Path(__file__).parents[3] / "catalog" / "data" / "glyph-resnet"
    assert features(folder, SPEC).shape == (9, 96)
