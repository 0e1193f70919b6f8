"""Every number of the in-house causal language model: its shape, its pages, its stages of training. Values alone."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.pretraining.episodes import Style


@dataclass(frozen=True)
class Stage:
    """A part of the training: short pages first, on which looking above is learnt within minutes.

    Attributes:
        steps: Optimiser steps.
        pages: Pages a step.
        lines: Labelled texts a page.
        classes: Labels a page, from and to.
        longest: Sentences a text, at most.
    """

    steps: int
    pages: int
    lines: int
    classes: tuple[int, int]
    longest: int


@dataclass(frozen=True)
class EpisodeRecipe:
    """Every number of the language model: what is written, and how the network learns it.

    Attributes:
        seed: Of the pages, the initial weights and the tokenizer's sample.
        vocabulary: Tokens.
        width: Of the network.
        layers: Blocks.
        heads: Attention heads a block.
        inner: Width of the feed-forward layers.
        stages: See `Stage`.
        styles: Shares of the kinds of task.
        text_weight: Weight of a text's token in the loss; that of a label's token is 1.
        text_share: Share of the text's tokens that is predicted at all.
        max_lr: Peak rate of AdamW, which trains the table of tokens and the norms.
        muon_lr: Peak rate of Muon, which trains the matrices between: in 200 steps it reached what AdamW alone, with
            the usual small start, had not begun to learn in 300.
        weight_decay: Of Muon.
        warmup: Steps until the peak.
        threads: Of torch; another number sums in another order and gives other last bits.
    """

    seed: int = 0
    vocabulary: int = 3000
    width: int = 128
    layers: int = 3
    heads: int = 4
    inner: int = 256
    stages: tuple[Stage, ...] = (
        Stage(steps=700, pages=32, lines=8, classes=(2, 4), longest=0),
        Stage(steps=400, pages=16, lines=12, classes=(2, 8), longest=1),
        Stage(steps=200, pages=8, lines=18, classes=(2, 10), longest=2),
    )
    styles: tuple[tuple[Style, float], ...] = (
        ("renamed", 0.35),
        ("named", 0.3),
        ("invented", 0.2),
        ("keyword", 0.15),
    )
    text_weight: float = 0.1
    text_share: float = 0.15
    max_lr: float = 3e-3
    muon_lr: float = 0.02
    weight_decay: float = 0.05
    warmup: int = 30
    threads: int = 1


RECIPE = EpisodeRecipe()
