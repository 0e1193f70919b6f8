"""A causal language model scores many answers after many texts in one pass as it scores each alone."""

import json

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from evaluators import cuts
from evaluators.backbones.causal import load_causal
from evaluators.errors import IntegrityError, InvalidDocument
from tests.fakes_models import VOCABULARY, tiny_bert, tiny_tokenizer

SIZES = {"vocab_size": len(VOCABULARY)}
BEGINNING = [4, 9, 13, 20, 7]
TEXTS = [[5, 6, 14], [8], [15, 16, 17, 18, 19]]
ANSWERS = [[4], [5, 6], [7, 8, 9], [5, 10]]


def tiny_causal(folder, kind="llama", **changes):
    """Write a random causal language model with the toy tokenizer."""
    if kind == "llama":
        config = LlamaConfig(
            **SIZES, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
            bos_token_id=None, eos_token_id=None, **{"max_position_embeddings": 64, **changes},
        )  # fmt: skip
    else:
        config = GPT2Config(**SIZES, n_embd=32, n_layer=2, n_head=2, n_positions=64, **changes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = {"llama": LlamaForCausalLM, "gpt2": GPT2LMHeadModel}[kind](config)
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def alone(model, beginning, text, answer):
    """Return the mean log-probability of one answer, from one plain forward pass."""
    ids = torch.tensor([[*beginning, *text, *answer]])
    scores = torch.log_softmax(model.module(input_ids=ids).logits[0].double(), dim=1)
    first = ids.shape[1] - len(answer)
    return float(np.mean([scores[first + i - 1, token].item() for i, token in enumerate(answer)]))


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("beginning", [BEGINNING, []], ids=["examples", "none"])
def test_answers_beside_each_other_score_as_each_alone(tmp_path, kind, beginning, monkeypatch):
    model = load_causal(tiny_causal(tmp_path, kind))
    with torch.inference_mode():
        expected = [[alone(model, beginning, text, answer) for answer in ANSWERS] for text in TEXTS]
        found = model.mean_log_probabilities(model.begin(beginning), TEXTS, ANSWERS)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert np.ptp(found) > 0.01
        monkeypatch.setattr(cuts, "PASS_TOKENS", 1)  # every text in a pass of its own
        np.testing.assert_allclose(
            model.mean_log_probabilities(model.begin(beginning), TEXTS, ANSWERS), expected, atol=1e-5
        )


def test_a_beginning_is_read_once_and_can_be_asked_again(tmp_path):
    model = load_causal(tiny_causal(tmp_path))
    read = []
    model.module.model.register_forward_hook(lambda _module, _inputs, output: read.append(output[0].shape[1]))
    with torch.inference_mode():
        beginning = model.begin(BEGINNING)
        first = model.mean_log_probabilities(beginning, TEXTS, ANSWERS)
        again = model.mean_log_probabilities(beginning, TEXTS, ANSWERS)
    assert np.array_equal(first, again)
    assert read == [len(BEGINNING), *[max(map(len, TEXTS)) + sum(map(len, ANSWERS))] * 2]


def test_what_does_not_fit_the_context_is_an_error(tmp_path):
    model = load_causal(tiny_causal(tmp_path))
    with (
        torch.inference_mode(),
        pytest.raises(InvalidDocument, match="70 tokens does not fit a context of 64"),
    ):
        model.mean_log_probabilities(model.begin([4] * 62), TEXTS, ANSWERS)


def test_a_window_that_slides_is_the_context(tmp_path):
    folder = tiny_causal(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "sliding_window": 16}))
    assert load_causal(folder).context == 16


def test_a_folder_without_a_head_is_refused(tmp_path):
    _, encoder = tiny_bert(tmp_path / "bert")
    with pytest.raises(IntegrityError, match="do not fill"):
        load_causal(encoder)
    (encoder / "adapter_config.json").write_text("{}")
    with pytest.raises(IntegrityError, match="holds an adapter"):
        load_causal(encoder)


def test_pickles_are_never_opened(tmp_path):
    folder = tiny_causal(tmp_path)
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(OSError, match=r"model\.safetensors"):
        load_causal(folder)


def test_global_generators_are_left_alone(tmp_path):
    folder = tiny_causal(tmp_path)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    load_causal(folder)
    assert torch.equal(torch.get_rng_state(), before)
