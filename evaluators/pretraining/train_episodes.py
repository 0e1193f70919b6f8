"""Trains the in-house causal language model and writes its folder: what `catalog/data/episode-llama` was made with.

In: nothing but `RECIPE`. Out: a folder with `model.safetensors` (float16), `config.json` and a tokenizer, in the form
that transformers loads as `AutoModelForCausalLM`. Invariant: one recipe gives the same bytes on one machine.

    python -m evaluators.pretraining.train_episodes --into catalog/data/episode-llama

About six minutes on one idle CPU core.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from safetensors.torch import save
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from evaluators.pretraining.episode_batches import CONTEXT, IGNORED, Batch, batches
from evaluators.pretraining.episode_recipe import RECIPE, EpisodeRecipe
from evaluators.pretraining.episodes import AFTER, BETWEEN, Pages, Style
from evaluators.pretraining.topics import TRAINED

_PADDING = "<pad>"


@dataclass(frozen=True)
class Report:
    """Means over the steps since the last report.

    Attributes:
        step: Steps done.
        loss: Of labels.
        named, renamed: Share of first label tokens that were the most probable token of all.
        seconds: Since the last report.
    """

    step: int
    loss: float
    named: float
    renamed: float
    seconds: float


def new_tokenizer(recipe: EpisodeRecipe) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE of lower-cased words from pages of the recipe; blanks are no tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\n|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]"), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    pages = Pages(TRAINED, _random(recipe, "tokenizer"))
    styles: tuple[Style, ...] = ("named", "named", "named", "invented")
    texts = [
        f"{line.text}{BETWEEN} {line.label}{AFTER}"
        for number in range(2000)
        for line in pages.page(styles[number % 4], lines=8, classes=8, longest=1)
    ]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=[_PADDING],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=_PADDING,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def new_model(recipe: EpisodeRecipe) -> LlamaForCausalLM:
    """Build the untrained network, initialised from the seed."""
    config = LlamaConfig(
        vocab_size=recipe.vocabulary,
        hidden_size=recipe.width,
        intermediate_size=recipe.inner,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
        # A linear layer of this width keeps the size of what it reads; the usual 0.02 is for widths of thousands.
        initializer_range=recipe.width**-0.5,
    )
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(config)


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    recipe: EpisodeRecipe,
    *,
    every: int = 50,
) -> Iterator[Report]:
    """Train in place; yield a report every so many steps."""
    pages = Pages(TRAINED, _random(recipe, "pages"))
    total = sum(stage.steps for stage in recipe.stages)
    table = model.get_input_embeddings().weight
    matrices = [weight for weight in model.parameters() if weight.dim() > 1 and weight is not table]
    vectors = [table, *(weight for weight in model.parameters() if weight.dim() == 1)]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=recipe.muon_lr, weight_decay=recipe.weight_decay, momentum=0.9),
        torch.optim.AdamW(vectors, lr=recipe.max_lr, weight_decay=0.0, betas=(0.9, 0.98), fused=True),
    ]
    peaks = [recipe.muon_lr, recipe.max_lr]
    step, began, sums = 0, time.perf_counter(), np.zeros(6)
    model.train()
    for stage in recipe.stages:
        for batch in batches(recipe, stage, tokenizer, pages):
            step += 1
            rate = min(step / recipe.warmup, max(0.02, (total - step) / (total - recipe.warmup)))
            for optimizer, peak in zip(optimizers, peaks, strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = peak * rate
            sums += _step(model, optimizers, batch)
            if step % every == 0 or step == total:
                yield Report(
                    step,
                    sums[0] / sums[1],
                    sums[2] / max(1, sums[3]),
                    sums[4] / max(1, sums[5]),
                    time.perf_counter() - began,
                )
                began, sums = time.perf_counter(), np.zeros(6)


def _step(model: LlamaForCausalLM, optimizers: Sequence[torch.optim.Optimizer], batch: Batch) -> np.ndarray:
    hidden = model.model(input_ids=batch.ids).last_hidden_state
    wanted = batch.targets != IGNORED
    logits = model.lm_head(hidden[wanted])
    targets, weights = batch.targets[wanted], batch.weights[wanted]
    losses = functional.cross_entropy(logits, targets, reduction="none")
    loss = (losses * weights).sum() / weights.sum()
    model.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    right = logits.detach().argmax(dim=1) == targets
    named, renamed, labels = batch.named[wanted], batch.renamed[wanted], weights == 1.0
    return np.array(
        [
            float(losses.detach()[labels].sum()), int(labels.sum()),
            int(right[named].sum()), int(named.sum()), int(right[renamed].sum()), int(renamed.sum()),
        ]
    )  # fmt: skip


def _random(recipe: EpisodeRecipe, what: str) -> Random:
    return Random(f"{recipe.seed}:{what}")  # noqa: S311 - nothing secret is drawn


def save_base(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, into: Path) -> None:
    """Write weights in float16, `config.json` and the tokenizer into a folder, which is made where it is missing."""
    into.mkdir(parents=True, exist_ok=True)
    # The head is the table of tokens, which is written once.
    weights = {
        name: tensor.detach().half().contiguous()
        for name, tensor in model.state_dict().items()
        if name != "lm_head.weight"
    }
    # Not save_file: that makes a file which only its owner may read, and a base is there to be shared.
    (into / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(into)
    tokenizer.save_pretrained(into)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        arguments: Instead of the process's own.
    """
    parser = argparse.ArgumentParser(description="Train the in-house language model and write its folder.")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="folder of the base")
    options = parser.parse_args(arguments)
    torch.set_num_threads(RECIPE.threads)
    tokenizer, model = new_tokenizer(RECIPE), new_model(RECIPE)
    total = sum(stage.steps for stage in RECIPE.stages)
    _say(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {total} steps")
    for report in train(model, tokenizer, RECIPE):
        _say(
            f"step {report.step}/{total}  loss {report.loss:.3f}  named {report.named:.2f}  "
            f"renamed {report.renamed:.2f}  {report.seconds:.0f} s"
        )
    save_base(model, tokenizer, options.into)
    _say(f"wrote {options.into}")


def _say(line: str) -> None:
    """Show a line of progress: on standard error, which nobody pipes on and nothing buffers."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
