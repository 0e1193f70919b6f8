"""What asking a language model in context costs: tokens of the prompt, and FLOPs of every text behind it. Pure.

As `engine/in_context.py` does it: the examples are read once for each of their orders and each set; a text once an
order, with the names of all labels behind it in the same pass. Every token looks at the examples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluators.candidate import TEXT_TOKENS, Candidate
from evaluators.cost.flops import head_weights, per_pair, per_token
from evaluators.cost.lengths import Lengths
from evaluators.cuts import texts_at_once
from evaluators.ladder.row import Strategy
from evaluators.plan import PlannedCell

#: Tokens of a label's name, and of what a template puts around a text and between examples, where nobody has counted.
NAME_TOKENS, AROUND_TOKENS = 3.0, 5.0


@dataclass(frozen=True)
class Prompt:
    """What stands around a text, in tokens.

    Attributes:
        orders: How often all of it is read.
        before: Of the examples.
        around: Of the template.
        beside: Of the names of all labels.
        text_tokens: A text is cut after so many.
    """

    orders: int
    before: float
    around: float
    beside: float
    text_tokens: int

    def asked(self, texts: Lengths) -> Lengths:
        """Return the tokens of texts with what the template puts around them."""
        cut: Lengths = np.minimum(texts, self.text_tokens) + self.around
        return cut


@dataclass(frozen=True)
class Asked:
    """What asking takes.

    Attributes:
        flops: Floating-point operations.
        passes: How often the model is called.
        forwards: Texts that go through it, each once an order.
    """

    flops: float
    passes: float
    forwards: int


def asks(row: Strategy) -> bool:
    """Whether a row asks a language model in context."""
    return "causal-lm" in row.needs


def prompt_of(planned: PlannedCell, texts: Lengths, names: Lengths, around: float = AROUND_TOKENS) -> Prompt:
    """Return the prompt of a cell whose row asks.

    Args:
        planned: The cell.
        texts: Tokens of texts like its examples.
        names: Tokens of the names of all labels.
        around: Tokens of the template, and of what stands between two examples.
    """
    settings = dict(planned.cell.settings)
    examples = min(int(settings["examples"]), planned.cell.labels)
    text_tokens = int(settings["text_tokens"])
    each = float(np.minimum(texts, text_tokens).mean()) + around + float(names.mean())
    # One example has one order.
    orders = int(settings["orders"]) if examples > 1 else 1
    return Prompt(orders, examples * each, around, float(names.sum()), text_tokens)


def usual_prompt(planned: PlannedCell) -> Prompt:
    """Return the prompt of a cell as long as prompts usually are, where neither texts nor names are at hand."""
    classes = planned.cell.labels // planned.cell.labels_per_class
    return prompt_of(planned, np.array([float(TEXT_TOKENS)]), np.full(classes, NAME_TOKENS))


def asking(candidate: Candidate, prompt: Prompt, texts: Lengths, samples: int) -> Asked:
    """Return what asking for so many texts takes.

    Args:
        candidate: A causal language model.
        prompt: What stands around each.
        texts: Tokens of texts that these are like.
        samples: How many are asked for.
    """
    head = head_weights(candidate)
    scored, vocabulary = 2.0 * head * (prompt.beside + 1), max(1.0, head / candidate.structure.width)
    token, pair, before = per_token(candidate), per_pair(candidate), prompt.before
    flops, passes = token * before + pair * before**2 + (2.0 * head if before else 0.0), float(before > 0)
    ordered = np.sort(prompt.asked(texts))[::-1]
    done = 0
    while done < samples:
        longest = float(ordered[done * len(ordered) // samples])
        at_once = texts_at_once(longest, before=before, beside=prompt.beside, vocabulary=vocabulary)
        here, tokens = min(at_once, samples - done), longest + prompt.beside
        flops += here * (token * tokens + pair * tokens * (before + tokens) + scored)
        passes += 1.0
        done += here
    return Asked(prompt.orders * flops, prompt.orders * passes, prompt.orders * samples)
