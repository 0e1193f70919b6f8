"""What a head can be put on here, by its configuration; the rest is refused by name before a weight is read."""

import pytest

from evaluators.errors import InvalidDocument
from hub.model_kind import kind_of


def transformers(model_type, architecture=None, **more):
    named = {"architectures": [architecture]} if architecture else {}
    return {"model_type": model_type, **named, **more}


@pytest.mark.parametrize(
    ("config", "family", "own_head"),
    [
        (transformers("bert", "BertModel"), "encoder", False),
        (transformers("bert", "BertLMHeadModel"), "encoder", False),
        (transformers("modernbert", "ModernBertForMaskedLM"), "encoder", False),
        (transformers("xlm-roberta", "XLMRobertaForSequenceClassification"), "encoder", True),
        (transformers("gpt2", "GPT2LMHeadModel"), "causal-lm", False),
        (transformers("llama", "LlamaForCausalLM"), "causal-lm", False),
        (transformers("qwen2", "Qwen2Model"), "causal-lm", False),
        (
            transformers("bitnet", "BitNetForCausalLM"),
            "causal-lm",
            False,
        ),  # no `bit`, which is a vision model
        # A reward model: a causal trunk under one output. The trunk is a base like any other.
        (transformers("llama", "LlamaForSequenceClassification", num_labels=1), "causal-lm", True),
        (transformers("bert"), "encoder", False),
        ({"architecture": "resnet18"}, "vision", False),
    ],
)
def test_what_can_be_headed_has_its_family(config, family, own_head):
    kind = kind_of("./x", config)
    assert (kind.family, kind.own_head) == (family, own_head)
    assert kind.library == ("timm" if family == "vision" else "transformers")


@pytest.mark.parametrize(
    ("config", "said", "hint"),
    [
        (transformers("t5", "T5ForConditionalGeneration"), "T5For.* is an encoder-decoder", "take a text encoder"),
        (transformers("mynet", "MyModel", is_encoder_decoder=True), "encoder-decoder", "supported are"),
        (transformers("clip", "CLIPModel", vision_config={}), "CLIPModel .* joins images and texts", "supported are"),
        (transformers("qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration"), "joins images", "supported are"),
        (transformers("whisper", "WhisperForConditionalGeneration"), "WhisperFor.* reads sound", "supported"),
        (transformers("wav2vec2", "Wav2Vec2ForCTC"), "reads sound", "supported are"),
        (transformers("layoutlmv3", "LayoutLMv3Model"), "LayoutLMv3Model .* reads pages", "supported are"),
        (transformers("vit", "ViTForImageClassification", image_size=224), "read through timm here", "timm/"),
        (transformers("llama", "LlamaForRewardModel"), "LlamaForRewardModel .* no kind that is known", "trunk alone"),
        (transformers("llama", "LlamaForCausalLM", quantization_config={"bits": 4}), "quantized", "precision"),
        ({}, "names no model_type", "transformers or timm"),
        ({"architecture": ["resnet18"]}, "names no model_type", "transformers or timm"),
    ],
)  # fmt: skip
def test_what_cannot_be_headed_is_refused_by_name_with_what_is_supported(config, said, hint):
    with pytest.raises(InvalidDocument, match=said) as caught:
        kind_of("./x", config)
    assert hint in caught.value.hint
