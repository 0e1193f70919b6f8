"""Virtual tokens: before the text (prompt tuning), or before the keys and values of every layer (prefix tuning).

In: a job with texts and a way to a fresh backbone. Out: a `Classifier` that saves the virtual tokens and the head.
The vectors are peft's. What they are put before is ours: peft's own models return virtual tokens among the real ones,
which no pooling may read, and name the cache of keys as transformers does no longer.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from peft import PrefixEncoder, PrefixTuningConfig, PromptEmbedding, PromptTuningConfig, TaskType
from torch import nn
from transformers import DynamicCache

from evaluators.backbones.backbone import Backbone
from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import fit_network
from evaluators.engine.job import FitJob, NotApplicable
from evaluators.protocol import SettingValue


def fit_prompt_tuning(job: FitJob) -> Classifier:
    """Train the embeddings of virtual tokens before every text, and a head (arXiv 2104.08691).

    Settings beside those of training: `virtual_tokens`.

    Raises:
        NotApplicable: If the base has no positions left for virtual tokens.
    """
    return fit_network(job, "prompt", lambda backbone: add_prompt(backbone, job.settings))


def fit_prefix_tuning(job: FitJob) -> Classifier:
    """Train keys and values before those of every layer, and a head (arXiv 2101.00190).

    Settings beside those of training: `virtual_tokens`.

    Raises:
        NotApplicable: If the base has no positions left for virtual tokens, or takes no keys and values.
    """
    return fit_network(job, "prefix", lambda backbone: add_prefix(backbone, job.settings))


def add_prompt(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Put virtual tokens before what a text backbone reads, in place; they start as random words of its vocabulary.

    Args:
        backbone: Fresh; its own parameters become frozen.
        settings: `virtual_tokens`.

    Returns:
        Nothing: no part of it has a mode.
    """
    count, module = _room(backbone, settings), _frozen(backbone)
    table = module.get_input_embeddings()
    config = PromptTuningConfig(
        task_type=TaskType.FEATURE_EXTRACTION,
        num_virtual_tokens=count,
        num_transformer_submodules=1,
        token_dim=table.embedding_dim,
        prompt_tuning_init="SAMPLE_VOCAB",
    )
    module.prompt = PromptEmbedding(config, table).to(table.weight.device)
    numbers = torch.arange(count, device=table.weight.device)

    def before(_module: nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        ids, mask = given["input_ids"], given["attention_mask"]
        prompt = module.prompt(numbers).expand(len(ids), -1, -1)
        embedded = torch.cat([prompt, module.get_input_embeddings()(ids)], dim=1)
        return args, {"inputs_embeds": embedded, "attention_mask": _longer(mask, count)}

    def after(_module: nn.Module, _args: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[:, count:]
        if getattr(module, "pooler", None) is not None:
            # It has read the first virtual token.
            output.pooler_output = module.pooler(output.last_hidden_state)
        return output

    module.register_forward_pre_hook(before, with_kwargs=True)
    module.register_forward_hook(after)
    return ()


def add_prefix(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Put virtual keys and values before those of every layer of a text backbone, in place; they start at random.

    Args:
        backbone: Fresh; its own parameters become frozen.
        settings: `virtual_tokens`.

    Returns:
        Nothing: no part of it has a mode.
    """
    count, module = _room(backbone, settings), _frozen(backbone)
    cache_name = _cache_name(module)
    shape = module.config
    heads = getattr(shape, "num_key_value_heads", None) or shape.num_attention_heads
    size = getattr(shape, "head_dim", None) or shape.hidden_size // shape.num_attention_heads
    config = PrefixTuningConfig(
        task_type=TaskType.FEATURE_EXTRACTION,
        num_virtual_tokens=count,
        num_layers=shape.num_hidden_layers,
        token_dim=heads * size,
    )
    module.prefix = PrefixEncoder(config).to(next(module.parameters()).device)

    def before(_module: nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        mask = given["attention_mask"]
        vectors = module.prefix.embedding.weight.view(count, shape.num_hidden_layers, 2, heads, size)
        # (layers, keys and values, batch, heads, virtual tokens, size)
        layers = vectors.permute(1, 2, 3, 0, 4).unsqueeze(2).expand(-1, -1, len(mask), -1, -1, -1)
        cache = _Prefixed([(keys, values) for keys, values in layers])
        return args, {**given, "attention_mask": _longer(mask, count), cache_name: cache}

    module.register_forward_pre_hook(before, with_kwargs=True)
    return ()


class _Prefixed(DynamicCache):  # type: ignore[misc]  # untyped
    """Keys and values that stand before those of a text, and stay as they are.

    A cache that grew would hold a block's own keys already where the block is recomputed in the backward pass.
    """

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        layer_idx: int,
        *args: Any,  # noqa: ARG002 - the signature is transformers'
        **kwargs: Any,  # noqa: ARG002
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the keys and values of a layer, the prefix before those that are given."""
        own = self.layers[layer_idx]
        return torch.cat([own.keys, key_states], dim=-2), torch.cat([own.values, value_states], dim=-2)


def _frozen(backbone: Backbone) -> Any:
    backbone.module.requires_grad_(False)
    return backbone.module


def _longer(mask: torch.Tensor, count: int) -> torch.Tensor:
    """Return an attention mask with `count` ones before it."""
    return torch.cat([mask.new_ones(len(mask), count), mask], dim=1)


def _cache_name(module: nn.Module) -> str:
    """Return what this version of transformers calls the cache of keys and values.

    Raises:
        NotApplicable: If the base takes none.
    """
    taken = inspect.signature(type(module).forward).parameters
    for name in ("cache", "past_key_values"):
        if name in taken:
            return name
    raise NotApplicable(f"{type(module).__name__} takes no keys and values from outside")


def _room(backbone: Backbone, settings: Mapping[str, SettingValue]) -> int:
    """Return the number of virtual tokens.

    Raises:
        NotApplicable: If the table of positions ends before the longest text that the base reads.
    """
    count = int(settings["virtual_tokens"])
    longest = int(getattr(backbone, "max_tokens"))  # noqa: B009  (of text backbones only)
    for name, part in backbone.module.named_modules():
        if isinstance(part, nn.Embedding) and name.endswith(("position_embeddings", "wpe")):
            # RoBERTa's positions begin behind its padding index.
            places = part.num_embeddings - (0 if part.padding_idx is None else part.padding_idx + 1)
            if places < longest + count:
                raise NotApplicable(
                    f"{type(backbone.module).__name__} has {places} positions: texts of {longest} tokens leave no "
                    f"room for {count} virtual ones"
                )
    return count
