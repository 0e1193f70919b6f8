"""Structure read from headers: exact counts, and FLOPs close to a count by torch."""

import json

import pytest

from evaluators.candidate import ImageInput, TextInput
from evaluators.errors import InvalidDocument
from hub.structure import read_structure
from tests.hub.models import floats, put, safetensors, tiny_bert

TEXT = TextInput(max_tokens=16, pooling="mean")


def image(size):
    return ImageInput(size=size, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def paths(folder, files):
    put(folder, files)
    return {name: folder / name for name in files}


def test_a_transformer_is_counted_and_its_flops_follow_from_the_parameters(tmp_path):
    found = read_structure("transformers", TEXT, paths(tmp_path, tiny_bert()))
    assert (found.architecture, found.width, found.blocks) == ("BertModel", 4, 1)
    assert found.parameters == 20 + 16 + 4 + 16 + 256
    # Embeddings are looked up and the pooler is not run: 276 parameters, 16 tokens, one layer of width 4.
    assert found.flops_per_input == 2 * (16 + 4 + 256) * 16 + 4 * 1 * 16**2 * 4


@pytest.mark.parametrize(
    "config",
    [
        {"n_embd": 4, "n_layer": 1},
        {"d_model": 4, "num_layers": 1},
        {"text_config": {"hidden_size": 4, "n_layers": 1}},
    ],
)
def test_the_dialects_of_configurations_are_understood(tmp_path, config):
    files = {**tiny_bert(), "config.json": json.dumps({"model_type": "gpt2", **config}).encode()}
    found = read_structure("transformers", TEXT, paths(tmp_path, files))
    assert (found.architecture, found.width, found.blocks) == ("gpt2", 4, 1)


@pytest.mark.parametrize("config", [b"{}", b"[]", b'{"hidden_size": "4"}', b'{"hidden_size": true}'])
def test_a_configuration_that_does_not_say_is_an_error_with_the_field(tmp_path, config):
    with pytest.raises(InvalidDocument, match=r"config\.json"):
        read_structure("transformers", TEXT, paths(tmp_path, {**tiny_bert(), "config.json": config}))


def test_buffers_and_whole_numbers_are_no_parameters(tmp_path):
    weights = {
        "bn1.weight": ("F32", [2], floats(1, 1)),
        "bn1.running_mean": ("F32", [2], floats(1, 1)),
        "bn1.num_batches_tracked": ("I64", [], b"\1" + b"\0" * 7),
    }
    config = json.dumps({"architecture": "resnet18", "num_features": 2}).encode()
    files = paths(tmp_path, {"config.json": config, "model.safetensors": safetensors(weights)})
    assert read_structure("timm", image(32), files).parameters == 2


def test_a_timm_model_of_text_is_a_mistake_of_the_card(tmp_path):
    config = json.dumps({"architecture": "resnet18", "num_features": 2}).encode()
    with pytest.raises(InvalidDocument, match="its card describes text"):
        read_structure("timm", TEXT, paths(tmp_path, {**tiny_bert(), "config.json": config}))
