"""Real but tiny base models, written to disk as their publishers would, and toy data that any of them can separate.

`tiny_bert(folder)` is a 2-layer BertModel with a word-level tokenizer, `tiny_image(folder)` timm's smallest network;
both have random weights, a function of a fixed seed. Training on them takes a second.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from evaluators.candidate import Candidate, FileEntry, ImageInput, Structure, TextInput
from evaluators.canonical import digest_of_file
from evaluators.data.samples import IntArray, Samples, image_samples, text_samples

CLASSES = 3
CLASS_WORDS = (("card", "bank", "money"), ("train", "ticket", "station"), ("rain", "cloud", "storm"))
NAMES = ("money", "station", "storm")
"""A word of each class that names it."""
FILLER = ("the", "a", "my", "is", "was", "please", "today", "about", "where", "how")
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
VOCABULARY = (*_SPECIAL, *FILLER, *(word for words in CLASS_WORDS for word in words))
MEAN = STD = (0.5, 0.5, 0.5)


@dataclass(frozen=True, eq=False)
class ToySet:
    """Labelled samples of three classes."""

    samples: Samples
    labels: IntArray


def tiny_bert(
    folder: Path, *, name: str = "tiny-bert", input_: TextInput | None = None, dropout: float = 0.1
) -> tuple[Candidate, Path]:
    """Write a 2-layer BertModel (width 32, with pooler) and its tokenizer; return its candidate and folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = BertModel(config)
    config.architectures = ["BertModel"]
    config.save_pretrained(folder)
    save_file(dict(model.state_dict()), folder / "model.safetensors", metadata={"format": "pt"})
    tiny_tokenizer().save_pretrained(folder)
    spec = input_ or TextInput(max_tokens=32, pooling="mean", normalize=True)
    parameters = sum(weight.numel() for weight in model.parameters())
    structure = Structure(
        architecture="BertModel", parameters=parameters, width=32, blocks=2, flops_per_input=64 * parameters
    )
    return _candidate(name, "transformers", spec, structure, folder), folder


def episode_llama() -> tuple[Candidate, Path]:
    """Return the catalog's own causal language model, which learns in context, and its folder."""
    folder = Path(__file__).parents[1] / "catalog" / "data" / "episode-llama"
    structure = Structure(
        architecture="LlamaForCausalLM", parameters=876_416, width=128, blocks=3, flops_per_input=60_000_000
    )
    spec = TextInput(max_tokens=256, pooling="mean")
    return _candidate("episode-llama", "transformers", spec, structure, folder), folder


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer that cuts at blanks and puts [CLS] and [SEP] around."""
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def tiny_image(
    folder: Path, *, name: str = "tiny-image", architecture: str = "test_resnet"
) -> tuple[Candidate, Path]:
    """Write a timm network for 32x32 images in timm's layout; return its candidate and folder."""
    folder.mkdir(parents=True, exist_ok=True)
    arguments = {} if "resnet" in architecture else {"img_size": 32}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = timm.create_model(architecture, pretrained=False, num_classes=0, **arguments)
    save_file(
        {key: value.contiguous() for key, value in model.state_dict().items()}, folder / "model.safetensors"
    )
    described = {
        "architecture": architecture,
        "num_classes": 0,
        "input_size": [3, 32, 32],
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "mean": list(MEAN),
        "std": list(STD),
        "classifier": "fc",
        "first_conv": "conv1.0",
    }
    config = {
        "architecture": architecture,
        "num_classes": 0,
        "num_features": model.num_features,
        "pretrained_cfg": described,
        **({"model_args": arguments} if arguments else {}),
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    structure = Structure(
        architecture=architecture,
        parameters=sum(weight.numel() for weight in model.parameters()),
        width=int(model.num_features),
        blocks=4 if "resnet" in architecture else 6,
        flops_per_input=10_000_000,
    )
    spec = ImageInput(size=32, mean=MEAN, std=STD, interpolation="bilinear")
    return _candidate(name, "timm", spec, structure, folder), folder


def toy_texts(per_class: int, *, seed: int) -> ToySet:
    """Return sentences of 3 to 12 words; a class shows in two of them."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES), per_class).astype(np.int64)
    texts = []
    for label in labels:
        words = [*random.choice(FILLER, random.integers(1, 11)), *random.choice(CLASS_WORDS[label], 2)]
        texts.append(" ".join(str(word) for word in random.permutation(words)))
    return ToySet(text_samples(texts), labels)


def toy_images(per_class: int, *, seed: int) -> ToySet:
    """Return noisy images, 32x32: bars across, bars down, and a spot; where they lie is random."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES), per_class).astype(np.int64)
    down, across = np.mgrid[0:32, 0:32]
    images = []
    for label in labels:
        shift = random.integers(0, 8)
        spot = (down - 12 - shift) ** 2 + (across - 12 - shift) ** 2 < 36
        pattern = ((down + shift) % 8 < 4, (across + shift) % 8 < 4, spot)[label]
        grey = 160.0 * pattern[:, :, None] + random.normal(40, 20, (32, 32, 3))
        images.append(np.clip(grey, 0, 255).astype(np.uint8))
    return ToySet(image_samples(images), labels)


def _candidate(
    name: str, library: str, spec: TextInput | ImageInput, structure: Structure, folder: Path
) -> Candidate:
    files = tuple(
        FileEntry(
            path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest_of_file(path)
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
    return Candidate(name=name, library=library, input=spec, structure=structure, files=files)
