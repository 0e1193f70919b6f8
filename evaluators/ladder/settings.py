"""Settings that rows of several tiers share."""

from __future__ import annotations

from collections.abc import Mapping

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
