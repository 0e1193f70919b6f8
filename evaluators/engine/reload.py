"""A saved fit back to a classifier, in a fresh process, with the same bits.

In: a folder that a `Fitted.save` wrote, and for networks a way to the same base. Out: a `Fitted`. Arrays and plain
values only: nothing stored is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from torch import nn

from evaluators.backbones.backbone import Backbone
from evaluators.engine.baselines import majority_from, pixels_from, words_from
from evaluators.engine.classifier import Classifier, Kind, TrainingFacts, load_state
from evaluators.engine.head2toe import head2toe_from
from evaluators.engine.heads import probe_from
from evaluators.engine.insertion import insert
from evaluators.engine.job import Fitted
from evaluators.engine.mlp import mlp_from
from evaluators.engine.neighbours import neighbours_from
from evaluators.engine.network import Network
from evaluators.engine.records import Record, read_record
from evaluators.engine.training import seeded
from evaluators.engine.zero_shot import zero_shot_from
from evaluators.protocol import SettingValue
from evaluators.strategy import Strategy

if TYPE_CHECKING:
    from evaluators.backbones.causal import CausalModel


def load_fitted(
    strategy: Strategy,
    folder: Path,
    *,
    settings: Mapping[str, SettingValue],
    classes: int,
    load_backbone: Callable[[bool], Backbone] | None,
    load_language_model: Callable[[], CausalModel] | None = None,
) -> Fitted:
    """Read back what a strategy trained.

    Args:
        strategy: The row that trained it.
        folder: Holds `fit.json` and `fit.safetensors`.
        settings: The complete settings it was trained with.
        classes: Number of classes of the task.
        load_backbone: Called with `pretrained`; None for what reads features or data alone.
        load_language_model: Returns the base with its head, for what asks it for likelihoods.

    Returns:
        A classifier whose probabilities equal those of the trained one bit for bit, on the same machine.

    Raises:
        ValueError: If the folder does not hold what the strategy trains.
    """
    record = read_record(folder)
    match record.kind:
        case "majority":
            return majority_from(record)
        case "words":
            return words_from(record)
        case "pixels":
            return pixels_from(record)
        case "neighbours":
            return neighbours_from(record, classes)
        case "probe":
            return probe_from(record)
        case "zero-shot":
            return zero_shot_from(record)
        case "head2toe":
            return head2toe_from(record)
        case "mlp":
            return mlp_from(record)
        case "in-context" if load_language_model is not None:
            # Here, because it imports transformers.
            from evaluators.engine.in_context import in_context_from

            return in_context_from(record, settings, load_language_model)
        case kind if kind in get_args(Kind) and load_backbone is not None:
            return _network_from(record, settings, classes, load_backbone)
    raise ValueError(f"{folder} holds {record.kind!r}, which {strategy.id} cannot be read back from")


def _network_from(
    record: Record,
    settings: Mapping[str, SettingValue],
    classes: int,
    load_backbone: Callable[[bool], Backbone],
) -> Classifier:
    # Seeded because a random trunk and fresh adapters draw numbers, though every one of them is overwritten.
    with seeded(0, "cpu"):
        backbone = load_backbone(record.kind != "scratch")
        backbone.module.requires_grad_(False)
        insert(record.kind, backbone, settings)
        head = nn.Linear(backbone.width, classes).to(next(backbone.module.parameters()).device)
    network = Network(backbone, head, ())
    load_state(network, record.tensors)
    facts = TrainingFacts(
        kind=cast(Kind, record.kind),  # the caller has matched it
        dtype=str(record.facts["dtype"]),
        steps=int(record.facts["steps"]),
        trained_parameters=int(record.facts["trained_parameters"]),
        asked_dtype=record.facts.get("asked_dtype"),
        chosen=record.facts.get("chosen", {}),
    )
    return Classifier(network, facts, record.tensors)
