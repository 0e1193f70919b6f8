"""FLOPs of a forward pass over samples of given lengths, from what the lock says of a model. Pure.

A multiplication and an addition are two. Matrix products, convolutions and attention count, element-wise work does not,
as in torch's FlopCounterMode, against which tests check this.
"""

from __future__ import annotations

from evaluators.candidate import TEXT_TOKENS, Candidate, TextInput
from evaluators.cost.lengths import Lengths


def forward_flops(candidate: Candidate, lengths: Lengths) -> float:
    """Return the FLOPs of one forward pass over one sample of the usual length.

    Args:
        candidate: Its structure was counted for `TEXT_TOKENS` tokens, or for one image.
        lengths: Padded lengths of the samples it stands for; not looked at for images.

    Returns:
        The mean over the lengths: of a text of s tokens, `per_token(candidate) * s + 4 * blocks * s^2 * width` (scores
        and their weighted sum, of every block).
    """
    if not isinstance(candidate.input, TextInput):
        return float(candidate.structure.flops_per_input)
    if not len(lengths):
        return 0.0
    tokens, squares = float(lengths.mean()), float((lengths**2).mean())
    return per_token(candidate) * tokens + per_pair(candidate) * squares


def weights_read(candidate: Candidate) -> float:
    """Return the weights that a batch reads: of a text model without its table of embeddings, which is looked up."""
    if not isinstance(candidate.input, TextInput):
        return float(candidate.structure.parameters)
    return per_token(candidate) / 2


def per_pair(candidate: Candidate) -> float:
    """Return the FLOPs of a token that looks at a token, in every block."""
    return 4.0 * candidate.structure.blocks * candidate.structure.width


def per_token(candidate: Candidate) -> float:
    """Return the FLOPs of a token: what is left of the count when attention is taken off."""
    assert isinstance(candidate.input, TextInput)
    counted = min(TEXT_TOKENS, candidate.input.max_tokens)
    flops = float(candidate.structure.flops_per_input)
    # A hand-written lock may name fewer FLOPs than its attention alone would take.
    return max(flops - per_pair(candidate) * counted**2, 0.5 * flops) / counted


def head_weights(candidate: Candidate) -> float:
    """Return the weights of a language model's head: what is no layer, so its table; twice that where both have one."""
    return max(0.0, candidate.structure.parameters - weights_read(candidate))
