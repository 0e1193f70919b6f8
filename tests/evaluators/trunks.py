"""Small real trunks of many libraries, three blocks or more; random weights, a function of a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import timm
import torch
import transformers
from torch import nn

from evaluators.backbones.backbone import Backbone
from evaluators.backbones.image import ImageBackbone
from evaluators.backbones.text import TextBackbone
from evaluators.candidate import ImageInput, TextInput
from evaluators.data.samples import Samples
from tests.fakes_models import VOCABULARY, tiny_tokenizer, toy_images, toy_texts

LAYERS = 3
_WORDS = len(VOCABULARY)
_SHAPE = {
    "vocab_size": _WORDS,
    "hidden_size": 16,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
#: Tokens that a configuration's defaults would place outside the tiny vocabulary.
_TOKENS = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}


def _bert() -> nn.Module:
    return transformers.BertModel(transformers.BertConfig(**_SHAPE), add_pooling_layer=False)


def _modernbert() -> nn.Module:
    alternating = {"global_attn_every_n_layers": 2, "local_attention": 4}
    special = {**_TOKENS, "cls_token_id": 2, "sep_token_id": 3}
    return transformers.ModernBertModel(transformers.ModernBertConfig(**_SHAPE, **special, **alternating))


def _llama() -> nn.Module:
    return transformers.LlamaModel(transformers.LlamaConfig(**_SHAPE))


def _gpt2() -> nn.Module:
    sizes = {"vocab_size": _WORDS, "n_embd": 16, "n_layer": LAYERS, "n_head": 2, "n_positions": 64}
    return transformers.GPT2Model(transformers.GPT2Config(**sizes, **_TOKENS))


def _mpnet() -> nn.Module:
    return transformers.MPNetModel(transformers.MPNetConfig(**_SHAPE), add_pooling_layer=False)


def _t5() -> nn.Module:
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": LAYERS, "num_heads": 2}
    return transformers.T5EncoderModel(transformers.T5Config(vocab_size=_WORDS, **sizes))


_TEXT: Mapping[str, Callable[[], nn.Module]] = {
    "bert": _bert,
    "modernbert": _modernbert,
    "llama": _llama,
    "gpt2": _gpt2,
    "mpnet": _mpnet,
    "t5": _t5,
}
IMAGE = ("test_resnet", "test_vit", "test_convnext")
CUTTABLE = ("bert", "modernbert", "llama", "gpt2", "mpnet", *IMAGE)
"""Those that can be cut between any two blocks; T5's first block gives a position bias to all others."""


def trunk(kind: str) -> Backbone:
    """Return a fresh trunk; of one kind always the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if kind in _TEXT:
            module = _TEXT[kind]().float().eval()
            return TextBackbone(module, tiny_tokenizer(), TextInput(max_tokens=32, pooling="mean"))
        sized = {"img_size": 32} if "vit" in kind else {}
        network = timm.create_model(kind, pretrained=False, num_classes=0, **sized).eval()
        half = (0.5, 0.5, 0.5)
        return ImageBackbone(network, ImageInput(size=32, mean=half, std=half, interpolation="bilinear"))


def samples(kind: str, per_class: int = 3) -> Samples:
    """Return samples that a trunk reads: texts of many lengths, or images."""
    return (toy_texts if kind in _TEXT else toy_images)(per_class, seed=0).samples


def depths(backbone: Backbone) -> range:
    """Return the depths below every block but the first."""
    return range(1, len(backbone.blocks()) - 2)
