"""What each strategy must leave as it was: the tensors of the base that training may not touch, by row of the ladder.

A row that is not named here trains all of the base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from evaluators.candidate import Modality

Names = Iterable[str]


def everything(modality: Modality, names: Names) -> set[str]:
    """Return all tensors of the base."""
    return set(names)


def lower_half(modality: Modality, names: Names) -> set[str]:
    """Return what lies below the upper half: of 2 layers the first, of 4 stages the first two."""
    below: dict[Modality, tuple[str, ...]] = {
        "text": ("embeddings.", "encoder.layer.0."),
        "image": ("conv1.", "bn1.", "layer1.", "layer2."),
    }
    return {name for name in names if name.startswith(below[modality])}


FROZEN: dict[str, Callable[[Modality, Names], set[str]]] = {
    "lora": everything,
    "partial-freeze": lower_half,
}

#: Rows that train nothing.
UNTRAINED = {"majority", "knn", "zero-shot"}
#: Rows whose fit draws random numbers, beside those that train a trunk.
SEEDED = {"mlp-head"}
