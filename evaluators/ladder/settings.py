"""Settings that rows of several tiers share."""

from __future__ import annotations

from collections.abc import Mapping

from evaluators.candidate import Modality
from evaluators.protocol import SettingValue

# The head's rate is its multiple of the trunk's: 5e-3 on normalised features and from zeros, which reaches the linear
# probe in 24 steps (measured: MiniLM on 10 intents of banking77, 8 labels a class).
FINE_TUNING: Mapping[str, SettingValue] = {
    "epochs": 5,
    "min_steps": 24,
    "max_steps": 200,
    "batch_size": 16,
    "weight_decay": 0.01,
    "warmup": 0.1,
    "clip": 1.0,
    "head_rate": 50.0,
}
# Small convolutional networks gain from more steps, and theirs are cheap (measured: digits on the glyph base).
LONGER: Mapping[str, SettingValue] = {"min_steps": 100, "max_steps": 400}
# FLOPs of a batch's forward pass up to which copies of a network train faster side by side than one after the other
# (measured on one core, 5 copies of a 2-layer BERT, CPU time a step: 21 million 2.7x, 400 million 1.3x, 1.6 billion
# 1.0x; convolutional networks 0.65x).
STACKED_BELOW: Mapping[Modality, float] = {"text": 5e8}
