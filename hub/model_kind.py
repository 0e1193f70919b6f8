"""What kind of network a configuration describes, and whether a head can be put on it here.

In: a parsed config.json. Out: the library that loads it and its family, or an error that names the architecture and
what is supported. What cannot be headed is told before a byte of its weights is read. Pure; no library is asked, so a
network that is too new for this list passes, and is refused where it is locked if transformers does not know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from evaluators.candidate import Library
from evaluators.errors import InvalidDocument

SUPPORTED = (
    "supported are text encoders (BERT, RoBERTa, DeBERTa, MPNet, ModernBERT and others), causal language models "
    "(GPT-2, Llama, Qwen and others) and image networks of timm"
)
#: BertForMaskedLM and its kin: heads under which transformers keeps the trunk where AutoModel finds it.
_HEADS = frozenset({
    "MaskedLM", "CausalLM", "PreTraining", "SequenceClassification", "TokenClassification", "QuestionAnswering",
    "MultipleChoice", "NextSentencePrediction",
})  # fmt: skip
_DECODERS = (
    "gpt", "llama", "mistral", "mixtral", "ministral", "qwen", "phi", "gemma", "opt", "bloom", "falcon", "stablelm",
    "olmo", "smollm", "granite", "mpt", "cohere", "mamba", "starcoder", "openai-gpt", "xglm", "codegen", "biogpt",
    "deepseek_v",
)  # fmt: skip
_SEQ2SEQ = frozenset({
    "t5", "mt5", "umt5", "longt5", "switch_transformers", "t5gemma", "bart", "mbart", "led", "pegasus", "pegasus_x",
    "bigbird_pegasus", "blenderbot", "blenderbot-small", "marian", "m2m_100", "nllb-moe", "prophetnet", "mvp", "plbart",
    "fsmt", "encoder-decoder",
})  # fmt: skip
_SPEECH = (
    "whisper", "wav2vec2", "hubert", "wavlm", "unispeech", "sew", "data2vec-audio", "speech", "seamless", "moonshine",
    "audio-spectrogram", "clap", "encodec", "musicgen", "speecht5", "mctct", "parakeet", "voxtral",
)  # fmt: skip
_PAGES = (
    "layoutlm",
    "layoutxlm",
    "lilt",
    "bros",
    "udop",
    "markuplm",
    "tapas",
    "donut",
    "nougat",
    "pix2struct",
)
_PAIRS = (
    "clip", "siglip", "align", "altclip", "blip", "flava", "vilt", "lxmert", "visual_bert", "llava", "idefics",
    "paligemma", "owlvit", "groupvit", "chinese_clip", "x-clip", "kosmos", "florence", "_vl",
)  # fmt: skip
_SERIES = (
    "time_series",
    "informer",
    "autoformer",
    "patchts",
    "timesfm",
    "decision_transformer",
    "graphormer",
)
_IMAGES = (
    "vit", "swin", "beit", "deit", "convnext", "dinov", "resnet", "regnet", "mobilenet", "efficientnet", "vision",
    "segformer", "detr", "poolformer", "levit", "cvt", "dpt", "hiera", "focalnet", "data2vec-vision", "ijepa",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """What loads a model, and what it is."""

    library: Library
    family: Literal["encoder", "vision", "causal-lm"]
    architecture: str
    own_head: bool = False
    """Whether its files hold a head of their own, which is not used."""


def kind_of(place: str, config: Mapping[str, Any]) -> Kind:
    """Return the kind of a model.

    Args:
        place: How people name it.
        config: Its config.json.

    Raises:
        InvalidDocument: If no head can be put on it here; the message names its architecture.
    """
    if isinstance(config.get("architecture"), str):
        return Kind("timm", "vision", config["architecture"])
    kind = config.get("model_type")
    if not isinstance(kind, str) or not kind:
        raise InvalidDocument(
            f"{place}: config.json names no model_type", hint="is it a transformers or timm model?"
        )
    listed = config.get("architectures")
    architecture = str(listed[0]) if isinstance(listed, list) and listed else kind
    reason = _refused(kind, architecture, config)
    if reason is not None:
        what, hint = reason
        raise InvalidDocument(f"{place}: {architecture} ({kind}) {what}", hint=hint)
    decoder = architecture.endswith(("ForCausalLM", "LMHeadModel")) or kind.startswith(_DECODERS)
    # BertLMHeadModel is an encoder's; only its attention mask makes it causal, and AutoModel loads the encoder.
    encoder = kind.startswith(("bert", "roberta", "xlm-roberta", "camembert", "electra"))
    return Kind(
        "transformers",
        "causal-lm" if decoder and not encoder else "encoder",
        architecture,
        own_head=architecture.endswith(("Classification", "Answering", "Choice", "Prediction")),
    )


def _refused(kind: str, architecture: str, config: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return why no head fits and what to do instead, or None."""
    low = kind.lower()
    if config.get("quantization_config"):
        return "has quantized weights, which cannot be trained or measured here", (
            "propose the model that it was quantized from, in its own precision"
        )
    if any(name in low for name in _SPEECH) or "audio_config" in config:
        return "reads sound", SUPPORTED
    if low in _SEQ2SEQ or config.get("is_encoder_decoder") is True:
        return "is an encoder-decoder, and one pooled vector is not defined for it here", (
            f"take a text encoder of the same family; {SUPPORTED}"
        )
    if low.startswith(_PAGES):
        return "reads pages (words with their places), not plain texts", SUPPORTED
    if (
        low == "git"
        or "vision_config" in config
        or any(low.startswith(name) or (name == "_vl" and name in low) for name in _PAIRS)
    ):
        return "joins images and texts", SUPPORTED
    if low.startswith(_SERIES):
        return "reads neither texts nor images", SUPPORTED
    # Short names are compared whole: `bitnet` is a language model.
    if low == "bit" or low.startswith(_IMAGES) or "image_size" in config:
        return "is a vision model of transformers, and images are read through timm here", (
            "propose the same network from timm's own repositories (timm/...)"
        )
    trunk, _, head = architecture.rpartition("For")
    if architecture != kind and not (head in _HEADS if trunk else architecture.endswith("Model")):
        return "is of no kind that is known here, so where its trunk ends is not known", (
            f"save its trunk alone: AutoModel.from_pretrained(...).save_pretrained(...); {SUPPORTED}"
        )
    return None
