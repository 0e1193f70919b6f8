"""How long texts are for a model, and how long they become in a batch. No torch.

In: texts and a model's input. Out: tokens of each text, counted by the model's own tokenizer where it can be read; and
the padded lengths of the batches that `engine/batching.py` makes (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluators.candidate import Candidate, TextInput
from evaluators.cuts import BATCH, BATCH_COST, BATCH_TOKENS, cut, cut_step
from evaluators.data.samples import Samples

Lengths = NDArray[np.float64]

#: Tokens of an English word in the usual vocabularies, and tokens around a text.
TOKENS_PER_WORD, SPECIAL_TOKENS = 1.3, 2
#: Texts that are looked at: their lengths stand for those of all.
LOOKED_AT = 1000
#: As in `engine/batching.py`: the jitter of lengths in training.
JITTER = 0.3
#: Draws of a training set over which padding is averaged.
_DRAWS = 8


def some_of(texts: Sequence[str]) -> Sequence[str]:
    """Return at most `LOOKED_AT` texts, evenly from the first to the last."""
    if len(texts) <= LOOKED_AT:
        return texts
    return [texts[int(index)] for index in np.linspace(0, len(texts) - 1, LOOKED_AT)]


def lengths_of(candidate: Candidate, samples: Samples, folder: Path | None) -> Lengths:
    """Return the tokens of samples as a candidate reads them: of some, which stand for all; 1 where none are texts.

    Args:
        candidate: Whose tokenizer counts.
        samples: n inputs.
        folder: Where its files lie, as `token_lengths`.
    """
    if not isinstance(candidate.input, TextInput) or not len(samples):
        return np.ones(1)
    return token_lengths(some_of(samples.texts), candidate.input, folder)


def token_lengths(texts: Sequence[str], accepts: TextInput, folder: Path | None) -> Lengths:
    """Return the tokens of each text, at least one, cut as the model's input says.

    Args:
        texts: n texts.
        accepts: Prompt and longest input.
        folder: Where the model's files lie; None, or without a `tokenizer.json` that can be read: words are counted.

    Returns:
        (n,) numbers of tokens.
    """
    prompted = [accepts.prompt + text for text in texts]
    counted = _by_tokenizer(prompted, folder, special=True)
    if counted is None:
        counted = [TOKENS_PER_WORD * len(text.split()) + SPECIAL_TOKENS for text in prompted]
    lengths: Lengths = np.clip(np.asarray(counted), 1.0, float(accepts.max_tokens))
    return lengths


def bare_lengths(texts: Sequence[str], folder: Path | None) -> Lengths:
    """Return the tokens of each text, at least one, without any that the tokenizer puts around: parts of a prompt."""
    counted = _by_tokenizer(list(texts), folder, special=False)
    if counted is None:
        counted = [TOKENS_PER_WORD * len(text.split()) for text in texts]
    lengths: Lengths = np.maximum(np.asarray(counted, dtype=np.float64), 1.0)
    return lengths


def padded_when_read(lengths: Lengths, samples: int) -> Lengths:
    """Return the length that each text has in a batch without gradients: batches are of like lengths (`cuts.py`).

    Args:
        lengths: (n,) lengths of the texts that were looked at.
        samples: How many texts are read, whose lengths are like these: the fewer, the more of all lengths fall into
            one batch.
    """
    ordered = np.sort(lengths)[::-1]
    # One that was looked at stands for several that are read, or for a part of one.
    share = len(ordered) / max(1, samples)
    sizes = cut(ordered, most=BATCH * share, tokens=BATCH_TOKENS * share, cost=BATCH_COST * share)
    firsts = np.cumsum([0, *sizes[:-1]])
    return np.repeat(ordered[firsts], sizes)


def padded_in_training(
    lengths: Lengths, labels: int, batch_size: int, *, cells: int = 1, cut_at_width: int | None = None
) -> Lengths:
    """Return lengths that texts have in training batches: of like lengths, roughly, and padded to their longest.

    Args:
        lengths: (n,) lengths of the texts that training sets are drawn from.
        labels: Samples of a training set.
        batch_size: Samples of a step, of one cell.
        cells: How many train side by side: what a step reads at once is padded to the longest of all.
        cut_at_width: Width of the network if their steps are cut into parts of like lengths.

    Returns:
        Lengths of some draws, one epoch each; their mean is what a sample takes on average.
    """
    generator = np.random.default_rng(0)
    parts = []
    for _ in range(_DRAWS):
        ordered = np.stack([_epoch(lengths, labels, generator) for _ in range(cells)])
        for step in np.array_split(ordered, -(-labels // batch_size), axis=1):
            rows = [step.shape[1]] if cut_at_width is None else cut_step(step, cut_at_width)
            longest = np.sort(step, axis=1)[:, ::-1].max(axis=0)
            firsts = longest[np.cumsum([0, *rows[:-1]])]
            parts.append(np.repeat(firsts, cells * np.array(rows)))
    return np.concatenate(parts)


def _epoch(lengths: Lengths, labels: int, generator: np.random.Generator) -> Lengths:
    """Return the lengths of a draw in the order of an epoch, before it is cut into batches."""
    drawn = generator.choice(lengths, size=labels, replace=labels > len(lengths))
    noise = generator.random(labels)
    order = np.argsort(drawn * (1.0 + JITTER * (2.0 * noise - 1.0)), kind="stable")
    ordered: Lengths = drawn[order]
    return ordered


def _by_tokenizer(texts: list[str], folder: Path | None, *, special: bool) -> list[float] | None:
    path = folder / "tokenizer.json" if folder else None
    if path is None or not path.is_file():
        return None
    try:
        from tokenizers import Tokenizer  # comes with transformers; planning does without
    except ImportError:
        return None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        if type(error) is not Exception:
            raise
        return None  # an estimate goes on without it
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return [
        float(len(encoding.ids)) for encoding in tokenizer.encode_batch(texts, add_special_tokens=special)
    ]
