"""Training a cell with `transformers.Trainer`: what its default and its tuned user have in common.

In: a `PeerCell` of texts and the user's `Habits`. Out: a `PeerResult`. Steps, batch size, rates, schedule and clipping
are those of our recipe.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from scipy.special import softmax
from transformers import (
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging as library_log

from evaluators.candidate import TextInput
from evaluators.data.samples import FloatArray, IntArray, Samples
from evaluators.engine.recipe import recipe_of
from evaluators.peers.cell import PeerCell, PeerResult
from evaluators.peers.text_network import padded_length, parameter_groups, text_classifier


@dataclass(frozen=True)
class Habits:
    """What a user of Trainer sets, and what they leave.

    Attributes:
        max_length: Tokens that every text is padded to; None pads to the longest of a batch.
        sampling: `train_sampling_strategy` of TrainingArguments.
        eval_batch_size: Texts a batch where nothing is trained.
        evaluates: Whether the validation set is looked at after every epoch.
        watches_loss: Whether each loss is looked at on the host (`logging_nan_inf_filter`) and written down.
        reduced_precision: bf16 and TF32 on a GPU.
    """

    max_length: int | None
    sampling: str
    eval_batch_size: int
    evaluates: bool
    watches_loss: bool
    reduced_precision: bool


def run_trainer(cell: PeerCell, habits: Habits) -> PeerResult:
    """Train and predict one cell.

    Raises:
        ValueError: If the cell is not about texts.
    """
    _be_quiet()
    set_seed(cell.seed)
    network, recipe = text_classifier(cell), recipe_of(cell.settings)
    tokenizer = AutoTokenizer.from_pretrained(cell.folder)
    train = _dataset(cell, habits, tokenizer, cell.train.samples, cell.train.labels)
    steps = recipe.steps(len(cell.train))
    with tempfile.TemporaryDirectory() as folder:
        arguments = _arguments(cell, habits, folder, steps)
        optimizer_class, how = Trainer.get_optimizer_cls_and_kwargs(arguments)
        # Rates and decay stand in the groups; the rest (fused or not, betas) is what Trainer would choose.
        how = {name: value for name, value in how.items() if name != "lr"}
        optimizer = optimizer_class(parameter_groups(network, network.head, recipe), **how)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: recipe.factor(step, steps))
        trainer = Trainer(
            model=network,
            args=arguments,
            train_dataset=train,
            eval_dataset=_dataset(cell, habits, tokenizer, cell.validation.samples, cell.validation.labels)
            if habits.evaluates
            else None,
            data_collator=None if habits.max_length else DataCollatorWithPadding(tokenizer),
            optimizers=(optimizer, schedule),
        )
        # Which prints a line at the end; a benchmark prints a table.
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        found = {
            name: _probabilities(trainer, _dataset(cell, habits, tokenizer, samples, None))
            for name, samples in cell.sets.items()
        }
    counters = {"sample_forwards": network.sample_forwards, "tokens": network.tokens}
    return PeerResult(found, int(trainer.state.global_step), counters)


def _arguments(cell: PeerCell, habits: Habits, folder: str, steps: int) -> TrainingArguments:
    recipe, on_gpu = recipe_of(cell.settings), cell.device == "cuda"
    return TrainingArguments(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=habits.eval_batch_size,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        train_sampling_strategy=habits.sampling,
        eval_strategy="epoch" if habits.evaluates else "no",
        save_strategy="no",
        logging_strategy="steps" if habits.watches_loss else "no",
        logging_nan_inf_filter=habits.watches_loss,
        report_to="none",
        disable_tqdm=True,
        seed=cell.seed,
        use_cpu=not on_gpu,
        bf16=on_gpu and habits.reduced_precision,
        tf32=True if on_gpu and habits.reduced_precision else None,
    )


def _dataset(
    cell: PeerCell, habits: Habits, tokenizer: Any, samples: Samples, labels: IntArray | None
) -> Dataset:
    assert isinstance(cell.input, TextInput)
    texts = [cell.input.prompt + text for text in samples.texts]
    rows = Dataset.from_dict({"text": texts, **({} if labels is None else {"labels": labels.tolist()})})
    padded = habits.max_length
    longest = padded_length(cell.folder, padded) if padded else cell.input.max_tokens

    def tokenized(batch: dict[str, list[str]]) -> Any:
        padding = "max_length" if padded else False
        return tokenizer(batch["text"], truncation=True, max_length=longest, padding=padding)

    return rows.map(tokenized, batched=True, remove_columns=["text"])


def _probabilities(trainer: Trainer, rows: Dataset) -> FloatArray:
    """Return class probabilities, in the order of the rows whatever order the sampler took."""
    if trainer.args.train_sampling_strategy != "group_by_length":
        return _softmax(trainer.predict(rows).predictions)
    # Trainer groups what it predicts by length too, and hands it back in that order; a user sorts it themselves.
    order = np.argsort([-len(ids) for ids in rows["input_ids"]], kind="stable")
    trainer.args.train_sampling_strategy = "random"
    try:
        logits = trainer.predict(rows.select(order.tolist())).predictions
    finally:
        trainer.args.train_sampling_strategy = "group_by_length"
    found = np.empty_like(logits)
    found[order] = logits
    return _softmax(found)


def _softmax(logits: Any) -> FloatArray:
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64), axis=1), dtype=np.float32)


def _be_quiet() -> None:
    """A benchmark prints a table: no bars, and no lines of loss."""
    disable_progress_bars()
    library_log.set_verbosity_error()
    library_log.disable_progress_bar()
