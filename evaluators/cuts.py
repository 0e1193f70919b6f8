"""Where samples that are sorted by length are cut into batches. No torch.

In: lengths, longest first. Out: the sizes of consecutive batches whose padded tokens, and a fixed cost for each batch,
are least. The engine cuts by it what it reads without gradients, and the steps of cells that train side by side; the
cost model cuts what it plans by the same. Pure functions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Samples of a batch at most, and padded tokens: 128 texts of 256 tokens, 4 of 8,192.
BATCH, BATCH_TOKENS = 128, 128 * 256
#: Tokens that one pass of a language model reads at most, those of the examples among them, and scores that it gives.
PASS_TOKENS, PASS_SCORES = 128 * 256, 2**26
#: Tokens whose cost is that of one more batch. On a CPU 20 (MiniLM, measured); on a GPU some hundred, for the launches
#: of its kernels. Where it is really 20 or 200, this is 1 to 7 % from the least (README, decision 60).
BATCH_COST = 64
#: What one more part of a training step costs beside its tokens, in tokens at a width of 1: the products of a token
#: grow with the square of the width, the calls of a block do not. 8 LoRA cells of MiniLM, width 384: 20 to 40 tokens.
PART_COST = 32 * 384**2


def cut(
    lengths: NDArray[np.float64],
    *,
    most: float = BATCH,
    tokens: float = BATCH_TOKENS,
    cost: float = BATCH_COST,
) -> list[int]:
    """Return the sizes of the batches, first to last.

    Args:
        lengths: (n,) descending, at least 1: a batch is padded to its first.
        most: Samples of a batch at most.
        tokens: Padded tokens of a batch at most; a single sample may have more.
        cost: Tokens that a batch costs beside its own.
    """
    count = len(lengths)
    # least[i] is what the first i samples cost, whose last batch begins at start[i].
    least = np.full(count + 1, np.inf)
    least[0] = 0.0
    start = np.zeros(count + 1, dtype=np.intp)
    taken = np.arange(1, count + 1)
    for first, longest in enumerate(lengths):
        last = min(count, first + max(1, int(min(most, tokens // longest))))
        through = slice(first + 1, last + 1)
        found = least[first] + cost + longest * taken[: last - first]
        # Of equal sums the later start: full batches come first.
        better = found <= least[through]
        least[through][better] = found[better]
        start[through][better] = first
    sizes = []
    end = count
    while end:
        sizes.append(int(end - start[end]))
        end = int(start[end])
    return sizes[::-1]


def texts_at_once(longest: float, *, before: float, beside: float, vocabulary: float) -> int:
    """Return how many texts a language model is asked for in one pass, at least one.

    Args:
        longest: Tokens of the longest of them.
        before: Tokens of the examples, which are held for every text.
        beside: Tokens of all answers, which stand behind every text.
        vocabulary: Scores that every token of an answer gives.
    """
    by_scores, by_tokens = (
        PASS_SCORES // ((beside + 1) * vocabulary),
        PASS_TOKENS // (before + longest + beside),
    )
    return max(1, int(min(by_scores, by_tokens)))


def cut_step(lengths: NDArray[np.float64], width: int) -> list[int]:
    """Return into which parts a training step of several cells is cut: the same number of rows of every cell in each.

    Args:
        lengths: (cells, rows) of one step, in any order: each cell's longest rows come first.
        width: Of the network: the narrower it is, the less a padded token costs beside the calls of one more part.

    Returns:
        How many rows of every cell a part has; their sum is the rows of one cell.
    """
    longest = np.sort(lengths, axis=1)[:, ::-1].max(axis=0)
    every = len(lengths) * np.maximum(longest, 1.0)
    return cut(every, most=len(every), tokens=float(every[0] * len(every)), cost=PART_COST / width**2)
