"""Whether the installed library has an architecture at all, asked by name: nothing is built and no weight is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluators.candidate import Library


def missing_architecture(config: Mapping[str, Any], library: Library) -> str | None:
    """Return what the installed library lacks, in words for an error; None if it can build the model.

    Args:
        config: The model's config.json.
        library: What would build it.
    """
    if library == "timm":
        import timm

        name = str(config.get("architecture", ""))
        return None if timm.is_model(name) else f"timm {timm.__version__} has no architecture {name!r}"
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    kind = str(config.get("model_type", ""))
    if kind in MODEL_MAPPING_NAMES:
        return None
    listed = config.get("architectures")
    name = f"{listed[0]} ({kind})" if isinstance(listed, list) and listed else repr(kind)
    return f"transformers {transformers.__version__} has no architecture {name}"
