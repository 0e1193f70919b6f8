"""What each strategy must leave as it was: the tensors of the base that training may not touch, by row of the ladder.

A row that is not named here trains all of the base.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from evaluators.candidate import Modality
from evaluators.strategy import STRATEGIES

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


def all_but_the_last(modality: Modality, names: Names) -> set[str]:
    """Return what lies below the last block: of 2 layers the first, of 4 stages the first three."""
    below: dict[Modality, tuple[str, ...]] = {
        "text": ("embeddings.", "encoder.layer.0."),
        "image": ("conv1.", "bn1.", "layer1.", "layer2.", "layer3."),
    }
    return {name for name in names if name.startswith(below[modality])}


def all_but_the_first(modality: Modality, names: Names) -> set[str]:
    """Return everything but the first block."""
    first: dict[Modality, str] = {"text": "encoder.layer.0.", "image": "layer1."}
    return {name for name in names if not name.startswith(first[modality])}


def statistics(modality: Modality, names: Names) -> set[str]:
    """Return what BatchNorm keeps of the data that it has seen."""
    return {name for name in names if name.endswith(("running_mean", "running_var", "num_batches_tracked"))}


def all_but_norms(modality: Modality, names: Names) -> set[str]:
    """Return what is no scale or shift of a norm; the statistics of BatchNorm are not trained."""
    names = set(names)
    norms = {
        name.rpartition(".")[0] for name in names if "LayerNorm" in name or name.endswith(".running_mean")
    }
    return names - {f"{norm}.{leaf}" for norm in norms for leaf in ("weight", "bias")}


def all_but_biases(modality: Modality, names: Names) -> set[str]:
    """Return what is no bias, and biases that cannot move.

    A residual branch of the image base ends in a norm whose scale is 0, as timm initialises it: where that scale is not
    trained, nothing before it in the branch has a gradient.
    """
    names = set(names)
    moving = {name for name in names if name.endswith(".bias")}
    if modality == "image":
        branches = {name for name in moving if re.fullmatch(r"layer\d\.\d\.bn\d\.bias", name)}
        last = {name.rpartition(".bn")[0]: name for name in sorted(branches)}
        moving -= branches - set(last.values())
    return names - moving


def all_but_whole_blocks(modality: Modality, names: Names) -> set[str]:
    """Return what is not kept in 4 bits: of the text base, rows of 64 are. That these stay is a test of its own."""
    return {name for name in names if not re.fullmatch(r"encoder\.layer\.\d\.output\.dense\.weight", name)}


FROZEN: dict[str, Callable[[Modality, Names], set[str]]] = {
    "lora": everything,
    "partial-freeze-last": all_but_the_last,
    "partial-freeze-quarter": all_but_the_last,
    "rslora": everything,
    "dora": everything,
    "ia3": everything,
    "norm-tuning": all_but_norms,
    "bias-tuning": all_but_biases,
    "bottleneck-adapter": everything,
    "prompt-tuning": everything,
    "prefix-tuning": everything,
    "qlora": all_but_whole_blocks,
    "partial-freeze": lower_half,
    "surgical": all_but_the_first,
    "lp-ft": statistics,
    "wise-ft": statistics,
}

#: Rows that train nothing.
UNTRAINED = {row.id for row in STRATEGIES if row.learns != "weights"}
#: Rows whose fit draws random numbers, beside those that train a trunk.
SEEDED = {"random-features", "mlp-head", "in-context-4", "in-context-16"}
