"""LoRA cells one after the other: peft around the base, and a tuned loop in plain torch.

The base stays in evaluation mode, as in our cells; batches are of like lengths.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer, set_seed

from evaluators.candidate import TextInput
from evaluators.data.samples import FloatArray, Samples
from evaluators.engine.recipe import recipe_of
from evaluators.peers.cell import PeerCell, PeerResult
from evaluators.peers.plain_loop import by_length, descend
from evaluators.peers.text_network import TextClassifier, parameter_groups, text_classifier

_EVAL_BATCH = 128


def fit(cell: PeerCell) -> PeerResult:
    """Train and predict one cell of texts; on a GPU in bf16 autocast."""
    set_seed(cell.seed)
    network, recipe = text_classifier(cell), recipe_of(cell.settings)
    network.to(cell.device).eval()
    tokenizer = AutoTokenizer.from_pretrained(cell.folder)
    ids = _ids(cell, tokenizer, cell.train.samples)
    labels = torch.from_numpy(cell.train.labels).to(cell.device)
    generator = torch.Generator().manual_seed(cell.seed)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(parameter_groups(network, network.head, recipe), fused=True)
    steps = recipe.steps(len(labels))

    def pairs() -> Any:
        for indices in by_length([len(row) for row in ids], recipe.batch_size, generator):
            batch = _padded([ids[index] for index in indices], tokenizer, cell.device)
            yield lambda batch=batch: _logits(network, batch), labels[indices]

    descend(weights, optimizer, pairs(), recipe, steps)
    found = {name: _predict(cell, network, tokenizer, samples) for name, samples in cell.sets.items()}
    counters = {"sample_forwards": network.sample_forwards, "tokens": network.tokens}
    return PeerResult(found, steps, counters)


def _ids(cell: PeerCell, tokenizer: Any, samples: Samples) -> list[list[int]]:
    assert isinstance(cell.input, TextInput)
    texts = [cell.input.prompt + text for text in samples.texts]
    encoded = tokenizer(texts, truncation=True, max_length=cell.input.max_tokens)
    rows: list[list[int]] = encoded["input_ids"]
    return rows


def _padded(rows: list[list[int]], tokenizer: Any, device: str) -> Any:
    batch = tokenizer.pad({"input_ids": rows}, padding=True, return_tensors="pt").to(device)
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}


def _logits(network: TextClassifier, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    device = batch["input_ids"].device.type
    with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
        logits: torch.Tensor = network(**batch)["logits"]
    return logits.float()


def _predict(cell: PeerCell, network: TextClassifier, tokenizer: Any, samples: Samples) -> FloatArray:
    ids = _ids(cell, tokenizer, samples)
    order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
    found = np.zeros((len(ids), cell.classes), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), _EVAL_BATCH):
            indices = order[start : start + _EVAL_BATCH]
            logits = _logits(network, _padded([ids[index] for index in indices], tokenizer, cell.device))
            found[indices] = torch.softmax(logits, dim=1).cpu().numpy()
    return found
