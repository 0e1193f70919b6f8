"""Real, tiny models on disk: a BERT of two layers with its tokenizer, and a timm network. Built in about a second."""

from __future__ import annotations

import json
from pathlib import Path

from evaluators.candidate import Candidate, FileEntry, ImageInput, Structure, TextInput
from evaluators.canonical import digest_of_file

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "green", "blue", "house", "tree")


def tiny_text(folder: Path, name: str = "tiny-bert") -> Candidate:
    """Write a BERT of width 8 and return its candidate."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
    )
    BertModel(config).save_pretrained(folder)
    return Candidate(
        name=name,
        library="transformers",
        input=TextInput(max_tokens=16, pooling="mean"),
        structure=Structure(
            architecture="BertModel", parameters=1000, width=8, blocks=2, flops_per_input=1000
        ),
        files=files_of(folder),
    )


def tiny_image(folder: Path, name: str = "tiny-net") -> Candidate:
    """Write timm's test_resnet and return its candidate."""
    import timm
    import torch
    from timm.models import save_for_hf

    torch.manual_seed(0)
    network = timm.create_model("test_resnet", pretrained=False, num_classes=0)
    save_for_hf(network, str(folder), safe_serialization=True)
    config = json.loads((folder / "config.json").read_text())
    # timm repeats them here, which transformers' wrapper refuses.
    del config["model_args"]
    (folder / "config.json").write_text(json.dumps(config))
    return Candidate(
        name=name,
        library="timm",
        input=ImageInput(size=64, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), interpolation="bilinear"),
        structure=Structure(
            architecture="test_resnet", parameters=1000, width=96, blocks=4, flops_per_input=1000
        ),
        files=files_of(folder),
    )


def files_of(folder: Path) -> tuple[FileEntry, ...]:
    """Return every file of a folder with its digest."""
    return tuple(
        FileEntry(
            path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest_of_file(path)
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
