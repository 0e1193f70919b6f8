"""peft's configuration for the settings of our strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peft import LoraConfig

from evaluators.protocol import SettingValue


def lora_config(settings: Mapping[str, SettingValue], targets: str | Sequence[str]) -> LoraConfig:
    """Return what `get_peft_model` is given.

    Args:
        settings: `rank`, `alpha` and `dropout`.
        targets: Names of the layers, or `all-linear`.
    """
    return LoraConfig(
        r=int(settings["rank"]),
        lora_alpha=int(settings["alpha"]),
        lora_dropout=float(settings["dropout"]),
        target_modules=targets if isinstance(targets, str) else list(targets),
    )
