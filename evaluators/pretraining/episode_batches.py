"""Pages as batches of tokens for the in-house language model: what is read, predicted, and how much it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from evaluators.pretraining.episode_recipe import EpisodeRecipe, Stage
from evaluators.pretraining.episodes import AFTER, BETWEEN, Line, Pages, Style

#: Longest page in tokens.
CONTEXT = 1024
#: What is no label: it has no gradient.
IGNORED = -100


@dataclass(frozen=True, eq=False)
class Batch:
    """Pages as tokens.

    Attributes:
        ids: (pages, longest) int64, padded on the right.
        targets: (pages, longest) int64: the next token where it is predicted, else `IGNORED`.
        weights: (pages, longest) float32: of each target in the loss.
        named: (pages, longest) bool: the target is the first token of a label that its meaning tells.
        renamed: The same, of a label that only the lines above tell.
    """

    ids: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    named: torch.Tensor
    renamed: torch.Tensor


def batches(
    recipe: EpisodeRecipe, stage: Stage, tokenizer: PreTrainedTokenizerFast, pages: Pages
) -> Iterator[Batch]:
    """Yield the batches of a stage."""
    names, shares = zip(*recipe.styles, strict=True)
    low, high = stage.classes
    for _ in range(stage.steps):
        styles = pages.random.choices(names, shares, k=stage.pages)
        written = [
            pages.page(
                style,
                lines=stage.lines,
                classes=low + int(pages.random.random() * (high + 1 - low)),
                longest=stage.longest,
            )
            for style in styles
        ]
        yield _collate(written, styles, tokenizer, recipe, pages.random)


def _collate(
    written: Sequence[Sequence[Line]],
    styles: Sequence[Style],
    tokenizer: PreTrainedTokenizerFast,
    recipe: EpisodeRecipe,
    random: Random,
) -> Batch:
    asked = [line.text + BETWEEN for page in written for line in page]
    answers = [line.label + AFTER for page in written for line in page]
    pieces = iter(zip(tokenizer(asked)["input_ids"], tokenizer(answers)["input_ids"], strict=True))
    rows = []
    for page, style in zip(written, styles, strict=True):
        ids: list[int] = []
        weights: list[float] = []
        kinds: list[int] = []
        for line in page:
            asks, answer = next(pieces)
            texts = [recipe.text_weight * (random.random() < recipe.text_share) for _ in asks]
            ids += asks + answer
            # The last of an answer only closes the line.
            weights += [*texts, *([float(line.known)] * (len(answer) - 1)), 0.0]
            kind = 0 if not line.known else 1 if style == "named" else 2 if style == "renamed" else 0
            kinds += [0] * len(asks) + [kind] + [0] * (len(answer) - 1)
        rows.append((ids[:CONTEXT], weights[:CONTEXT], kinds[:CONTEXT]))
    longest = max(len(ids) for ids, _, _ in rows)
    ids_ = torch.zeros(len(rows), longest, dtype=torch.long)
    weights_ = torch.zeros(len(rows), longest)
    kinds_ = torch.zeros(len(rows), longest, dtype=torch.long)
    for number, (ids, weights, kinds) in enumerate(rows):
        ids_[number, : len(ids)] = torch.tensor(ids)
        weights_[number, : len(ids)] = torch.tensor(weights)
        kinds_[number, : len(ids)] = torch.tensor(kinds)
    following = functional.pad(ids_[:, 1:], (0, 1))
    weights_, kinds_ = functional.pad(weights_[:, 1:], (0, 1)), functional.pad(kinds_[:, 1:], (0, 1))
    targets = torch.where(weights_ > 0, following, IGNORED)
    return Batch(ids_, targets, weights_, kinds_ == 1, kinds_ == 2)
