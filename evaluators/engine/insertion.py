"""What a method puts into a fresh backbone, by the kind of its record: a fit and its reload build one network."""

from __future__ import annotations

from collections.abc import Mapping

from evaluators.backbones.backbone import Backbone
from evaluators.protocol import SettingValue


def insert(kind: str, backbone: Backbone, settings: Mapping[str, SettingValue]) -> None:
    """Put into a backbone, in place, what a record of a kind was trained with; nothing for `scratch` and `tuned`.

    Args:
        kind: Of the record.
        backbone: Fresh.
        settings: The complete settings that it was trained with.

    Raises:
        NotApplicable: If a library is missing here.
    """
    # Each library is imported where it is needed: reading back a tuned network takes none of them.
    match kind:
        case "adapter":
            from evaluators.engine.adapters import add_adapters

            add_adapters(backbone, settings)
        case "rslora":
            from evaluators.engine.adapters import add_rslora

            add_rslora(backbone, settings)
        case "dora":
            from evaluators.engine.adapters import add_dora

            add_dora(backbone, settings)
        case "ia3":
            from evaluators.engine.scaling import add_scales

            add_scales(backbone)
        case "bottleneck":
            from evaluators.engine.bottleneck import add_bottlenecks

            add_bottlenecks(backbone, settings)
        case "prompt":
            from evaluators.engine.prompts import add_prompt

            add_prompt(backbone, settings)
        case "prefix":
            from evaluators.engine.prompts import add_prefix

            add_prefix(backbone, settings)
        case "qlora":
            from evaluators.engine.quantized import add_qlora

            add_qlora(backbone, settings)
